"""Does the sandbox answer as the vendors' pages say? Through the adapter and over a socket."""

import pytest

from tests.sandbox.world import World
from tests.wire import prove, twilio
from tests.wire.case import Case, differences


@pytest.mark.parametrize("case", prove.CASES + twilio.CASES, ids=str)
def test_the_sandbox_answers_as_documented(case: Case, world: World) -> None:
    response = case.ask(world)

    found = differences(case.answer, response.json()) + differences(case.status, response.status_code, "status")
    found += [f"header {name} is missing" for name in case.headers if name not in response.headers]
    assert not found, "\n".join([*found, f"see {case.page}", world.last])
