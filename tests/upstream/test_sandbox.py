"""Both clients against the sandbox's faults, in process and over a real socket."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings

from onboarding.domain.errors import Busy, Garbled, Uncertain, Unreachable, UpstreamError
from onboarding.upstream import prove as prove_module
from onboarding.upstream import twilio as twilio_module
from onboarding.upstream.prove import Prove
from onboarding.upstream.twilio import Refusal, Twilio, TwilioRefused
from sandbox.state.records import TABLES
from sandbox.state.store import transaction
from sandbox.wire import faults
from tests.processes import free_port, running

NUMBER = "+14155550132"
ACCOUNT_SID, SERVICE_SID = "AC" + "0" * 32, "VA" + "0" * 32
InjectFault = Callable[..., None]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`manage.py sandbox PORT`."""
    directory = tmp_path_factory.mktemp("sandbox")
    environment = {"SANDBOX_STORE": str(directory / "sandbox.sqlite3"), "DEBUG": "1", "SECRET_KEY": "s" * 50}
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    with running(["manage.py", "sandbox", port], environment=environment, url=url, log=directory / "log") as root:
        yield root


@pytest.fixture(params=["embedded", "alone"])
def root(request: pytest.FixtureRequest, settings: LazySettings, tmp_path: Path) -> str:
    settings.SANDBOX_STORE = tmp_path / "sandbox.sqlite3"
    return "sandbox://embedded" if request.param == "embedded" else str(request.getfixturevalue("alone"))


@pytest.fixture
def inject_fault(root: str, settings: LazySettings) -> InjectFault:
    """Return a function that injects a fault into the next call of a route."""

    def inject(route: str, kind: str, **options: float) -> None:
        if root.startswith("http"):
            body = json.dumps({"route": route, "kind": kind, "times": 1, **options}).encode()
            headers = {"Content-Type": "application/json"}
            urllib.request.urlopen(urllib.request.Request(f"{root}/sandbox/control/faults", body, headers)).close()
        else:
            with transaction(settings.SANDBOX_STORE, TABLES) as store:
                faults.order(store, route, kind, 1, "", dict(options))

    return inject


@pytest.fixture
def prove(root: str, monkeypatch: pytest.MonkeyPatch) -> Prove:
    monkeypatch.setitem(prove_module.DEADLINES, "unify", timedelta(seconds=2))
    return Prove(f"{root}/sandbox/prove", "sandbox", "sandbox")


@pytest.fixture
def twilio(root: str, monkeypatch: pytest.MonkeyPatch) -> Twilio:
    monkeypatch.setitem(twilio_module.DEADLINES, twilio_module.START, timedelta(seconds=2))
    return Twilio(f"{root}/sandbox/twilio", ACCOUNT_SID, "sandbox", ACCOUNT_SID, SERVICE_SID)


FAULTS: list[tuple[str, dict[str, float], type[UpstreamError]]] = [
    ("hang", {}, Uncertain),
    ("reset", {}, Uncertain),
    ("lost", {}, Uncertain),
    ("truncated", {}, Uncertain),
    ("drip", {"seconds": 0.05}, Uncertain),
    ("latency", {"seconds": 3}, Uncertain),
    ("status", {"status": 500}, Uncertain),
    ("html", {}, Uncertain),
    ("html", {"status": 200}, Garbled),
    ("status", {"status": 429, "retry_after": 1}, Busy),
    ("empty", {}, Garbled),
    ("huge", {}, Garbled),
    ("types", {}, Garbled),
]


@pytest.mark.parametrize(("kind", "options", "error"), FAULTS)
def test_each_fault_of_prove_raises_its_error(
    prove: Prove, inject_fault: InjectFault, kind: str, options: dict[str, float], error: type[UpstreamError]
) -> None:
    prove.unify(NUMBER, "1")
    inject_fault("prove.unify", kind, **options)
    with pytest.raises(error):
        prove.unify(NUMBER, "2")
    prove.unify(NUMBER, "3")


@pytest.mark.parametrize(("kind", "options", "error"), FAULTS)
def test_each_fault_of_twilio_raises_its_error(
    twilio: Twilio, inject_fault: InjectFault, kind: str, options: dict[str, float], error: type[UpstreamError]
) -> None:
    inject_fault("twilio.verification", kind, **options)
    with pytest.raises(error):
        twilio.start(f"+141555501{FAULTS.index((kind, options, error)):02}")  # Twilio counts by number


def test_a_hint_before_an_answer_shifts_nothing(prove: Prove, inject_fault: InjectFault) -> None:
    inject_fault("prove.unify", "hint")
    flows = [prove.unify(NUMBER, str(n)) for n in range(3)]
    assert len({flow.correlation_id for flow in flows}) == 3


def test_nulls_are_read_as_left_out(prove: Prove, inject_fault: InjectFault) -> None:
    flow = prove.unify(NUMBER, "1")
    inject_fault("prove.unify_status", "nulls")
    assert prove.unify_status(flow.correlation_id, NUMBER, "1").device_id is None


def test_a_host_that_is_drained_is_left_at_once(prove: Prove, inject_fault: InjectFault) -> None:
    prove.unify(NUMBER, "1")
    inject_fault("prove.unify", "draining")
    with pytest.raises(Uncertain):
        prove.unify(NUMBER, "2")
    prove.unify(NUMBER, "3")


def test_a_connection_that_a_gateway_forgot_is_not_used_after_a_quiet_time(
    prove: Prove, inject_fault: InjectFault, monkeypatch: pytest.MonkeyPatch
) -> None:
    inject_fault("prove.unify", "forgotten")
    prove.unify(NUMBER, "1")
    now = time.monotonic
    monkeypatch.setattr("time.monotonic", lambda: now() + 31)
    prove.unify(NUMBER, "2")


@pytest.mark.parametrize("root", ["embedded"], indirect=True)
def test_a_refused_connection_is_unreachable(prove: Prove, inject_fault: InjectFault) -> None:
    inject_fault("prove.unify", "refuse")
    with pytest.raises(Unreachable):
        prove.unify(NUMBER, "1")


def test_a_verification_ends_after_five_wrong_codes(twilio: Twilio) -> None:
    verification = twilio.start("+14155550139")
    assert [twilio.check(verification.sid, verification.to, "0000000") for _ in range(5)] == [False] * 5
    with pytest.raises(TwilioRefused) as caught:
        twilio.check(verification.sid, verification.to, "0000000")
    assert caught.value.refusal is Refusal.TOO_MANY_CHECKS
