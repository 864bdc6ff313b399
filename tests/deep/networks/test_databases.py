"""Journeys on PostgreSQL 15 and 18 with TLS and an unprivileged role, directly and through the real PgBouncer."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import certifi
import pytest
from django.db import connection

from tests.deep.conftest import DEEP, report
from tests.deep.networks.clusters import (
    DATABASE,
    OWNER,
    PASSWORD,
    PGBOUNCER,
    POOLER_WITH_TLS,
    ROLE,
    Cluster,
    pooler,
    program_folders,
)
from tests.deep.servers.deployment import Deployment, served
from tests.deep.servers.load import SimulatedPerson
from tests.processes import ROOT, manage
from tests.upstream.conftest import certificate

__all__ = ["certificate"]

JOURNEYS = 16
LIMITS = {"statement_timeout": "3s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "5s"}
IGNORING = "ignore_startup_parameters = options"  # what many set to make PgBouncer start: it drops them

pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="runs on a PostgreSQL of its own: once is enough"),
    pytest.mark.xdist_group("databases"),
]
needs_pgbouncer = pytest.mark.skipif(PGBOUNCER is None, reason="no pgbouncer here")


@pytest.fixture(scope="module", params=["15", "18"] if DEEP else ["18"])
def cluster(request: pytest.FixtureRequest, certificate: Path) -> Iterator[Cluster]:
    programs = program_folders()[request.param]
    if programs is None:
        pytest.skip(f"no PostgreSQL {request.param} here")
    with (
        tempfile.TemporaryDirectory(prefix="proveflow-cluster-") as folder,
        Cluster(programs, Path(folder), certificate).running() as cluster,
    ):
        cluster.create()
        yield cluster


@pytest.fixture
def limits_of_the_role(cluster: Cluster) -> Iterator[None]:
    for name, limit in LIMITS.items():
        cluster.execute(f"ALTER ROLE {ROLE} IN DATABASE {DATABASE} SET {name} = '{limit}'")
    yield
    cluster.execute(f"ALTER ROLE {ROLE} IN DATABASE {DATABASE} RESET ALL")


def verified(cluster: Cluster) -> str:
    """Return the options of a URL that accept no other certificate than the cluster's."""
    return f"sslmode=verify-full&sslrootcert={cluster.certificate}"


