"""Emulates Twilio: Verify v2, Lookup v2 and Programmable Messaging."""
