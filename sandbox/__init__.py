"""Emulates the HTTP APIs of Prove and Twilio. Imports nothing of the product. See docs/sandbox.md."""
