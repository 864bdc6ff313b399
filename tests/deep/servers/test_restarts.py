"""Behind nginx, nodes are reloaded and restarted under load, and no request is lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
import requests
from django.db import connection

from tests.bench import crowd
from tests.bench.crowd import Load
from tests.bench.servers import Prepared, prepared, stub
from tests.deep.conftest import DEEP, report, share, wait_until
from tests.deep.servers.behind_nginx import NGINX, Node, fleet

ROUNDS = share(deep=10, quick=1)
AT_ONCE, NODES = 8, 4

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="runs on a PostgreSQL of its own: once is enough"),
    pytest.mark.enable_socket,
]


@contextmanager
def people(origin: str) -> Iterator[list[Load]]:
    """Let people onboard all the time; yield what they meet."""
    loads: list[Load] = []
    is_over = threading.Event()

    def come() -> None:
        while not is_over.is_set():
            loads.append(crowd.visit(origin, crowd.through_the_product, flows=AT_ONCE, at_once=AT_ONCE))

    coming = threading.Thread(target=come)
    coming.start()
    try:
        yield loads
    finally:
        is_over.set()
        coming.join()


def test_reloads_and_restarts_of_one_node_lose_no_request() -> None:
    with stub(0) as vendors, prepared("postgresql", vendors) as product, fleet([product]) as site:
        with people(site.origin) as loads:
            for _ in range(ROUNDS):
                site.nodes[0].reload()
                site.nodes[0].restart()
        assert [failure for load in loads for failure in load.failures] == []
        assert sum(load.refused for load in loads) == 0
        done = sum(load.done for load in loads)
        assert done > 0
        report(f"restarts: {ROUNDS} reloads and {ROUNDS} restarts, {done} people, 0 lost")


@pytest.mark.skipif(not DEEP, reason="minutes: make test-deep")
def test_a_rolling_restart_of_four_nodes_loses_no_request() -> None:
    with stub(0) as vendors, prepared("postgresql", vendors) as product, fleet(nodes_of(product)) as site:
        with people(site.origin) as loads:
            for node in site.nodes:
                node.restart()
        assert [failure for load in loads for failure in load.failures] == []
        assert sum(load.refused for load in loads) == 0 and sum(load.done for load in loads) > 0
        report(f"rolling restart: {NODES} nodes, {sum(load.done for load in loads)} people, 0 lost")


def nodes_of(product: Prepared) -> list[Prepared]:
    """Return the product as several machines have it: with one database, and other files of their own."""
    return [
        replace(product, environment=product.environment | {"METRICS_DIR": str(product.folder / f"metrics-{n}")})
        for n in range(NODES)
    ]


def test_a_node_that_goes_away_says_so_before_it_stops() -> None:
    with stub(0) as vendors, prepared("sqlite", vendors, DRAIN_S="2") as product, fleet([product]) as site:
        node = site.nodes[0]
        assert ready(node) == 200
        stopping = threading.Thread(target=node.stop)
        stopping.start()
        wait_until(lambda: ready(node) == 503, "The node does not say that it goes away.")
        assert (ready(node), requests.get(f"{site.origin}/", timeout=30).status_code) == (503, 200)
        stopping.join()
        node.start()


def ready(node: Node) -> int:
    return requests.get(f"http://127.0.0.1:{node.port}/readyz", timeout=30).status_code
