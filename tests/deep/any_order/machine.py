"""A Hypothesis state machine: browsers, faults, delays, crashes, reviewers and replayed requests in any order."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from onboarding.domain.states import FINAL, State, may_transition
from onboarding.models import Binding, OnboardingSession
from onboarding.models.number import number_hash
from onboarding.operations.recovery import recover
from tests.deep.any_order import invariants
from tests.deep.any_order.faults import FAULTS, FORGED_ANSWERS, PAST_EVERYTHING_S, STEPS_S
from tests.deep.any_order.harness import NUMBERS, PAST_THE_CLAIM_S, SPELLINGS, Harness, other_number
from tests.deep.any_order.occurrences import Occurrences

PATH_ENDS = ("unify", "unify-status", "unify-bind", "Verifications", "VerificationCheck", "revoke", "token")
PAGES = ("/", "/code/", "/bind/", "/moved/", "/done/", "/unverified/", "/expired/", "/start/", "/device/")
TAMPERS: tuple[dict[str, str], ...] = (
    {},
    {"rebind": "true", "success": "true", "state": "bound", "verified": "1"},
    {"number": NUMBERS[1], "session": "1", "user": "1", "verification_sid": "VE" + "0" * 32},
    {"correlationId": "{correlationId}", "correlation_id": "{correlationId}", "authId": "{correlationId}"},
)
Script = Callable[[Harness, int, str], None]
SCRIPTS: tuple[Script, ...] = (
    Harness.visit,
    Harness.complete,
    Harness.get_a_rebind_offer,
    Harness.start_a_rebind,
    Harness.rebind,
    Harness.be_held_for_review,
    Harness.try_again_after_approval,
    Harness.be_declined,
    Harness.lose_the_answer_to_the_send,
    Harness.lose_the_answer_to_the_check,
    Harness.crash_at_the_check,
    Harness.find_prove_down_at_the_bind,
    Harness.lose_the_answer_to_the_bind,
    Harness.crash_at_the_bind,
    Harness.let_the_code_expire,
    Harness.let_the_session_expire,
    Harness.lose_the_answer_to_the_start,
    Harness.reach_a_limit,
)

browsers = st.sampled_from((0, 1))
numbers = st.sampled_from(NUMBERS)
tamper_choices = st.sampled_from(TAMPERS)
scripts = st.sampled_from(SCRIPTS)


class AnyOrder(Harness, RuleBasedStateMachine):
    """Each rule is something that a person, a stranger, a reviewer, a vendor or an operator may do at any time."""

    occurrences: Occurrences
    opening: Script

    def teardown(self) -> None:
        try:
            self.occurrences.count(self.occurred)
            self.a_person_can_still_link()
        finally:
            self.roll_back()

    def a_person_can_still_link(self) -> None:
        """I34: no session stays stuck, and after all that happened a person can still link their number."""
        self.crash_point.end = ""
        self.restart()
        self.control("faults/clear", {})
        for _ in range(2):  # a claim ends, then the session that it held
            self.wait(PAST_EVERYTHING_S)
            recover()
        assert not OnboardingSession.objects.exclude(state__in=FINAL).exists(), "a session is stuck past its time"
        self.complete(1, NUMBERS[0])
        if not self.is_linked(1, NUMBERS[0]):  # its key belongs to the other number
            self.agree_to_rebind(1)
            self.enter_code(1, NUMBERS[0])
        assert self.is_linked(1, NUMBERS[0]), "I34: a person cannot link their number"
        self.the_calls_break_no_invariant()

    # --- The journey ---------------------------------------------------------------------------------------

    @initialize(number=numbers, other_is_linked=st.booleans())
    def begins_with_a_script(self, number: str, other_is_linked: bool) -> None:
        if other_is_linked:
            self.complete(1, other_number(number))
        type(self).opening(self, 0, number)

    @rule(who=browsers, number=numbers, script=scripts)
    def runs_a_script(self, who: int, number: str, script: Script) -> None:
        script(self, who, number)

    @rule(who=browsers, number=numbers)
    def gets_to_the_code_page(self, who: int, number: str) -> None:
        self.visit(who, number)

    @rule(who=browsers, number=numbers)
    def completes(self, who: int, number: str) -> None:
        self.complete(who, number)

    @rule(who=browsers, number=numbers, tamper=tamper_choices)
    def starts(self, who: int, number: str, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.starts(number, self._forged(tamper)))

    @rule(who=browsers)
    def runs_the_sdk(self, who: int) -> None:
        self.acts(who, lambda browser: browser.runs_the_sdk())

    @rule(who=browsers, tamper=tamper_choices)
    def says_that_it_finished(self, who: int, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.posts("/device/", self._forged(tamper), script=True))

    @rule(who=browsers, tamper=tamper_choices)
    def asks_for_a_text(self, who: int, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.posts("/code/send/", self._forged(tamper)))

    @rule(who=browsers, tamper=tamper_choices)
    def says_that_the_code_arrived(self, who: int, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.posts("/code/find/", self._forged(tamper)))

    @rule(who=browsers, number=numbers, tamper=tamper_choices)
    def types_the_code(self, who: int, number: str, tamper: dict[str, str]) -> None:
        code = self.code(number)
        self.acts(who, lambda browser: browser.posts("/code/", self._forged(tamper) | {"code": code}))

    @rule(who=browsers, code=st.sampled_from(("000000", "1234", "0000000000", "", "²²²²²²", "12345\x00", "9" * 50)))
    def types_another_code(self, who: int, code: str) -> None:
        self.acts(who, lambda browser: browser.posts("/code/", {"code": code}))

    @rule(who=browsers, tamper=tamper_choices)
    def asks_for_the_bind(self, who: int, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.posts("/bind/", self._forged(tamper)))

    @rule(who=browsers, tamper=tamper_choices)
    def agrees_to_the_rebind(self, who: int, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.posts("/moved/", self._forged(tamper), script=True))

    @rule(who=browsers)
    def restarts(self, who: int) -> None:
        self.acts(who, lambda browser: browser.posts("/restart/"))

    @rule(who=browsers, path=st.sampled_from(PAGES))
    def opens_a_page(self, who: int, path: str) -> None:
        before = len(self.calls)
        self.acts(who, lambda browser: browser.gets(path))
        assert self.calls[before:] == [], "T34: a GET reached a vendor"

    @rule(who=browsers, path=st.sampled_from(("/unlink/", "/unlink/others/")))
    def unlinks(self, who: int, path: str = "/unlink/") -> None:
        self.acts(who, lambda browser: browser.posts(path))
        assert path != "/unlink/" or self.browsers[who].linked_number_page() is None, "unlinked, and still linked"

    # --- Misuse ---------------------------------------------------------------------------------------------

    @precondition(lambda self: self.browsers[0].sent)
    @rule(who=browsers, which=st.integers(0, 999))
    def repeats_any_request(self, who: int, which: int) -> None:
        requests = [*self.browsers[0].sent, *self.browsers[1].sent]
        request = requests[which % len(requests)]
        self.browsers[who].typed |= {number for number in NUMBERS if request.fields.get("phone") == number}
        self.acts(who, lambda browser: browser.sends(request))

    @rule(who=browsers, path=st.sampled_from(PAGES), method=st.sampled_from(("put", "delete", "options", "head")))
    def uses_another_method(self, who: int, path: str, method: str) -> None:
        before = len(self.calls)
        self.acts(who, lambda browser: getattr(browser.client, method)(path))
        assert self.calls[before:] == [], "T34: another method than POST reached a vendor"

    # --- Faults, time and crashes ---------------------------------------------------------------------------

    @rule(
        route=st.sampled_from(invariants.JOURNEY_ROUTES),
        fault=st.sampled_from(FAULTS),
        times=st.sampled_from((1, 2, None)),
    )
    def a_fault_is_injected(self, route: str, fault: dict[str, Any], times: int | None) -> None:
        self.control("faults", {"route": route, "times": times, **fault})

    @rule(
        route=st.sampled_from((invariants.STATUS, invariants.BIND, invariants.CHECK)),
        answer=st.sampled_from(FORGED_ANSWERS),
    )
    def a_vendor_sends_a_forged_answer(self, route: str, answer: dict[str, Any]) -> None:
        self.control("faults", {"route": route, "times": 1, **answer})

    @rule()
    def faults_are_cleared(self) -> None:
        self.control("faults/clear", {})

    @rule(seconds=st.sampled_from(STEPS_S))
    def time_passes(self, seconds: int) -> None:
        self.wait(seconds)

    @rule(who=browsers, number=numbers, after=st.booleans())
    def the_process_crashes_at_the_bind(self, who: int, number: str, after: bool) -> None:
        self.crash_at_the_bind(who, number, after=after)

    @rule(end=st.sampled_from(PATH_ENDS), after=st.booleans())
    def a_crash_is_prepared(self, end: str, after: bool) -> None:
        self.crash_point.arm(end, after=after)

    @rule()
    def the_process_is_restarted(self) -> None:
        self.restart()

    @rule(lost=st.booleans())
    def an_operator_runs_recover(self, lost: bool) -> None:
        """I36: a second run does nothing. T78: it tells Prove of revoked keys, and makes no other call."""
        if lost:
            self.wait(PAST_THE_CLAIM_S)
        calls = self.act_as("an operator", recover)
        self.crash_point.end = ""
        calls += self.act_as("an operator", recover)
        assert set(recover().values()) == {0}, "I36: the second run left something to do"
        assert not {call.route for call in calls} & set(invariants.JOURNEY_ROUTES), "T78: recover called a vendor"

    @rule(who=browsers)
    def site_data_is_cleared(self, who: int) -> None:
        self.browsers[who].device.forget()

    # --- At the desk ----------------------------------------------------------------------------------------

    @precondition(lambda _: OnboardingSession.objects.exists())
    @rule(act=st.sampled_from(("approve", "decline", "reveal")), which=st.integers(0, 9), held=st.booleans())
    def a_reviewer_acts_on_a_session(self, act: str, which: int, held: bool) -> None:
        rows = OnboardingSession.objects.order_by("created_at")
        waiting = list(rows.filter(state=State.IN_REVIEW, review=""))
        self._act_on(act, (waiting if held and waiting else list(rows)), which)

    @precondition(lambda _: Binding.objects.exists())
    @rule(act=st.sampled_from(("revoke", "reveal")), which=st.integers(0, 9))
    def a_reviewer_acts_on_a_binding(self, act: str, which: int) -> None:
        self._act_on(act, list(Binding.objects.order_by("pk")), which)
        for browser in self.browsers:
            assert _is_bound(browser.linked_number_page()), "revoked, and still linked"

    def _act_on(self, act: str, rows: Any, which: int) -> None:
        """I29: no act of a reviewer changes a session's state, or calls a vendor except to revoke a key."""
        before = list(OnboardingSession.objects.order_by("pk").values_list("state", "version"))
        calls = self.act_at_the_desk(act, rows[which % len(rows)])
        assert {call.route for call in calls} <= {"prove.device_revoke", "prove.token"}, "I29: a vendor was called"
        after = list(OnboardingSession.objects.order_by("pk").values_list("state", "version"))
        assert before == after, "I29: a reviewer changed the state of a session"

    # --- The invariants -------------------------------------------------------------------------------------

    @invariant()
    def the_invariants_hold(self) -> None:
        """Check what the browsers saw since the last check."""
        if any(browser.seen for browser in self.browsers):
            self.the_calls_break_no_invariant()
            self.whoever_is_linked_was_linked_by_prove()
            self.nobody_sees_anothers_number_or_any_flows_id()
            self.the_event_log_ends_in_the_state()
        for browser in self.browsers:
            browser.seen.clear()

    def the_calls_break_no_invariant(self) -> None:
        invariants.check_calls(self.calls)
        invariants.check_budgets(self.calls)

    def whoever_is_linked_was_linked_by_prove(self) -> None:
        for browser in (browser for browser in self.browsers if browser.seen):
            page = browser.linked_number_page()
            if page is not None:
                yes = invariants.linked_numbers(each for each in self.calls if each.who == browser.name)
                assert _numbers_on(page) <= yes, 'I10, I11: linked without a "true" of Prove'
                assert _is_bound(page), "linked without a binding"

    def nobody_sees_anothers_number_or_any_flows_id(self) -> None:
        ids = {str(each.facts["correlationId"]) for each in self.calls if "correlationId" in each.facts}
        for browser in self.browsers:
            for shown in browser.seen:
                assert not any(each in shown for each in ids), "I05: a correlationId was sent to a browser"
                for number in set(NUMBERS) - browser.typed:
                    assert not any(spelling in shown for spelling in SPELLINGS[number]), (
                        "I20: a browser saw another's number"
                    )
        assert not set(self.browsers[0].tokens) & set(self.browsers[1].tokens), "I06: two browsers got one authToken"

    def the_event_log_ends_in_the_state(self) -> None:
        for session in OnboardingSession.objects.prefetch_related("events"):
            state, version = "", 0
            for event in (event for event in session.events.all() if event.version is not None):
                assert (event.from_state, event.version) == (state, version + 1), "I15: a gap in the event log"
                assert not state or may_transition(State(state), State(event.to_state)), (
                    "I15: a transition that is not in the table"
                )
                state, version = event.to_state, version + 1
            assert (state, version) == (session.state, session.version), "I15: the event log ends in another state"

    def _forged(self, tamper: dict[str, str]) -> dict[str, str]:
        ids = [str(each.facts["correlationId"]) for each in self.calls if "correlationId" in each.facts]
        return {name: value.format(correlationId=ids[0] if ids else "") for name, value in tamper.items()}


def _numbers_on(page: str) -> set[str]:
    shown = {number for number in NUMBERS if SPELLINGS[number][2] in page}
    assert len(shown) == 1
    return shown


def _is_bound(page: str | None) -> bool:
    return (
        page is None
        or Binding.objects.filter(number_hash__in=map(number_hash, _numbers_on(page)), confirmed=True).exists()
    )
