"""`manage.py drill` passes, and each drill fails when what it rehearses is not protected."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from tests import postgresql
from tests.deep.conftest import DEEP, report
from tests.deep.copies import ROOT, changed, copied
from tests.deep.mutants import BREAKER, LEASE, LIMITS, POSSESSION, STATES, TWILIO
from tests.processes import inherited_environment

GUNICORN, HASHES = "proveflow/gunicorn.py", "onboarding/hashes.py"
REFUSE = "            raise Limited(refused[0].budget.name, wait)\n"
# What protects: a file, its text, and a text without the protection.
UNPROTECTED = [
    ("slow-prove", GUNICORN, "threads = min(MOST_THREADS, worker_connections * 3 // 4)", "threads = 2"),
    ("prove-down", BREAKER, "FAILED_NUMBERS = 5 ", "FAILED_NUMBERS = 500 "),
    ("twilio-down", TWILIO, "DEADLINES = {START: timedelta(seconds=8)", "DEADLINES = {START: timedelta(seconds=60)"),
    ("twilio-down", BREAKER, "FAILED_NUMBERS = 5 ", "FAILED_NUMBERS = 500 "),
    ("twilio-down", BREAKER, "elif not is_open or probe is not None:", "elif not is_open:"),
    (
        "lost-answers",
        POSSESSION,
        "    if isinstance(error, Unreachable | Busy) or error.status == 401:",
        "    if isinstance(error, UpstreamError):",
    ),
    ("node-killed", STATES, "    S.BINDING: S.BIND_UNKNOWN,\n", "    S.BINDING: S.POSSESSION_PASSED,\n"),
    (
        "database-restarted",
        "onboarding/web/views/system.py",
        "    if not isinstance(sys.exception(), DatabaseError):\n",
        "    if not isinstance(sys.exception(), ZeroDivisionError):\n",
    ),
    ("pumping", LIMITS, REFUSE, "            return\n"),
    ("guessing", LEASE, "limits.key(NUMBER_OWNER, session.phone.subscriber)", 'limits.key(NUMBER_OWNER, "everybody")'),
    ("rotation", HASHES, "conf.LASTING_KEY, *conf.LASTING_KEY_FALLBACKS)", "conf.LASTING_KEY,)"),
    ("rolling-restart", GUNICORN, "graceful_timeout = 25 ", "graceful_timeout = 0 "),
]
DRILLS = {drill for drill, *_ in UNPROTECTED}

pytestmark = pytest.mark.skipif(
    connection.vendor == "postgresql", reason="runs on databases of its own: once is enough"
)


def rehearse(drill: str, *, project: Path = ROOT, database: str = "") -> dict[str, object]:
    """Return the report of a drill in a folder of the project; its figures go to `make test-deep`'s report."""
    done = subprocess.run(
        [sys.executable, "-B", "manage.py", "drill", drill, "--json", "--database-url", database],
        cwd=project,
        env=inherited_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout))


def test_every_drill_has_a_protection_that_can_be_taken_out() -> None:
    command = [sys.executable, "manage.py", "drill", "?"]
    known = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert known.returncode == 1 and set(known.stderr.strip().rpartition(": ")[2][:-1].split(", ")) == DRILLS
    for _drill, file, protected, unprotected in UNPROTECTED:
        assert (ROOT / file).read_text().count(protected) == 1 and protected != unprotected


@pytest.mark.xdist_group("node")
@pytest.mark.skipif(not DEEP, reason="minutes, and the machine for itself: make test-deep")
@pytest.mark.parametrize("drill", sorted(DRILLS))
def test_a_drill_passes(drill: str) -> None:
    found = rehearse(drill, database=postgresql.start())
    report(f"drill {found}")
    assert found["passed"], found


@pytest.mark.skipif(not DEEP, reason="minutes: make test-deep")
@pytest.mark.xdist_group("node")
@pytest.mark.parametrize(("drill", "file", "protected", "unprotected"), UNPROTECTED)
def test_a_drill_fails_without_a_protection(
    drill: str, file: str, protected: str, unprotected: str, tmp_path: Path
) -> None:
    project = copied(tmp_path / "project")
    with changed(project / file, protected, unprotected):
        found = rehearse(drill, project=project, database=postgresql.start())
    report(f"unprotected drill {found}")
    assert not found["passed"], found
