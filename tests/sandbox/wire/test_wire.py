"""Does the sandbox answer as the vendors' pages say? Through the adapter and over a socket."""

from base64 import b64encode
from collections import Counter
from typing import Any

import pytest

from sandbox.state import clock
from tests.sandbox.world import ACCOUNT, SERVICE, TOKEN, World
from tests.wire import others, prove, twilio
from tests.wire.case import Case, differences

ADA = "+12025550101"
NOON = 2_000_000_000.0
HUGE = "x" * 3_000_000
TWILIO = {"Authorization": f"Basic {b64encode(f'{ACCOUNT}:{TOKEN}'.encode()).decode()}"}


@pytest.mark.parametrize("case", prove.CASES + twilio.CASES + others.CASES, ids=str)
def test_the_sandbox_answers_as_documented(case: Case, world: World) -> None:
    response = case.ask(world)

    headers = {name: response.headers.get(name) for name in case.headers}
    found = differences(case.answer, response.json()) + differences(case.headers, headers, "header")
    found += differences(case.status, response.status_code, "status")
    assert not found, "\n".join([*found, f"see {case.page}", world.last])


def test_25_server_calls_a_second_pass_whatever_else_is_asked(embedded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded.turn(requests_per_second="25")
    monkeypatch.setattr(clock, "now", lambda _: NOON)
    answered: Counter[int] = Counter()
    for _ in range(30):
        answered[prove.unify(embedded, phoneNumber=ADA).status_code] += 1
        for _ in range(2):
            embedded.start(ADA)

    assert answered == {200: 25, 429: 5}

    monkeypatch.setattr(clock, "now", lambda _: NOON + 1)
    assert prove.unify(embedded, phoneNumber=ADA).status_code == 200


@pytest.mark.parametrize(
    ("route", "path", "content", "status"),
    [
        ("prove.token", "/prove/token", {"data": {"client_secret": HUGE}}, 413),
        ("prove.device_revoke", "/prove/v3/device/revoke", {"json": {"deviceId": HUGE}}, 400),
        ("twilio.verification", f"/twilio/v2/Services/{SERVICE}/Verifications", {"data": {"To": HUGE}}, 413),
    ],
)
def test_a_body_far_too_large_is_refused_in_the_vendors_words_and_is_in_the_ledger(
    route: str, path: str, content: dict[str, Any], status: int, world: World
) -> None:
    authorization = world.authorization() if "revoke" in route else TWILIO
    answer = world.send("POST", f"/sandbox{path}", headers=authorization, **content)

    assert (answer.status_code, type(answer.json()["code"])) == (status, int)
    line = world.ledger(route)[-1]
    assert (line["status"], line["effect"]) == (status, False)
