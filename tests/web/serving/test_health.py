"""Health checks: what probes send, and when a process is not ready."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import InternalError, OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from onboarding import __version__
from tests.processes import ROOT


def refusing(error: Exception, *beginnings: str) -> Callable[..., Any]:
    """Return a wrapper of statements that raises for those that begin so."""

    def wrapper(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if sql.startswith(beginnings):
            raise error
        return execute(sql, *arguments)

    return wrapper


def test_version_tells_what_runs(settings: Any) -> None:
    settings.COMMIT = "0e7bbe2"
    assert Client(headers={"host": "10.1.2.3"}).get("/version").json() == {
        "source": "proveflow",
        "version": __version__,
        "commit": "0e7bbe2",
    }


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["10.1.2.3:8000", "[fd00::7]:8000", "pod-7", "", "under_score", "a b"])
def test_probes_may_name_any_host(db: None, path: str, host: str) -> None:
    answer = Client(headers={"host": host}).get(path)
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_pages_refuse_another_host(db: None) -> None:
    for path in ("/", "/healthz/", "/xhealthz", "/nowhere/readyz"):
        assert Client(headers={"host": "10.1.2.3"}).get(path).status_code == 400


def test_a_probe_is_not_led_to_https(db: None, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"(^|/)(healthz|readyz)$"]
    assert [Client().get(path).status_code for path in ("/healthz", "/readyz", "/")] == [200, 200, 301]


def test_without_a_migration_the_process_is_not_ready_and_says_which_is_missing(db: None) -> None:
    newest = max(file.stem for file in (ROOT / "onboarding/migrations").glob("[0-9]*.py"))
    MigrationRecorder(connection).record_unapplied("proveflow", newest)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.content.decode()) == (503, f"not migrated: proveflow.{newest}\n")


def test_migrations_of_a_newer_release_are_no_reason(db: None) -> None:
    MigrationRecorder(connection).record_applied("proveflow", "9999_of_the_next_release")
    assert Client().get("/readyz").status_code == 200


@pytest.mark.parametrize("error", [InternalError("read-only transaction"), OperationalError("readonly database")])
def test_a_database_that_cannot_be_written_to_is_not_ready(db: None, error: Exception) -> None:
    with connection.execute_wrapper(refusing(error, "UPDATE", "INSERT")):
        answer = Client().get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"the database refuses to write\n")


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own switch")
def test_a_read_only_session_of_postgresql_is_not_ready(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        assert Client().get("/readyz").content == b"the database refuses to write\n"


def test_a_database_that_does_not_answer_is_not_ready(db: None) -> None:
    with connection.execute_wrapper(refusing(OperationalError("gone"), "")):
        answer = Client().get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"no database\n")
