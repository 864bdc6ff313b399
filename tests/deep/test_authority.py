"""I04: nothing that a request says decides, but the number at the start, the code, and the press on a button.

The same journey with all kinds of words put into its requests leaves the same rows, diary and ledger.
"""

from typing import Any

import pytest

from onboarding.models import Binding, Event, OnboardingSession
from tests.deep.any_order.bad_days import Bomb, Patience
from tests.deep.any_order.browser import Browser, Request
from tests.deep.any_order.machine import TAMPERS
from tests.deep.any_order.stage import NUMBERS, Stage
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
WORDS = share(deep=EACH, quick=({name: word for words in EACH for name, word in words.items()},))
HEADERS = {
    "X-HTTP-Method-Override": "DELETE",
    "X-Original-URL": "/bind/",
    "X-Forwarded-For": "10.9.8.7",
    "Cookie2": "onboarding=1",
    "X-Session": "1",
}


class Talker(Browser):
    """Says more than it is asked; what the page itself sends stays as it is."""

    words: dict[str, str]
    where: str

    def _one(self, request: Request) -> Any:
        path, fields = request.path, request.fields
        if self.where == "in the form":
            fields = self.words | fields
        if self.where == "in the address":
            path += "?" + "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in self.words.items())
        return super()._one(Request(request.method, path, fields, request.script))


@pytest.mark.parametrize("where", ["in the form", "in the address", "in cookies", "in headers"])
def test_whatever_else_a_request_says_changes_nothing(db: None, settings: Any, where: str) -> None:
    settings.ALLOWED_COUNTRIES = ["US"]  # the others' names take longer to draw than all the rest
    silent = journey({}, "")
    for words in WORDS:
        assert journey(words, where) == silent, words


def journey(words: dict[str, str], where: str) -> list[Any]:
    """A first link, with a wrong code and another text, and the key's move to another number."""
    stage = Stage()
    try:
        return _walked(stage, words, where)
    finally:
        stage.forget()


def _walked(stage: Stage, words: dict[str, str], where: str) -> list[Any]:
    talker = Talker("first")
    talker.words, talker.where = words, where
    stage.browsers = (talker, stage.browsers[1])
    if where == "in cookies":
        for name, value in words.items():
            talker.client.cookies[name] = value
    if where == "in headers":
        talker.client.defaults |= {f"HTTP_{name.upper().replace('-', '_')}": word for name, word in HEADERS.items()}
    stage.visit(0, FIRST)
    stage.acts(0, lambda browser: browser.posts("/code/", {"code": "111111"}))
    stage.wait(31)
    stage.acts(0, lambda browser: browser.posts("/code/send/"))
    stage.enter_code(0, FIRST)
    stage.visit(0, SECOND)
    stage.agree_to_move(0)
    stage.enter_code(0, SECOND)
    assert stage.is_linked(0, SECOND)
    return [
        list(OnboardingSession.objects.order_by("created_at").values_list(*COLUMNS)),
        list(Binding.objects.order_by("pk").values_list("number", "confirmed")),
        list(Event.objects.order_by("pk").values_list("name", "from_state", "to_state")),
        [{fact: line.get(fact) for fact in FACTS} | {"route": line["route"]} for line in stage.told()],
    ]


@pytest.fixture(autouse=True)
def _calm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stage, "bomb", Bomb(), raising=False)
    monkeypatch.setattr(Stage, "patience", Patience(), raising=False)
