"""Emulates Prove: the API for servers (`token`, `unify`, `identity`) and the device API for browsers (`web_sdk`)."""
