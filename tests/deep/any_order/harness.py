"""Two browsers, the sandbox and the desk; scripts of several steps; the calls to vendors that each act caused."""

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
from tests.crashes import Crash
from tests.deep.any_order import desk, invariants
from tests.deep.any_order.browser import Browser
from tests.deep.any_order.faults import DECLINED, FOR_ANOTHER_NUMBER, CrashPoint, FakeClock, later
from tests.deep.any_order.invariants import Call

NUMBERS = ("+12015550123", "+12015550199")
SPELLINGS = {number: (number, number[2:], f"{number[2:5]}-{number[5:8]}-{number[8:]}") for number in NUMBERS}
PAST_THE_CLAIM_S, RESEND_S = 41, 31
LIMITED = 429


class Harness:
    """The test sets `crash_point` and `clock`, and installs them."""

    crash_point: CrashPoint
    clock: FakeClock
    kinds: tuple[type[Browser], type[Browser]] = (Browser, Browser)

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example._from_testcase = True  # type: ignore[attr-defined]  # as Django marks its own around a test
        self.example.__enter__()
        self.client = Client()
        first, second = type(self).kinds
        self.browsers = (first("first"), second("second"))
        self.calls: list[Call] = []
        self.calls_read = 0
        self.occurred: set[str] = set()  # what the event log does not hold
        self._desk: Client | None = None
        self.crash_point.end = ""
        self.restart()
        self.control("reset", {})

    def roll_back(self) -> None:
        """End the transaction in which the test works on the database."""
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    # --- Scripts of several steps ---------------------------------------------------------------------------

    def visit(self, who: int, number: str) -> None:
        """Start, let the device be checked, and get the text if a code is needed."""
        self.acts(who, lambda browser: browser.starts(number))
        self.acts(who, lambda browser: browser.runs_the_sdk())
        self.acts(who, lambda browser: browser.posts("/device/", script=True))

    def enter_code(self, who: int, number: str) -> None:
        code = self.code(number)
        self.acts(who, lambda browser: browser.posts("/code/", {"code": code}))

    def complete(self, who: int, number: str) -> None:
        self.visit(who, number)
        self.enter_code(who, number)

    def get_a_rebind_offer(self, who: int, number: str) -> None:
        self.complete(who, other_number(number))
        self.visit(who, number)

    def agree_to_rebind(self, who: int) -> None:
        self.acts(who, lambda browser: browser.posts("/moved/", script=True))
        self.acts(who, lambda browser: browser.runs_the_sdk())
        self.acts(who, lambda browser: browser.posts("/device/", script=True))

    def start_a_rebind(self, who: int, number: str) -> None:
        self.get_a_rebind_offer(who, number)
        self.agree_to_rebind(who)

    def rebind(self, who: int, number: str) -> None:
        self.start_a_rebind(who, number)
        self.enter_code(who, number)

    def be_held_for_review(self, who: int, number: str) -> None:
        self.control("faults", {"route": invariants.STATUS, "times": 1, "kind": "answer", "body": FOR_ANOTHER_NUMBER})
        self.visit(who, number)

    def try_again_after_approval(self, who: int, number: str) -> None:
        """Be held for a review, be approved by a reviewer, and start again."""
        self.be_held_for_review(who, number)
        for held in OnboardingSession.objects.filter(state=State.IN_REVIEW, review=""):
            self.act_at_the_desk("approve", held)
        self.visit(who, number)

    def be_declined(self, who: int, number: str) -> None:
        self.control("faults", {"route": invariants.STATUS, "times": 1, "kind": "answer", "body": DECLINED})
        self.visit(who, number)

    def lose_the_answer_to_the_send(self, who: int, number: str) -> None:
        """Lose the answer to the first send, and ask for another text."""
        self.control("faults", {"route": invariants.SEND, "times": 1, "kind": "lost"})
        self.visit(who, number)
        self.send_again(who, number)

    def lose_the_answer_to_the_check(self, who: int, number: str) -> None:
        self.control("faults", {"route": invariants.CHECK, "times": 1, "kind": "lost"})
        self.complete(who, number)
        self.send_again(who, number)

    def crash_at_the_check(self, who: int, number: str) -> None:
        """Crash; the person types the code again later, and then needs another one."""
        self.visit(who, number)
        self.crash_point.arm("VerificationCheck", after=True)
        self.enter_code(who, number)
        self.crash_point.end = ""
        self.wait(PAST_THE_CLAIM_S)
        self.enter_code(who, number)
        self.send_again(who, number)

    def send_again(self, who: int, number: str) -> None:
        self.wait(RESEND_S)
        self.acts(who, lambda browser: browser.posts("/code/send/"))
        self.enter_code(who, number)

    def find_prove_down_at_the_bind(self, who: int, number: str) -> None:
        self.control("faults", {"route": invariants.BIND, "times": 1, "kind": "refuse"})
        self.complete(who, number)

    def lose_the_answer_to_the_bind(self, who: int, number: str) -> None:
        """Lose the answer, press the button again without effect, then start again to see the result."""
        self.control("faults", {"route": invariants.BIND, "times": 1, "kind": "lost"})
        self.complete(who, number)
        self.acts(who, lambda browser: browser.posts("/bind/"))
        self.visit(who, number)

    def crash_at_the_bind(self, who: int, number: str, *, after: bool = True) -> None:
        """Crash; the next request comes after the claim has timed out."""
        self.visit(who, number)
        self.crash_point.arm("unify-bind", after=after)
        self.enter_code(who, number)
        self.crash_point.end = ""
        self.wait(PAST_THE_CLAIM_S)
        self.acts(who, lambda browser: browser.gets("/"))

    def let_the_code_expire(self, who: int, number: str) -> None:
        """Type the code too late."""
        self.visit(who, number)
        self.wait(invariants.CODE_LIFE_S + 1)
        self.enter_code(who, number)

    def let_the_session_expire(self, who: int, number: str) -> None:
        """Return too late."""
        self.visit(who, number)
        self.wait(invariants.FLOW_LIFE_S + 1)
        self.acts(who, lambda browser: browser.gets("/"))

    def lose_the_answer_to_the_start(self, who: int, number: str) -> None:
        """Lose the answer to the first start, then start again."""
        self.control("faults", {"route": invariants.UNIFY, "times": 1, "kind": "lost"})
        self.acts(who, lambda browser: browser.starts(number))
        self.visit(who, number)

    def reach_a_limit(self, who: int, number: str) -> None:
        """Ask for another text in one session after the other."""
        for _ in range(4):
            self.visit(who, number)
            self.acts(who, lambda browser: browser.posts("/restart/"))

    # --- Single steps ---------------------------------------------------------------------------------------

    def acts(self, who: int, act: Callable[[Browser], object]) -> None:
        """Let a browser act. The calls to vendors meanwhile are recorded as caused by it."""
        browser = self.browsers[who]
        self._act_as(browser.name, lambda: act(browser))
        if any(answer.status == LIMITED for answer in browser.seen):
            self.occurred.add("limited")

    def act_as(self, who: str, act: Callable[[], object]) -> list[Call]:
        """Let somebody without one of the browsers act; return the calls to vendors meanwhile."""
        before = len(self.calls)
        self._act_as(who, act)
        return self.calls[before:]

    def _act_as(self, who: str, act: Callable[[], object]) -> None:
        try:
            act()
            crashed = False
        except Crash:
            self.restart()
            crashed = True
        received = self.received_calls()
        self.calls += [invariants.call_from(each, who) for each in received[self.calls_read :]]
        self.calls_read = len(received)
        if crashed and self.crash_point.after:  # the answer came after the crash
            self.calls[-1] = replace(self.calls[-1], outcome="lost")

    def act_at_the_desk(self, act: str, row: OnboardingSession | Binding) -> list[Call]:
        """Let a reviewer act on the row; return the calls to vendors meanwhile."""
        at = self._desk = self._desk or desk.reviewer()
        return self.act_as("a reviewer", lambda: desk.act(at, act, row))

    def wait(self, seconds: int) -> None:
        later(seconds)
        self.clock.advance(seconds)
        self.control("clock", {"advance_s": seconds})

    def restart(self) -> None:
        """As in a new process: no access token, no connection, no cache."""
        prove.cache_clear()
        twilio.cache_clear()

    def received_calls(self) -> list[dict[str, Any]]:
        """Return the calls that the sandbox received; without HTTP, since this is done at every step."""
        with store.transaction(settings.SANDBOX_STORE, TABLES) as memory:
            return [ledger_entry(row) for row in memory.find(Received)]

    def control(self, what: str, body: dict[str, Any]) -> None:
        """Post to the sandbox's control API."""
        answer = self.client.post(f"/sandbox/control/{what}", json.dumps(body), content_type="application/json")
        assert answer.status_code == 200, answer.content

    def code(self, number: str) -> str:
        texts = self.client.get("/sandbox/messages.json", {"to": number}).json()
        return next((str(text["code"]) for text in texts if text["code"]), "000000")

    def is_linked(self, who: int, number: str) -> bool:
        return SPELLINGS[number][2] in (self.browsers[who].linked_number_page() or "")


def other_number(number: str) -> str:
    return NUMBERS[1 - NUMBERS.index(number)]
