"""Validates the sandbox's responses against the vendors' OpenAPI documents, which this repository does not contain."""
