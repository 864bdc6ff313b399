"""One running node for the tests of a worker."""

from collections.abc import Iterator

import pytest

from tests.deploy.node import Node, node


@pytest.fixture(scope="session")
def a_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with node(tmp_path_factory.mktemp("node")) as made:
        yield made
