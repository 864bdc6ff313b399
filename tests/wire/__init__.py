"""Wire cases: a request, the response that the vendor documents, and what our client has to return or raise for it.

Two tests use them: tests/sandbox/wire/test_wire.py sends the request to the sandbox and compares the response, and
test_clients.py gives the response to the clients in onboarding.upstream.
"""
