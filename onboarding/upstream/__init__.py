"""The only way out: `http` is the door, guarded by `deadline`, `breaker` and `retries`; both vendors go through it."""
