"""The event log as evidence: it is sealed by checkpoints, reduced by retention and erasure, verified and exported."""
