"""Measure, and print one JSON object a line: `python -m tests.bench [--flows N] [--at-once N …] [--database D]`."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from tests.bench import crowd, growth, servers, statements
from tests.bench.crowd import Journey, Load
from tests.bench.servers import Server

LATENCIES_MS = (0, 300)
DESK_LOADS = 20  # of each page
QUIET = 8  # flows at once where CPU time is measured
OVERLOAD = 5  # times the capacity
STEPS = ("GET /", "POST /start/", "POST /device/", "GET /code/", "POST /code/", "GET /done/")


@dataclass(frozen=True)
class Bench:
    """One run. The costs of the floor and of the peer, in CPU-ms a flow, are None where they were not measured."""

    flows: int
    at_once: list[int]
    overload_s: int = 20
    floor: float | None = None
    peer: float | None = None

    def warm_up(self, server: Server, journey: Journey = crowd.through_the_product) -> None:
        """Let code, connections and statements be loaded."""
        crowd.visit(server.origin, journey, flows=max(1, self.flows // 5), at_once=QUIET)

    def ratios(self, cpu_ms: float) -> dict[str, float]:
        costs = {"cpu_in_floors": self.floor, "cpu_in_peers": self.peer}
        return {name: round(cpu_ms / cost, 2) for name, cost in costs.items() if cost}


def say(bench: str, **figures: Any) -> None:
    rounded = {name: round(value, 2) if isinstance(value, float) else value for name, value in figures.items()}
    sys.stdout.write(json.dumps({"bench": bench, **rounded}) + "\n")
    sys.stdout.flush()


def flows(server: Server, journey: Journey, count: int, at_once: int) -> tuple[Load, dict[str, float]]:
    """Let `at_once` visitors go through `journey`; return what they met, and the CPU-ms a flow by who used them."""
    usages = {"cpu_ms": server.usage} | ({"postgresql_cpu_ms": server.database} if server.database else {})
    before = {name: usage.cpu_ms() for name, usage in usages.items()}
    load = crowd.visit(server.origin, journey, flows=count, at_once=at_once)
    return load, {name: (usage.cpu_ms() - before[name]) / max(load.done, 1) for name, usage in usages.items()}


def crowds(bench: Bench, server: Server, journey: Journey, **where: Any) -> float:
    """Measure each size of crowd; return the most flows a second."""
    best = 0.0
    bench.warm_up(server, journey)
    for at_once in (QUIET, *bench.at_once):
        load, cpu = flows(server, journey, bench.flows, at_once)
        median, late = load.percentiles("flow")
        figures = {"failed": len(load.failures), "flows_per_s": load.flows_per_s, "p50_ms": median, "p95_ms": late}
        figures |= {**cpu, "memory_mb": server.usage.memory_mb(), **bench.ratios(cpu["cpu_ms"])}
        say("flows", **where, at_once=at_once, flows=load.done, **figures)
        best = max(best, load.flows_per_s)
    return best


def steps_at_half_of_capacity(server: Server, capacity: float, count: int, **where: Any) -> None:
    """Measure each step's latency while new visitors come at half of the rate that was the most."""
    load = crowd.visit(server.origin, crowd.through_the_product, flows=count, per_s=capacity / 2)
    for step in STEPS:
        median, late = load.percentiles(step)
        say("step", **where, step=step, flows_per_s=capacity / 2, p50_ms=median, p95_ms=late)


def overload(bench: Bench, server: Server, capacity: float, **where: Any) -> None:
    """Let OVERLOAD times as many visitors come as can be served; those who are refused do not come back."""
    rate = capacity * OVERLOAD
    load = crowd.visit(server.origin, crowd.through_the_product, flows=round(rate * bench.overload_s), per_s=rate)
    figures = {"in_capacities": load.flows_per_s / capacity, "refused": load.refused, "failed": len(load.failures)}
    say("overload", **where, arrivals_per_s=rate, flows=load.done, **figures, refusal_ms=load.percentiles("refusal"))


def floor_cost(server: Server, vendors: str, count: int) -> float:
    """Return the CPU-ms of the floor's flow."""
    command = [
        sys.executable,
        "-m",
        "tests.bench.floor",
        server.environment["DATABASE_URL"],
        vendors,
        str(count),
        str(QUIET),
    ]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def of_the_peer(bench: Bench, latency_ms: int) -> Bench:
    """Measure the peer. Return the run with the cost of its flow."""
    with servers.stub(latency_ms) as vendors, servers.peer(vendors) as server:
        bench.warm_up(server, crowd.through_the_peer)
        cost = flows(server, crowd.through_the_peer, bench.flows, QUIET)[1]["cpu_ms"]
        crowds(bench, server, crowd.through_the_peer, who="peer", upstream_ms=latency_ms)
    return bench if bench.peer else replace(bench, peer=cost)


def of_the_product(bench: Bench, database: str, latency_ms: int) -> Iterator[Bench]:
    """Measure the product with this database and latency. Yield the run with the cost of the floor, once known."""
    where: dict[str, Any] = {"who": "product", "database": database, "upstream_ms": latency_ms}
    with servers.stub(latency_ms) as vendors, servers.product(database, vendors) as server:
        say("start", **where, start_s=server.start_s, memory_mb=server.usage.memory_mb())
        if server.database and bench.floor is None:
            bench.warm_up(server)
            bench = replace(bench, floor=floor_cost(server, vendors, bench.flows))
            say("cost", floor_cpu_ms=bench.floor, peer_cpu_ms=bench.peer)
            with psycopg.connect(server.environment["DATABASE_URL"], autocommit=True) as connection:
                say("statements", **where, **statements.of_a_flow(connection, server, max(1, bench.flows // 10)))
        best = crowds(bench, server, crowd.through_the_product, **where)
        overload(bench, server, best, **where)
        if latency_ms == 0:
            steps_at_half_of_capacity(server, best, bench.flows, **where)
    yield bench


def of_growth(bench: Bench, sizes: list[int]) -> None:
    """Measure the desk and an onboarding while the database grows to each of these numbers of sessions."""
    with servers.stub(0) as vendors, servers.product("postgresql", vendors) as server:
        for size in sizes:
            growth.seed(server.environment, size)
            for page, p95_ms in growth.desk(server, min(bench.flows, DESK_LOADS)).items():
                say("desk", sessions=size, page=page, p95_ms=p95_ms)
            bench.warm_up(server)
            _, cpu = flows(server, crowd.through_the_product, bench.flows, QUIET)
            say("growth", sessions=size, **cpu)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--flows", type=int, default=200, help="for each figure")
    parser.add_argument("--at-once", type=int, nargs="*", default=[20, 100, 400])
    parser.add_argument("--database", choices=["postgresql", "sqlite"], nargs="*", default=["postgresql", "sqlite"])
    parser.add_argument("--latency", type=int, nargs="*", default=LATENCIES_MS, help="of the vendors, in ms")
    parser.add_argument("--overload-s", type=int, default=20, help="for how long too many people come, in seconds")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--sessions", type=int, nargs="*", default=growth.SIZES, help="in the database")
    chosen = parser.parse_args()
    bench = Bench(chosen.flows, chosen.at_once, chosen.overload_s)
    for latency_ms in chosen.latency if servers.has_peer() and not chosen.no_peer else ():
        bench = of_the_peer(bench, latency_ms)
    for database in chosen.database:
        for latency_ms in chosen.latency:
            for measured in of_the_product(bench, database, latency_ms):
                bench = measured
    if chosen.sessions:
        of_growth(bench, list(chosen.sessions))


if __name__ == "__main__":
    main()
