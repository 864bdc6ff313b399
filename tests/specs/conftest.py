"""The sandbox in this process, as in tests/sandbox."""

from tests.sandbox.conftest import embedded, store  # noqa: F401
