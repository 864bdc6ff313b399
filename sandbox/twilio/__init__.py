"""The pretend Twilio: Verify v2, Lookup v2 and texts. https://www.twilio.com/docs/verify/api"""
