"""The groups of the tests: what shares a running product runs in one worker, which starts it once."""

import os

import pytest


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="without -n there are no workers")
@pytest.mark.xdist_group("alone")
def test_pytest_knows_the_group_of_a_test(request: pytest.FixtureRequest) -> None:
    """Otherwise every worker would start everything, again and again, and `make test` takes twice as long."""
    assert request.node.nodeid.endswith("@alone")
