"""Wire cases: what is asked, what the vendor's page says is answered, and what our client must make of it.

One list, two uses: the sandbox has to answer so, and onboarding.upstream has to understand it.
"""
