"""Two browsers, two numbers, bad days, lost time, crashes and every request again: in any order."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import requests
from django.apps import apps
from django.db import models, transaction
from django.db.models import F
from django.test import Client
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from onboarding import flow
from onboarding.models import Binding, Cell, Event, OnboardingSession
from onboarding.states import FINAL, State, may_move
from onboarding.upstream.prove import prove
from onboarding.upstream.twilio import twilio
from sandbox.adapter import SandboxAdapter
from tests.deep import ledger
from tests.deep.browser import Browser
from tests.deep.ledger import Line

NUMBERS = ("+12015550123", "+12015550199")
SPELLINGS = {number: (number, number[2:], f"{number[2:5]}-{number[5:8]}-{number[8:]}") for number in NUMBERS}
PATH_ENDS = ("unify", "unify-status", "unify-bind", "Verifications", "VerificationCheck", "revoke", "token")
PAGES = ("/", "/code/", "/bind/", "/moved/", "/done/", "/unverified/", "/expired/", "/start/", "/device/")
PAST_EVERYTHING_S = 2 * 86_400
STEPS_S = (1, 31, 41, 61, 121, 301, 601, 1801, 86_401)  # past each wait, lease and end that there is
ODD = (True, False, "True", "TRUE", "yes", "maybe", 1, None, ["true"], {"true": "true"}, "")

KINDS: list[dict[str, Any]] = [
    {"kind": kind} for kind in ("refuse", "reset", "lost", "truncated", "html", "empty", "types", "unknown_value")
]
KINDS += [{"kind": "status", "status": status} for status in (400, 401, 403, 404, 429, 500, 503)]
KINDS += [{"kind": "status", "status": 503, "effect": True}, {"kind": "status", "status": 500, "effect": True}]
FORGERIES: list[dict[str, Any]] = [{"kind": "answer", "body": {"success": odd, "proveId": "p"}} for odd in ODD]
FORGERIES += [
    {"kind": "answer", "body": {"success": "true", "proveId": "p", "phoneNumber": "+12025550102"}},
    {"kind": "answer", "body": {"success": "true", "proveId": "p", "clientRequestId": "another"}},
    {"kind": "answer", "body": {"success": "true"}},
    {"kind": "answer", "body": {"status": "approved", "valid": True}},
]
TAMPERS: tuple[dict[str, str], ...] = (
    {},
    {"rebind": "true", "success": "true", "state": "bound", "verified": "1"},
    {"number": NUMBERS[1], "session": "1", "user": "1", "verification_sid": "VE" + "0" * 32},
    {"correlationId": "{correlationId}", "correlation_id": "{correlationId}", "authId": "{correlationId}"},
)

browsers = st.sampled_from((0, 1))
numbers = st.sampled_from(NUMBERS)
tampers = st.sampled_from(TAMPERS)


class Crash(BaseException):
    """The process dies here, as far as one process can play it: nothing that comes after happens."""


class Bomb:
    """Goes off at one outside call, before it is sent or after it was answered."""

    def __init__(self) -> None:
        self.end, self.after = "", False

    def arm(self, end: str, *, after: bool) -> None:
        self.end, self.after = end, after

    @contextmanager
    def planted(self) -> Iterator[None]:
        calm = SandboxAdapter.send

        def send(adapter: SandboxAdapter, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
            hit = bool(self.end) and str(request.url).endswith("/" + self.end)
            if hit:
                self.end = ""
            if hit and not self.after:
                raise Crash
            answer = calm(adapter, request, *args, **kwargs)
            if hit:
                raise Crash
            return answer

        SandboxAdapter.send = send  # type: ignore[assignment, method-assign]
        try:
            yield
        finally:
            SandboxAdapter.send = calm  # type: ignore[method-assign]


def later(seconds: int) -> None:
    """The product's clock is the database's: every moment that a row waits for moves into the past instead."""
    for model in apps.get_app_config("onboarding").get_models():
        moments = [each.name for each in model._meta.fields if isinstance(each, models.DateTimeField)]
        if moments and model not in (Event, Binding):
            model._default_manager.update(**{name: F(name) - timedelta(seconds=seconds) for name in moments})
    Cell.objects.update(tat=F("tat") - seconds * 1000)  # ms


class AnyOrder(RuleBasedStateMachine):
    """Each rule is something that a person, a stranger, a vendor or an operator may do at any time."""

    bomb: Bomb

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example._from_testcase = True  # type: ignore[attr-defined]  # as Django's own around a test
        self.example.__enter__()
        self.control = Client()
        self.browsers = (Browser("first"), Browser("second"))
        self.lines: list[Line] = []
        self.read = 0
        self._restart()
        self.order("reset", {})

    def teardown(self) -> None:
        try:
            self.in_the_end_all_is_well()
        finally:
            self.forget()

    def forget(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    def in_the_end_all_is_well(self) -> None:
        """I34: nothing stays stuck past its time, and an honest person gets through whatever went before."""
        self.bomb.end = ""
        self._restart()
        self.order("faults/clear", {})
        for _ in range(2):  # a claim ends, then the session that it held
            self.time_passes(PAST_EVERYTHING_S)
            for session in OnboardingSession.objects.exclude(state__in=FINAL):
                flow.catch_up(session=session)
        assert not OnboardingSession.objects.exclude(state__in=FINAL).exists(), "a session is stuck past its time"
        self._as(1, lambda browser: self._visit(browser, NUMBERS[0]))
        if not self._is_linked(1, NUMBERS[0]):  # its key is another number's
            self.moves_the_device(1, {})
            self._as(1, lambda browser: browser.runs_the_sdk())
            self._as(1, lambda browser: browser.posts("/device/", script=True))
            self.types_the_code(1, NUMBERS[0], {})
        assert self._is_linked(1, NUMBERS[0]), "I34: an honest person does not get through"
        self.the_ledger_is_clean()

    # --- The journey ---------------------------------------------------------------------------------------

    @initialize(number=numbers)
    def somebody_is_on_the_way(self, number: str) -> None:
        self._as(0, lambda browser: self._visit(browser, number))

    @rule(who=browsers, number=numbers, tamper=tampers)
    def starts(self, who: int, number: str, tamper: dict[str, str]) -> None:
        self._as(who, lambda browser: browser.starts(number, self._forged(tamper)))

    @rule(who=browsers)
    def runs_the_sdk(self, who: int) -> None:
        self._as(who, lambda browser: browser.runs_the_sdk())

    @rule(who=browsers, tamper=tampers)
    def says_that_it_finished(self, who: int, tamper: dict[str, str]) -> None:
        self._as(who, lambda browser: browser.posts("/device/", self._forged(tamper), script=True))

    @rule(who=browsers, number=numbers)
    def comes_as_far_as_the_code(self, who: int, number: str) -> None:
        self._as(who, lambda browser: self._visit(browser, number))

    @rule(who=browsers, tamper=tampers)
    def asks_for_a_text(self, who: int, tamper: dict[str, str]) -> None:
        self._as(who, lambda browser: browser.posts("/code/send/", self._forged(tamper)))

    @rule(who=browsers, number=numbers, tamper=tampers)
    def types_the_code(self, who: int, number: str, tamper: dict[str, str]) -> None:
        code = self._code(number)
        self._as(who, lambda browser: browser.posts("/code/", self._forged(tamper) | {"code": code}))

    @rule(who=browsers, code=st.sampled_from(("000000", "1234", "0000000000", "", "²²²²²²", "12345\x00", "9" * 50)))
    def types_another_code(self, who: int, code: str) -> None:
        self._as(who, lambda browser: browser.posts("/code/", {"code": code}))

    @rule(who=browsers, tamper=tampers)
    def asks_for_the_bind(self, who: int, tamper: dict[str, str]) -> None:
        self._as(who, lambda browser: browser.posts("/bind/", self._forged(tamper)))

    @rule(who=browsers, tamper=tampers)
    def moves_the_device(self, who: int, tamper: dict[str, str]) -> None:
        self._as(who, lambda browser: browser.posts("/moved/", self._forged(tamper), script=True))

    @rule(who=browsers)
    def starts_anew(self, who: int) -> None:
        self._as(who, lambda browser: browser.posts("/restart/"))

    @rule(who=browsers, path=st.sampled_from(PAGES))
    def opens_a_tab(self, who: int, path: str) -> None:
        before = len(self.lines)
        self._as(who, lambda browser: browser.gets(path))
        assert self.lines[before:] == [], "T34: a GET reached a vendor"

    @rule(who=browsers)
    def unlinks(self, who: int) -> None:
        self._as(who, lambda browser: browser.posts("/unlink/"))
        assert self.browsers[who].linked_number_page() is None, "unlinked, and still linked"

    # --- What should not be done ----------------------------------------------------------------------------

    @precondition(lambda self: self.browsers[0].sent)
    @rule(who=browsers, which=st.integers(0, 999))
    def repeats_any_request(self, who: int, which: int) -> None:
        everything = [*self.browsers[0].sent, *self.browsers[1].sent]
        request = everything[which % len(everything)]
        self.browsers[who].typed |= {number for number in NUMBERS if request.fields.get("phone") == number}
        self._as(who, lambda browser: browser.sends(request))

    @rule(who=browsers, path=st.sampled_from(PAGES), method=st.sampled_from(("put", "delete", "options", "head")))
    def uses_another_method(self, who: int, path: str, method: str) -> None:
        before = len(self.lines)
        self._as(who, lambda browser: getattr(browser.client, method)(path))
        assert self.lines[before:] == [], "T34: another method than POST reached a vendor"

    # --- What happens ---------------------------------------------------------------------------------------

    @rule(route=st.sampled_from(ledger.CALLS), fault=st.sampled_from(KINDS), times=st.sampled_from((1, 2, None)))
    def a_vendor_has_a_bad_day(self, route: str, fault: dict[str, Any], times: int | None) -> None:
        self.order("faults", {"route": route, "times": times, **fault})

    @rule(route=st.sampled_from((ledger.STATUS, ledger.BIND, ledger.CHECK)), forgery=st.sampled_from(FORGERIES))
    def a_vendor_talks_nonsense(self, route: str, forgery: dict[str, Any]) -> None:
        self.order("faults", {"route": route, "times": 1, **forgery})

    @rule()
    def all_is_well(self) -> None:
        self.order("faults/clear", {})

    @rule(seconds=st.sampled_from(STEPS_S))
    def time_passes(self, seconds: int) -> None:
        later(seconds)
        self.order("clock", {"advance_s": seconds})

    @rule(end=st.sampled_from(PATH_ENDS), after=st.booleans())
    def the_process_is_about_to_die(self, end: str, after: bool) -> None:
        self.bomb.arm(end, after=after)

    @rule()
    def the_process_is_restarted(self) -> None:
        self._restart()

    @rule(who=browsers)
    def site_data_is_cleared(self, who: int) -> None:
        self.browsers[who].device.forget()

    # --- What must hold -------------------------------------------------------------------------------------

    @invariant()
    def the_ledger_is_clean(self) -> None:
        if self._who_acted():
            ledger.judge(self.lines)

    @invariant()
    def who_is_linked_was_linked_by_prove(self) -> None:
        for browser in self._who_acted():
            page = browser.linked_number_page()
            if page is not None:
                yes = ledger.linked_numbers(each for each in self.lines if each.who == browser.name)
                shown = {number for number in NUMBERS if SPELLINGS[number][2] in page}
                assert len(shown) == 1 and shown <= yes, "I10, I11: linked without Prove's yes"

    @invariant()
    def nobody_sees_anothers_number_or_any_flows_id(self) -> None:
        ids = {str(each.facts["correlationId"]) for each in self.lines if "correlationId" in each.facts}
        for browser in self._who_acted():
            for shown in browser.seen:
                assert not any(each in shown for each in ids), "I05: a correlationId left"
                for number in set(NUMBERS) - browser.typed:
                    assert not any(spelling in shown for spelling in SPELLINGS[number]), "I20: another's number"
        assert not set(self.browsers[0].tokens) & set(self.browsers[1].tokens), "I06: an authToken for two"

    @invariant()
    def the_diary_tells_the_state(self) -> None:
        for session in OnboardingSession.objects.prefetch_related("events"):
            state, version = "", 0
            for event in (event for event in session.events.all() if event.version is not None):
                assert (event.from_state, event.version) == (state, version + 1), "I15: a gap in the diary"
                assert not state or may_move(State(state), State(event.to_state)), "I15: a move that the table lacks"
                state, version = event.to_state, version + 1
            assert (state, version) == (session.state, session.version), "I15: the diary tells another state"

    def _who_acted(self) -> list[Browser]:
        """Those who did something since they were last judged: each leaves what it saw."""
        return [browser for browser in self.browsers if browser.seen]

    # --- How ------------------------------------------------------------------------------------------------

    def _visit(self, browser: Browser, number: str) -> None:
        browser.starts(number)
        browser.runs_the_sdk()
        browser.posts("/device/", script=True)

    def _as(self, who: int, act: Callable[[Browser], object]) -> None:
        """Whatever the vendors then hear is that browser's doing; what was seen before has been judged."""
        for browser in self.browsers:
            browser.seen.clear()
        try:
            act(self.browsers[who])
        except Crash:
            self._restart()
        self._read_the_ledger(self.browsers[who].name)

    def _is_linked(self, who: int, number: str) -> bool:
        return SPELLINGS[number][2] in (self.browsers[who].linked_number_page() or "")

    def _restart(self) -> None:
        """A new process: no token, no connection, no memory."""
        prove.cache_clear()
        twilio.cache_clear()

    def _read_the_ledger(self, who: str) -> None:
        told = self.told()
        self.lines += [ledger.line(each, who) for each in told[self.read :]]
        self.read = len(told)

    def told(self) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self.control.get("/sandbox/control/ledger.json").json()
        return told

    def order(self, what: str, order: dict[str, Any]) -> None:
        answer = self.control.post(f"/sandbox/control/{what}", json.dumps(order), content_type="application/json")
        assert answer.status_code == 200, answer.content

    def _code(self, number: str) -> str:
        texts = self.control.get("/sandbox/messages.json", {"to": number}).json()
        return next((str(text["code"]) for text in texts if text["code"]), "000000")

    def _forged(self, tamper: dict[str, str]) -> dict[str, str]:
        ids = [str(each.facts["correlationId"]) for each in self.lines if "correlationId" in each.facts]
        return {name: value.format(correlationId=ids[0] if ids else "") for name, value in tamper.items()}
