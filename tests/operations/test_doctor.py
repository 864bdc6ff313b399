"""`manage.py doctor`: what it finds is true, and each thing that is wrong changes its verdict."""

import json
import subprocess
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from onboarding.hashes import signer
from onboarding.operations import doctor
from onboarding.operations.doctor import BAD, LOOK, OK
from onboarding.operations.evidence.checkpoints import seal
from onboarding.telemetry.request_ids import EXAMINATION
from onboarding.upstream.examination import Examined, Fetched
from tests.desk.test_admin import a_session
from tests.journey.conftest import Sandbox, later, sandbox, visitor
from tests.journey.visitor import Visitor
from tests.processes import manage, product_environment, vendor_environment

__all__ = ["later", "sandbox", "visitor"]

OTHER_KEY = b64encode(bytes(32)).decode()
NOBODY = "http://127.0.0.1:9"
HEADERS = {"strict-transport-security": "max-age=86400", "x-request-id": "a" * 32}
pytestmark = pytest.mark.django_db


def verdicts(url: str = "") -> dict[str, str]:
    return {each.subject: each.verdict for each in doctor.findings(url)}


def test_all_is_well_with_the_sandbox() -> None:
    found = verdicts()
    assert found["Prove"] == found["Twilio Verify"] == found["database"] == found["migrations"] == OK
    assert BAD not in found.values()


@pytest.mark.parametrize(
    ("subject", "name", "value", "verdict"),
    [
        ("Prove", "PROVE_CLIENT_SECRET", "another", BAD),
        ("Prove EU", "PROVE_EU_CLIENT_SECRET", "another", BAD),
        ("Twilio Verify", "TWILIO_AUTH_TOKEN", "another", BAD),
        ("Twilio Verify", "TWILIO_VERIFY_SERVICE_SID", "VA" + "1" * 32, BAD),
        ("length of codes", "CODE_LENGTH", 8, BAD),
        ("limits", "LIMITS_WATCH_ONLY", True, LOOK),
        ("money", "LIMITS", {"money": {"burst": 0}}, LOOK),
    ],
)
def test_a_wrong_setting_changes_the_verdict(
    settings: Any, subject: str, name: str, value: object, verdict: str
) -> None:
    assert verdicts().get(subject, OK) == OK
    setattr(settings, name, value)
    assert verdicts()[subject] == verdict


def test_a_key_that_was_removed_or_is_still_needed_is_told(settings: Any) -> None:
    key = settings.DATA_KEYS[0]
    a_session(number="+12015550123")
    assert verdicts()["numbers"] == OK
    settings.DATA_KEYS = [OTHER_KEY, key]
    assert verdicts()["numbers"] == LOOK
    settings.DATA_KEYS = [OTHER_KEY]
    assert verdicts()["numbers"] == BAD


def test_a_vendor_that_does_not_answer_is_told(sandbox: Sandbox) -> None:
    sandbox.inject_fault("prove.token", "refuse", host="na")
    found = verdicts()
    assert (found["Prove"], found["Prove EU"]) == (BAD, OK)


@pytest.mark.parametrize(("kind", "verdict"), [("lost", BAD), ("refuse", BAD), ("", OK)])
def test_calls_that_fail_while_the_credentials_are_taken_are_told(
    sandbox: Sandbox, visitor: Visitor, kind: str, verdict: str
) -> None:
    if kind:
        sandbox.inject_fault("prove.unify", kind)
    visitor.opens("/")
    visitor.fetches("/start/", phone="201 555 0123")
    found = verdicts()
    assert (found["Prove"], found["calls to Prove"], found["calls to Twilio"]) == (OK, verdict, OK)


def test_a_recover_that_does_not_run_is_told(visitor: Visitor, later: Callable[[int], None]) -> None:
    visitor.starts("201 555 0123")
    assert verdicts()["recover"] == OK
    later(1801)
    assert verdicts()["recover"] == BAD
    seal()
    assert verdicts()["recover"] == OK


def test_an_empty_database_is_told_with_all_else(tmp_path: Path) -> None:
    environment = product_environment(tmp_path, DEBUG="1", **vendor_environment(prove=NOBODY, twilio=NOBODY))
    with pytest.raises(subprocess.CalledProcessError) as failed:
        manage("doctor", environment=environment)
    told = failed.value.stdout.decode()
    assert "Run manage.py migrate." in told and "The tables cannot be read: OperationalError." in told


@pytest.mark.parametrize(("off_s", "verdict"), [(0, OK), (60, BAD)])
def test_a_clock_that_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch, off_s: int, verdict: str) -> None:
    date = datetime.now(UTC) - timedelta(seconds=off_s)
    monkeypatch.setattr(doctor, "examine_prove", lambda _account: Examined(20, date))
    assert verdicts()["clock against Prove"] == verdict


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [("198.51.100.7", OK), (doctor.FORGED, BAD), ("10.0.0.1", LOOK), ("", LOOK)],
)
def test_what_the_server_sees_through_the_proxy_is_judged(
    settings: Any, monkeypatch: pytest.MonkeyPatch, seen: str, verdict: str
) -> None:
    settings.TRUSTED_PROXY_CIDRS = ["10.0.0.0/8"]
    monkeypatch.setattr(doctor, "fetch", answering(Fetched(200, {**HEADERS, EXAMINATION.lower(): seen}, 60)))
    assert verdicts("https://verify.example.com/")["proxy trust"] == verdict


@pytest.mark.parametrize(
    ("subject", "answer"),
    [
        ("front door", Fetched(502, HEADERS, 60)),
        ("TLS", Fetched(200, {}, 60)),
        ("certificate", Fetched(200, HEADERS, 3)),
    ],
)
def test_a_front_door_that_is_wrong_is_told(monkeypatch: pytest.MonkeyPatch, subject: str, answer: Fetched) -> None:
    monkeypatch.setattr(doctor, "fetch", answering(answer))
    assert verdicts("https://verify.example.com/")[subject] == BAD


def answering(answer: Fetched) -> Callable[..., Fetched]:
    return lambda _url, _headers: answer


def test_the_server_tells_nobody_else_what_it_sees() -> None:
    signed = signer(EXAMINATION).sign("doctor")
    assert Client().get("/healthz", headers={EXAMINATION: signed})[EXAMINATION] == "127.0.0.1"
    for forged in ("", "doctor", signer("another").sign("doctor")):
        assert EXAMINATION not in Client().get("/healthz", headers={EXAMINATION: forged}).headers


def test_the_table_says_what_to_do_and_the_exit_code_says_whether_it_is_needed(settings: Any) -> None:
    out = StringIO()
    call_command("doctor", "--json", stdout=out)
    assert {"subject", "verdict", "means", "do"} == set(json.loads(out.getvalue())[0])
    settings.PROVE_CLIENT_SECRET = "another"
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=out)
    assert "BAD   Prove" in out.getvalue() and "-> Replace the credentials" in out.getvalue()
