"""I04: a request decides nothing but the number at the start, the code, and which button was pressed.

The same journey with extra fields in its requests leaves the same rows, events and calls to vendors.
"""

from typing import Any

import pytest

from onboarding.models import Binding, Event, OnboardingSession
from tests.deep.any_order.browser import Browser, Request
from tests.deep.any_order.faults import CrashPoint, FakeClock
from tests.deep.any_order.harness import NUMBERS, Harness
from tests.deep.any_order.machine import TAMPERS
from tests.deep.conftest import share

FIRST, SECOND = NUMBERS
COLUMNS = ("number", "state", "rebind", "recalled", "version", "sends", "guesses", "status_calls", "channel", "review")
FACTS = ("outcome", "status", "number", "success", "rebind", "checkReputation", "approved", "checks", "sends", "bound")
EACH: tuple[dict[str, str], ...] = (
    *TAMPERS,
    {"recalled": "true", "typed": "false", "review": "approved", "binding": "1", "previous": "1"},
    {"approved": "true", "status": "approved", "valid": "1", "guesses": "0", "sends": "0", "expires_at": "2999-01-01"},
    {"phone": SECOND, "phoneNumber": SECOND, "to": SECOND},
    {"code": "000000", "VerificationSid": "VE" + "1" * 32},
)
EXTRA_FIELDS = share(deep=EACH, quick=({name: value for extras in EACH for name, value in extras.items()},))
HEADERS = {
    "X-HTTP-Method-Override": "DELETE",
    "X-Original-URL": "/bind/",
    "X-Forwarded-For": "10.9.8.7",
    "Cookie2": "onboarding=1",
    "X-Session": "1",
}


class BrowserWithExtras(Browser):
    """Sends extra fields. Those of the page itself stay as they are."""

    extras: dict[str, str]
    where: str

    def _send(self, request: Request) -> Any:
        path, fields = request.path, request.fields
        if self.where == "in the form":
            fields = self.extras | fields
        if self.where == "in the address":
            path += "?" + "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in self.extras.items())
        return super()._send(Request(request.method, path, fields, request.script))


@pytest.mark.parametrize("where", ["in the form", "in the address", "in cookies", "in headers"])
def test_extra_fields_in_requests_change_nothing(db: None, settings: Any, where: str) -> None:
    settings.ALLOWED_COUNTRIES = ["US"]  # the list of all countries would slow down each page
    expected = journey({}, "")
    for extras in EXTRA_FIELDS:
        assert journey(extras, where) == expected, extras


def journey(extras: dict[str, str], where: str) -> list[Any]:
    """Link a number, with a wrong code and a second text, then rebind; return the rows and the calls."""
    harness = Harness()
    try:
        return _rows_and_calls(harness, extras, where)
    finally:
        harness.roll_back()


def _rows_and_calls(harness: Harness, extras: dict[str, str], where: str) -> list[Any]:
    browser_with_extras = BrowserWithExtras("first")
    browser_with_extras.extras, browser_with_extras.where = extras, where
    harness.browsers = (browser_with_extras, harness.browsers[1])
    if where == "in cookies":
        for name, value in extras.items():
            browser_with_extras.client.cookies[name] = value
    if where == "in headers":
        browser_with_extras.client.defaults |= {
            f"HTTP_{name.upper().replace('-', '_')}": value for name, value in HEADERS.items()
        }
    harness.visit(0, FIRST)
    harness.acts(0, lambda browser: browser.posts("/code/", {"code": "111111"}))
    harness.wait(31)
    harness.acts(0, lambda browser: browser.posts("/code/send/"))
    harness.enter_code(0, FIRST)
    harness.visit(0, SECOND)
    harness.agree_to_rebind(0)
    harness.enter_code(0, SECOND)
    assert harness.is_linked(0, SECOND)
    return [
        [[getattr(session, name) for name in COLUMNS] for session in OnboardingSession.objects.order_by("created_at")],
        [(binding.number, binding.confirmed) for binding in Binding.objects.order_by("pk")],
        list(Event.objects.order_by("pk").values_list("name", "from_state", "to_state")),
        [{fact: call.get(fact) for fact in FACTS} | {"route": call["route"]} for call in harness.received_calls()],
    ]


@pytest.fixture(autouse=True)
def _no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Harness, "crash_point", CrashPoint(), raising=False)
    monkeypatch.setattr(Harness, "clock", FakeClock(), raising=False)
