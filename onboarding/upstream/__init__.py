"""All calls to the vendors: a client for each API, on top of `http` with its `deadline`, `breaker` and `retries`."""
