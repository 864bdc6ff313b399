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


def test_the_rate_limit_allows_25_server_calls_a_second_and_ignores_other_calls(
    embedded: SandboxDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded.set_switches(requests_per_second="25")
    monkeypatch.setattr(clock, "now", lambda _: NOON)
    answered: Counter[int] = Counter()
    for _ in range(30):
        answered[prove.unify(embedded, phoneNumber=ADA).status_code] += 1
        for _ in range(2):
            embedded.start_verification(ADA)

    assert answered == {200: 25, 429: 5}

    monkeypatch.setattr(clock, "now", lambda _: NOON + 1)
    assert prove.unify(embedded, phoneNumber=ADA).status_code == 200
