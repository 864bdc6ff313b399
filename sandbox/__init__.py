"""A pretend Prove and a pretend Twilio Verify, on their own wire. Knows nothing of the product. See docs/sandbox.md."""
