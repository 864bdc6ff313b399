"""Every budget refuses a request. A new budget needs a row in REQUESTS: a request that charges it.

tests/closed_sets/test_complete.py names a budget that has none.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from onboarding.api.models import PublishableKey
from onboarding.domain.budgets import BUDGETS
from onboarding.models import OnboardingSession
from tests.api.app import App
from tests.deep.any_order import desk
from tests.device import through
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "+12015550123", "+12015550123"
UNLISTED, MAYBE_SENT = "+11111111111", "+12025550145"
HERE, SAME_SITE = "2001:db8:0:1::1", "2001:db8:0:2::1"  # of one IPv6 /48
REFUSED = 429
HOUR_S, MOST_IN_A_DAY = 3600, 5


def visitor_from(address: str) -> Visitor:
    visitor = Visitor()
    visitor.client.defaults["REMOTE_ADDR"] = address
    return visitor


def starts() -> Any:
    visitor = visitor_from(HERE)
    visitor.opens()
    return visitor.fetches("/start/", phone=NUMBER)


def starts_with_an_unlisted_number() -> Any:
    visitor = visitor_from(HERE)
    visitor.opens()
    return visitor.fetches("/start/", phone=UNLISTED, meant=UNLISTED)


def asks_for_a_text() -> Any:
    return visitor_from(HERE).starts_and_is_limited(NUMBER)


def types_a_code() -> Any:
    visitor = visitor_from(HERE)
    visitor.starts(NUMBER)
    return visitor.client.post("/code/", {**visitor._hidden(), "code": wrong(visitor.code(E164))})


def types_two_codes() -> Any:
    """The first guess of a code is refused by the number's own budgets only."""
    visitor = visitor_from(HERE)
    visitor.starts(NUMBER)
    visitor.types_code(wrong(visitor.code(E164)))
    return visitor.client.post("/code/", {**visitor._hidden(), "code": wrong(visitor.code(E164))})


def asks_for_a_text_to_a_leased_number() -> Any:
    """The answer to the first browser's text is lost, so nobody can enter its code."""
    visitor_from(HERE).starts(MAYBE_SENT)
    return visitor_from(SAME_SITE).starts_and_is_limited(MAYBE_SENT)


def types_the_code_of_another_browser() -> Any:
    visitor_from(HERE).starts(NUMBER)
    visitor = visitor_from(SAME_SITE)
    visitor.starts(NUMBER)
    return visitor.client.post("/code/", {**visitor._hidden(), "code": visitor.code(E164)})


def hands_over_to_a_phone() -> Any:
    visitor = visitor_from(HERE)
    visitor.opens("/handoff/")
    return visitor.client.post("/handoff/offer/", visitor._hidden())


def logs_in_as_a_reviewer() -> Any:
    User.objects.create_user("ada", password="a reviewer's own words", is_staff=True)
    return Client(REMOTE_ADDR=HERE).post("/admin/login/", {"username": "ada", "password": "wrong", "otp_token": "1"})


def reveals_a_number() -> Any:
    visitor_from(HERE).starts(NUMBER)
    return desk.act(desk.reviewer(), "reveal", OnboardingSession.objects.get())


def looks_a_number_up() -> Any:
    return desk.reviewer().post("/admin/proveflow/binding/find/", {"number": NUMBER}, follow=True)


def downloads_a_list() -> Any:
    return desk.reviewer().post(f"{desk.SESSIONS}export/", follow=True)


def starts_in_an_app() -> Any:
    return app_from(HERE).begins(NUMBER)


def asks_for_a_text_in_an_app() -> Any:
    return app_from(HERE).arrives_at_the_code(NUMBER)


def app_from(address: str) -> App:
    return App(PublishableKey.objects.create(name="the app").key, address)


REQUESTS: Mapping[str, Callable[[], Any]] = {
    **dict.fromkeys(("starts_address", "starts_network", "starts_pair", "money"), starts),
    "unlisted_address": starts_with_an_unlisted_number,
    **dict.fromkeys(("sends_number_hour", "sends_number_day", "sends_address", "sends_network"), asks_for_a_text),
    **dict.fromkeys(("sends_pair", "brake_prefix", "brake_country"), asks_for_a_text),
    **dict.fromkeys(("guesses_number_hour", "guesses_number_day", "guesses_number"), types_a_code),
    **dict.fromkeys(("guesses_address", "guesses_network", "guesses_all"), types_two_codes),
    **dict.fromkeys(("logins_account", "logins_account_day"), logs_in_as_a_reviewer),
    **dict.fromkeys(("logins_address", "logins_address_day", "logins_network"), logs_in_as_a_reviewer),
    **dict.fromkeys(("handoffs_address", "handoffs_network"), hands_over_to_a_phone),
    "starts_key": starts_in_an_app,
    "sends_key": asks_for_a_text_in_an_app,
    "reveals": reveals_a_number,
    "finds": looks_a_number_up,
    "exports": downloads_a_list,
    "guesses_elsewhere": types_the_code_of_another_browser,
    "number_owner": asks_for_a_text_to_a_leased_number,
}
WATCH_ONLY = {name for name, budget in BUDGETS.items() if budget.watch_only}
# They decide on a share, on what is given back, and on who waits after a refusal (test_texts.py).
NO_BURST = {"refused_address", "given_back", "refused_pair"}
SHOWN_IN_A_PAGE = {"reveals", "finds", "exports"}  # at the desk, which is no 429


def test_only_the_alarm_refuses_nobody() -> None:
    assert {"money_alarm"} == WATCH_ONLY


@pytest.mark.django_db
@pytest.mark.parametrize("name", REQUESTS)
def test_every_budget_refuses_its_request_when_it_is_used_up(name: str, settings: Any, caplog: Any) -> None:
    settings.LIMITS = {name: {"burst": 0}}
    answer = REQUESTS[name]()
    if name in SHOWN_IN_A_PAGE:
        assert "Try again in a few minutes." in answer.content.decode()
    else:
        assert answer.status_code == REFUSED and int(answer["Retry-After"]) > 0
    assert [line for line in caplog.messages if line.startswith("Refused by")] == [f"Refused by {name}"]


def test_a_number_gets_at_most_five_texts_in_any_24_hours(
    db: None, sandbox: Sandbox, later: Later, settings: Any
) -> None:
    settings.ALLOWED_COUNTRIES = ["US"]  # the list of all countries would slow down each page
    visitor, sent = Visitor(), []
    for hour in range(48):
        visitor.client.defaults["REMOTE_ADDR"] = f"192.0.2.{hour % 2}"  # one address alone gets one a day for good
        before = len(visitor.messages(E164))
        visitor.opens()
        visitor.submits("/restart/")
        visitor.opens()
        visitor.device.authenticate(
            visitor.fetches("/start/", phone=NUMBER).json()["auth_token"], through(visitor.client)
        )
        assert visitor.fetches("/device/").status_code in (200, REFUSED)
        sent.append(len(visitor.messages(E164)) - before)
        later(HOUR_S)
        sandbox.advance(HOUR_S)
    assert max(sum(sent[hour : hour + 24]) for hour in range(24)) == MOST_IN_A_DAY
