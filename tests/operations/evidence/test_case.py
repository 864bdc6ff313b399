"""The evidence of one session is verified by a script without the server, and any change of the file is found."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from onboarding.models import Event, OnboardingSession
from onboarding.operations.evidence.faults import Fault
from onboarding.operations.evidence.removal import allowed
from onboarding.operations.recovery import recover
from tests.deep.any_order import desk
from tests.journey.conftest import Later
from tests.journey.visitor import Visitor
from tests.processes import ROOT

HELD, E164 = "202 555 0137", "+12025550137"
SCRIPT = ROOT / "examples/verify_case.py"


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("export_case", *arguments, stdout=out)
    return out.getvalue().strip()


@pytest.fixture
def case(visitor: Visitor, later: Later) -> Any:
    """The exported case of a session that a reviewer approved, sealed."""
    visitor.starts(HELD)
    session = OnboardingSession.objects.get()
    desk.act(desk.reviewer(), "approve", session)
    later(11)
    recover()
    return json.loads(run(session.reference))


def verified(case: Any, folder: Path, key: str | None = None) -> tuple[int, str]:
    """Return the exit code of the script, and its words."""
    (folder / "case.json").write_text(json.dumps(case))
    command = [sys.executable, "-I", SCRIPT, folder / "case.json", key or case["public_key"]]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def changes(case: Any) -> Iterator[Any]:
    """Yield the case with each of its values changed, one at a time, and with one thing missing."""
    yield case | {"signature": case["signature"][:-1] + ("0" if case["signature"][-1] != "0" else "1")}
    for change in ("state", "review", "evaluation", "number"):
        yield {**case, "case": {**case["case"], "session": {**case["case"]["session"], change: "x"}}}
    for kind in ("events", "checkpoints"):
        yield {**case, "case": {**case["case"], kind: case["case"][kind][:-1]}}
        yield {**case, "case": {**case["case"], kind: [{**case["case"][kind][0], "mac": "0"}]}}
    yield {**case, "case": {**case["case"], "events": case["case"]["events"][::-1]}}


def test_a_script_of_at_most_a_hundred_lines_verifies_the_file_and_finds_each_change(case: Any, tmp_path: Path) -> None:
    assert len(SCRIPT.read_text().splitlines()) <= 100
    code, words = verified(case, tmp_path, run("--public-key"))
    assert (code, "all" if f"{len(case['case']['events'])} of them sealed" in words else words) == (0, "all")
    assert [verified(changed, tmp_path)[0] for changed in changes(case)] == [1] * 10
    assert verified(case, tmp_path, "00" * 32)[0] == 1
    assert verified({"case": {}}, tmp_path, "no key") == (1, "This is no file of export_case, or no key.\n")


def test_the_file_has_answers_decision_macs_and_the_checkpoint_and_no_whole_number(case: Any) -> None:
    session, events = case["case"]["session"], case["case"]["events"]
    assert (session["state"], session["review"]) == ("in_review", "approved")
    assert session["failure_reasons"] and session["evaluation"]
    assert {"flow:asked", "review:approved"} <= {event["name"] for event in events}
    assert all(event["mac"] for event in events) and len(case["case"]["checkpoints"]) == 1
    assert E164 not in json.dumps(case) and E164[2:] not in json.dumps(case)


def test_the_server_says_in_the_file_that_the_session_was_tampered_with(case: Any, tmp_path: Path) -> None:
    with allowed():
        Event.objects.filter(name="review:approved").update(facts={"reason": "never said"})
    tampered = json.loads(run(case["case"]["session"]["id"]))
    code, words = verified(tampered, tmp_path)
    assert (code, words) == (1, f"The server found: {Fault.EVENT_CHANGED}.\n")


@pytest.mark.parametrize("wrong", ["", "3F2A", "3F2A-91C0", "zzzz-zzzz"])
def test_a_session_that_nobody_knows_is_refused_in_words(db: None, wrong: str) -> None:
    with pytest.raises(CommandError, match="reference|no such session"):
        run(wrong)
