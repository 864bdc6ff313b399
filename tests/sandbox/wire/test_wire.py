"""The sandbox answers as the vendors' pages document, through the adapter and over a socket."""

from collections import Counter

import pytest

from sandbox.state import clock
from tests.sandbox.driver import SandboxDriver
from tests.wire import prove, prove_device, prove_identity, twilio
from tests.wire.case import Case, differences

ADA = "+12025550101"
NOON = 2_000_000_000.0


@pytest.mark.parametrize("case", prove.CASES + prove_device.CASES + prove_identity.CASES + twilio.CASES, ids=str)
def test_the_sandbox_responds_as_documented(case: Case, sandbox: SandboxDriver) -> None:
    response = case.send(sandbox)

    headers = {name: response.headers.get(name) for name in case.headers}
    found = differences(case.body, response.json()) + differences(case.headers, headers, "header")
    found += differences(case.status, response.status_code, "status")
    assert not found, "\n".join([*found, f"see {case.page}", sandbox.last_exchange])


def test_the_rate_limit_goes_on_serving_25_calls_a_second_to_a_client_that_sends_40(
    embedded: SandboxDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.set_switches(requests_per_second="25")
    monkeypatch.setattr(clock, "now", lambda _: NOON)
    embedded.authorization()
    served: Counter[int] = Counter()
    for call in range(160):
        monkeypatch.setattr(clock, "now", lambda _, call=call: NOON + call / 40)
        served[call // 40] += prove.unify(embedded, phoneNumber=ADA).status_code == 200
        if call % 10 == 0:
            embedded.start_verification(ADA)  # does not count

    assert served == {0: 25, 1: 25, 2: 25, 3: 25}


def test_a_client_that_waits_as_told_is_served(embedded: SandboxDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded.set_switches(requests_per_second="25")
    monkeypatch.setattr(clock, "now", lambda _: NOON)
    embedded.authorization()
    responses = [prove.unify(embedded, phoneNumber=ADA) for _ in range(60)]
    assert Counter(response.status_code for response in responses) == {200: 25, 429: 35}

    monkeypatch.setattr(clock, "now", lambda _: NOON + int(responses[-1].headers["Retry-After"]))

    assert prove.unify(embedded, phoneNumber=ADA).status_code == 200