def said(deployment: Deployment, *arguments: str) -> str:
    """Run a command of manage.py; return what it prints."""
    command = [sys.executable, "manage.py", *arguments]
    ended = subprocess.run(command, cwd=ROOT, env=deployment.environment, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


def journeys_pass(cluster: Cluster, deployment: Deployment, what: str) -> None:
    """Migrate as the owner of the database; then let people link their numbers, while the server has another role."""
    manage("migrate", environment=deployment.environment | {"DATABASE_URL": cluster.url(OWNER)})
    cluster.grant()
    with served(deployment), ThreadPoolExecutor(6) as threads:
        people = [SimulatedPerson(deployment, f"+1415{2_000_000 + n * 13}") for n in range(JOURNEYS)]
        linked = list(threads.map(SimulatedPerson.onboards, people))
    log = (deployment.folder / "log").read_text()
    assert all(linked) and not {status for person in people for status in person.statuses if status >= 500}, log
    report(f"{what}: {sum(linked)} of {JOURNEYS} journeys")


@pytest.mark.skipif(not DEEP, reason="minutes: make test-deep")
def test_journeys_pass_with_tls_and_a_role_that_owns_nothing(cluster: Cluster, tmp_path: Path) -> None:
    query = verified(cluster) if cluster.has_tls else "sslmode=disable"
    deployment = Deployment(tmp_path, DATABASE_URL=cluster.url(query=query))
    journeys_pass(cluster, deployment, "TLS, unprivileged role")


@needs_pgbouncer
@pytest.mark.skipif(not DEEP, reason="minutes: make test-deep")
@pytest.mark.parametrize("more", ["", IGNORING])
def test_journeys_pass_through_pgbouncer_in_transaction_mode(
    cluster: Cluster, tmp_path: Path, limits_of_the_role: None, more: str
) -> None:
    with pooler(cluster, more) as port:
        url = cluster.url(port=port)
        deployment = Deployment(tmp_path, DATABASE_URL=url, DATABASE_POOLER="1")
        journeys_pass(cluster, deployment, "PgBouncer")


@needs_pgbouncer
@pytest.mark.skipif(not DEEP, reason="minutes: make test-deep")
def test_journeys_pass_with_tls_to_pgbouncer(cluster: Cluster, tmp_path: Path, limits_of_the_role: None) -> None:
    with pooler(cluster, POOLER_WITH_TLS.format(certificate=cluster.certificate)) as port:
        url = cluster.url(port=port, query=verified(cluster))
        deployment = Deployment(tmp_path, DATABASE_URL=url, DATABASE_POOLER="1")
        journeys_pass(cluster, deployment, "TLS to PgBouncer")


@needs_pgbouncer
def test_a_pooler_that_requires_tls_is_reached_if_its_certificate_is_the_one_that_the_url_names(
    cluster: Cluster, tmp_path: Path
) -> None:
    told: dict[str, str] = {}
    with pooler(cluster, POOLER_WITH_TLS.format(certificate=cluster.certificate)) as port:
        for query in (verified(cluster), "sslmode=disable", f"sslmode=verify-full&sslrootcert={certifi.where()}"):
            url = cluster.url(OWNER, port=port, query=query)
            told[query] = said(Deployment(tmp_path, DATABASE_URL=url, DATABASE_POOLER="1"), "showmigrations")
    right, plain, other = told.values()
    assert "0001_initial" in right
    assert "SSL required" in plain and "certificate verify failed" in other
    assert not any("Traceback" in each for each in told.values())


@needs_pgbouncer
def test_limits_of_the_role_hold_behind_pgbouncer_and_their_absence_is_told(cluster: Cluster, tmp_path: Path) -> None:
    with pooler(cluster) as port:
        url = cluster.url(port=port)
        deployment = Deployment(tmp_path, DATABASE_URL=url, DATABASE_POOLER="1")
        without = said(deployment, "check", "--database", "default")
        for name, limit in LIMITS.items():
            assert f"PostgreSQL has no {name}" in without
            cluster.execute(f"ALTER ROLE {ROLE} IN DATABASE {DATABASE} SET {name} = '{limit}'")
    with pooler(cluster) as port:  # with new connections
        deployment.environment["DATABASE_URL"] = cluster.url(port=port)
        assert "W037" not in said(deployment, "check", "--database", "default")
    cluster.execute(f"ALTER ROLE {ROLE} IN DATABASE {DATABASE} RESET ALL")


@needs_pgbouncer
def test_a_pooler_that_drops_our_limits_is_told_and_one_that_refuses_them_says_what_to_set(
    cluster: Cluster, tmp_path: Path
) -> None:
    with pooler(cluster, IGNORING) as port:
        deployment = Deployment(tmp_path, DATABASE_URL=cluster.url(port=port))
        assert "PostgreSQL has no statement_timeout" in said(deployment, "check", "--database", "default")
    with pooler(cluster) as port:
        deployment.environment["DATABASE_URL"] = cluster.url(port=port)
        told = said(deployment, "migrate")
    assert "unsupported startup parameter" in told and "DATABASE_POOLER=1" in told and "Traceback" not in told


def test_a_wrong_password_is_told_in_postgresqls_own_words(cluster: Cluster, tmp_path: Path) -> None:
    deployment = Deployment(tmp_path, DATABASE_URL=cluster.url().replace(":p%23", ":wrong"))
    told = said(deployment, "migrate")
    assert "password authentication failed" in told and "Traceback" not in told and PASSWORD[1:] not in told
