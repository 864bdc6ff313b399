"""Processes of the release before run on over the migrations, beside those of this one."""

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import pytest
from django.db import connection

from tests.deep.conftest import report
from tests.deep.copies import LINKED
from tests.deep.servers.deployment import Deployment, PostgreSQL
from tests.deep.servers.load import SimulatedPerson
from tests.processes import ROOT, free_port, manage, running

RELEASE_BEFORE = "cceac0a"
GUNICORN = ["-m", "gunicorn", "proveflow.wsgi", "--config", "proveflow/gunicorn.py", "--bind"]


def serving(origin: str, environment: dict[str, str], log: Path, project: Path) -> AbstractContextManager[str]:
    """Run gunicorn with the code of a release until the block ends."""
    command = [*GUNICORN, origin.removeprefix("http://")]
    return running(command, environment=environment, url=f"{origin}/healthz", log=log, project=project)


def archive() -> bytes:
    """Return the release before as a tar file; empty if this is no clone with its history."""
    git = shutil.which("git") or "git"
    return subprocess.run([git, "archive", RELEASE_BEFORE], cwd=ROOT, capture_output=True, check=False).stdout


pytestmark = [
    pytest.mark.skipif(connection.vendor != "postgresql", reason="runs on a PostgreSQL of its own: once is enough"),
    pytest.mark.enable_socket,
]


@pytest.fixture
def release_before(tmp_path: Path) -> Path:
    if not (packed := archive()):
        pytest.skip(f"needs the commit {RELEASE_BEFORE}, which this clone does not have")
    folder = tmp_path / "before"
    with tarfile.open(fileobj=BytesIO(packed)) as files:
        files.extractall(folder, filter="data")
    for name in LINKED:
        (folder / name).symlink_to((ROOT / name).resolve())
    return folder


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    (tmp_path / "data").mkdir()
    database = PostgreSQL(tmp_path / "data")
    made = Deployment(tmp_path, database, DESKTOP_ALLOWED="1", ALLOWED_COUNTRIES="")
    sandbox = ["manage.py", "sandbox", made.sandbox.rpartition(":")[2]]
    with running(sandbox, environment=made.environment, url=f"{made.sandbox}/sandbox/", log=tmp_path / "sandbox.log"):
        yield made
    database.server.stop()


def test_people_link_with_both_releases_while_and_after_the_database_is_migrated(
    deployment: Deployment, release_before: Path, tmp_path: Path
) -> None:
    new, old = deployment.environment, deployment.environment | {"STATIC_ROOT": str(tmp_path / "static-before")}
    manage("collectstatic", "--noinput", environment=old, project=release_before)
    manage("migrate", environment=old, project=release_before)
    origins = {"old": f"http://127.0.0.1:{free_port()}", "new": deployment.origin}
    people: list[SimulatedPerson] = []

    def links(release: str) -> None:
        deployment.origin = origins[release]
        people.append(SimulatedPerson(deployment, f"+1415{2_000_000 + len(people) * 13}"))
        assert people[-1].onboards(), release

    with serving(origins["old"], old, tmp_path / "old.log", release_before):
        links("old")
        manage("migrate", environment=new)
        with serving(origins["new"], new, tmp_path / "new.log", ROOT):
            for release in ("old", "new") * 3:
                links(release)
    assert [status for person in people for status in person.statuses if status >= 500] == []
    report(f"upgrade from {RELEASE_BEFORE}: {len(people)} people, 0 lost, 0 answers above 500")
