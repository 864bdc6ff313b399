"""Two browsers, both vendors and the desk; the longer ways that people go; what the vendors heard of each."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client

from onboarding.domain.states import State
from onboarding.models import Binding, OnboardingSession
from onboarding.upstream.prove import prove
from onboarding.upstream.twilio import twilio
from sandbox.desk.control import ledger_entry
from sandbox.state import store
from sandbox.state.records import TABLES, Received
from tests.deep.any_order import desk, ledger
from tests.deep.any_order.bad_days import A_NO, SOMEBODY_ELSES, Bomb, Crash, Patience, later
from tests.deep.any_order.browser import Browser
from tests.deep.any_order.ledger import Line

NUMBERS = ("+12015550123", "+12015550199")
SPELLINGS = {number: (number, number[2:], f"{number[2:5]}-{number[5:8]}-{number[8:]}") for number in NUMBERS}
LEASE_S, RESEND_S = 41, 31
LIMITED = 429


class Stage:
    """`bomb` has been planted and `patience` granted by whoever plays."""

    bomb: Bomb
    patience: Patience

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example._from_testcase = True  # type: ignore[attr-defined]  # as Django's own around a test
        self.example.__enter__()
        self.control = Client()
        self.browsers = (Browser("first"), Browser("second"))
        self.lines: list[Line] = []
        self.read = 0
        self.came_by: set[str] = set()  # what the diary does not tell
        self._desk: Client | None = None
        self.bomb.end = ""
        self.restart()
        self.order("reset", {})

    def forget(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    # --- The longer ways ------------------------------------------------------------------------------------

    def visit(self, who: int, number: str) -> None:
        """As far as Prove's word on the device, and the text if one is due."""
        self.acts(who, lambda browser: browser.starts(number))
        self.acts(who, lambda browser: browser.runs_the_sdk())
        self.acts(who, lambda browser: browser.posts("/device/", script=True))

    def enter_code(self, who: int, number: str) -> None:
        code = self.code(number)
        self.acts(who, lambda browser: browser.posts("/code/", {"code": code}))

    def complete(self, who: int, number: str) -> None:
        self.visit(who, number)
        self.enter_code(who, number)

    def be_offered_a_move(self, who: int, number: str) -> None:
        self.complete(who, other(number))
        self.visit(who, number)

    def agree_to_move(self, who: int) -> None:
        self.acts(who, lambda browser: browser.posts("/moved/", script=True))
        self.acts(who, lambda browser: browser.runs_the_sdk())
        self.acts(who, lambda browser: browser.posts("/device/", script=True))

    def be_moving(self, who: int, number: str) -> None:
        self.be_offered_a_move(who, number)
        self.agree_to_move(who)

    def move(self, who: int, number: str) -> None:
        self.be_moving(who, number)
        self.enter_code(who, number)

    def be_held(self, who: int, number: str) -> None:
        self.order("faults", {"route": ledger.STATUS, "times": 1, "kind": "answer", "body": SOMEBODY_ELSES})
        self.visit(who, number)

    def be_let_try_again(self, who: int, number: str) -> None:
        """By a reviewer, who reads of it at the desk."""
        self.be_held(who, number)
        for held in OnboardingSession.objects.filter(state=State.IN_REVIEW, review=""):
            self.stamp("approve", held)
        self.visit(who, number)

    def be_declined(self, who: int, number: str) -> None:
        self.order("faults", {"route": ledger.STATUS, "times": 1, "kind": "answer", "body": A_NO})
        self.visit(who, number)

    def lose_the_text(self, who: int, number: str) -> None:
        """And ask for another."""
        self.order("faults", {"route": ledger.SEND, "times": 1, "kind": "lost"})
        self.visit(who, number)
        self.send_again(who, number)

    def lose_the_check(self, who: int, number: str) -> None:
        self.order("faults", {"route": ledger.CHECK, "times": 1, "kind": "lost"})
        self.complete(who, number)
        self.send_again(who, number)

    def die_at_the_check(self, who: int, number: str) -> None:
        """The person types the code again later, and then has to ask for another."""
        self.visit(who, number)
        self.bomb.arm("VerificationCheck", after=True)
        self.enter_code(who, number)
        self.bomb.end = ""
        self.wait(LEASE_S)
        self.enter_code(who, number)
        self.send_again(who, number)

    def send_again(self, who: int, number: str) -> None:
        self.wait(RESEND_S)
        self.acts(who, lambda browser: browser.posts("/code/send/"))
        self.enter_code(who, number)

    def find_prove_away_at_the_bind(self, who: int, number: str) -> None:
        self.order("faults", {"route": ledger.BIND, "times": 1, "kind": "refuse"})
        self.complete(who, number)

    def lose_the_bind(self, who: int, number: str) -> None:
        """And press the button again, in vain; then come back, to be told how it went."""
        self.order("faults", {"route": ledger.BIND, "times": 1, "kind": "lost"})
        self.complete(who, number)
        self.acts(who, lambda browser: browser.posts("/bind/"))
        self.visit(who, number)

    def die_at_the_bind(self, who: int, number: str, *, after: bool = True) -> None:
        """And nobody looks before the claim's lease is over."""
        self.visit(who, number)
        self.bomb.arm("unify-bind", after=after)
        self.enter_code(who, number)
        self.bomb.end = ""
        self.wait(LEASE_S)
        self.acts(who, lambda browser: browser.gets("/"))

    def dawdle(self, who: int, number: str) -> None:
        """Until the code has run out."""
        self.visit(who, number)
        self.wait(ledger.CODE_LIFE_S + 1)
        self.enter_code(who, number)

    def walk_away(self, who: int, number: str) -> None:
        """And come back too late."""
        self.visit(who, number)
        self.wait(ledger.FLOW_LIFE_S + 1)
        self.acts(who, lambda browser: browser.gets("/"))

    def start_in_vain(self, who: int, number: str) -> None:
        """And then not."""
        self.order("faults", {"route": ledger.UNIFY, "times": 1, "kind": "lost"})
        self.acts(who, lambda browser: browser.starts(number))
        self.visit(who, number)

    def run_into_a_limit(self, who: int, number: str) -> None:
        """With another text in every session."""
        for _ in range(4):
            self.visit(who, number)
            self.acts(who, lambda browser: browser.posts("/restart/"))

    # --- How ------------------------------------------------------------------------------------------------

    def acts(self, who: int, act: Callable[[Browser], object]) -> None:
        """Whatever the vendors then hear is that browser's doing; what was seen before has been judged."""
        browser = self.browsers[who]
        self._happens(browser.name, lambda: act(browser))
        if any(answer.status == LIMITED for answer in browser.seen):
            self.came_by.add("limited")

    def happens(self, who: str, act: Callable[[], object]) -> list[Line]:
        """What the vendors heard of what somebody without a browser of ours did."""
        before = len(self.lines)
        self._happens(who, act)
        return self.lines[before:]

    def _happens(self, who: str, act: Callable[[], object]) -> None:
        try:
            act()
            died = False
        except Crash:
            self.restart()
            died = True
        told = self.told()
        self.lines += [ledger.line(each, who) for each in told[self.read :]]
        self.read = len(told)
        if died and self.bomb.after:  # the answer came, and nobody was there any more
            self.lines[-1] = replace(self.lines[-1], outcome="lost")

    def stamp(self, act: str, row: OnboardingSession | Binding) -> list[Line]:
        """A reviewer's; what the vendors heard of it."""
        at = self._desk = self._desk or desk.reviewer()
        return self.happens("a reviewer", lambda: desk.stamp(at, act, row))

    def wait(self, seconds: int) -> None:
        later(seconds)
        self.patience.pass_by(seconds)
        self.order("clock", {"advance_s": seconds})

    def restart(self) -> None:
        """A new process: no token, no connection, no memory."""
        prove.cache_clear()
        twilio.cache_clear()

    def told(self) -> list[dict[str, Any]]:
        """The ledger, past HTTP: it is read at every step."""
        with store.transaction(settings.SANDBOX_STORE, TABLES) as memory:
            return [ledger_entry(row) for row in memory.find(Received)]

    def order(self, what: str, order: dict[str, Any]) -> None:
        answer = self.control.post(f"/sandbox/control/{what}", json.dumps(order), content_type="application/json")
        assert answer.status_code == 200, answer.content

    def code(self, number: str) -> str:
        texts = self.control.get("/sandbox/messages.json", {"to": number}).json()
        return next((str(text["code"]) for text in texts if text["code"]), "000000")

    def is_linked(self, who: int, number: str) -> bool:
        return SPELLINGS[number][2] in (self.browsers[who].linked_number_page() or "")


def other(number: str) -> str:
    return NUMBERS[1 - NUMBERS.index(number)]
