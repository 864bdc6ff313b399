"""The fixtures of tests/sandbox for the sandbox in this process."""

from tests.sandbox.conftest import embedded, store  # noqa: F401
