"""Two browsers, two numbers, bad days, lost time, crashes, reviewers and every request again: in any order."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from onboarding.domain.states import FINAL, State, may_transition
from onboarding.models import Binding, OnboardingSession
from onboarding.operations.recovery import recover
from tests.deep.any_order import ledger
from tests.deep.any_order.bad_days import FORGERIES, KINDS, PAST_EVERYTHING_S, STEPS_S
from tests.deep.any_order.stage import LEASE_S, NUMBERS, SPELLINGS, Stage, other
from tests.deep.any_order.tally import Tally

PATH_ENDS = ("unify", "unify-status", "unify-bind", "Verifications", "VerificationCheck", "revoke", "token")
PAGES = ("/", "/code/", "/bind/", "/moved/", "/done/", "/unverified/", "/expired/", "/start/", "/device/")
TAMPERS: tuple[dict[str, str], ...] = (
    {},
    {"rebind": "true", "success": "true", "state": "bound", "verified": "1"},
    {"number": NUMBERS[1], "session": "1", "user": "1", "verification_sid": "VE" + "0" * 32},
    {"correlationId": "{correlationId}", "correlation_id": "{correlationId}", "authId": "{correlationId}"},
)
Way = Callable[[Stage, int, str], None]
WAYS: tuple[Way, ...] = (
    Stage.visit,
    Stage.complete,
    Stage.be_offered_a_move,
    Stage.be_moving,
    Stage.move,
    Stage.be_held,
    Stage.be_let_try_again,
    Stage.be_declined,
    Stage.lose_the_text,
    Stage.lose_the_check,
    Stage.die_at_the_check,
    Stage.find_prove_away_at_the_bind,
    Stage.lose_the_bind,
    Stage.die_at_the_bind,
    Stage.dawdle,
    Stage.walk_away,
    Stage.start_in_vain,
    Stage.run_into_a_limit,
)

browsers = st.sampled_from((0, 1))
numbers = st.sampled_from(NUMBERS)
tampers = st.sampled_from(TAMPERS)
ways = st.sampled_from(WAYS)


class AnyOrder(Stage, RuleBasedStateMachine):
    """Each rule is something that a person, a stranger, a reviewer, a vendor or an operator may do at any time."""

    tally: Tally
    opening: Way

    def teardown(self) -> None:
        try:
            self.tally.count(self.came_by)
            self.in_the_end_all_is_well()
        finally:
            self.forget()

    def in_the_end_all_is_well(self) -> None:
        """I34: nothing stays stuck past its time, and an honest person gets through whatever went before."""
        self.bomb.end = ""
        self.restart()
        self.order("faults/clear", {})
        for _ in range(2):  # a claim ends, then the session that it held
            self.wait(PAST_EVERYTHING_S)
            recover()
        assert not OnboardingSession.objects.exclude(state__in=FINAL).exists(), "a session is stuck past its time"
        self.complete(1, NUMBERS[0])
        if not self.is_linked(1, NUMBERS[0]):  # its key is another number's
            self.agree_to_move(1)
            self.enter_code(1, NUMBERS[0])
        assert self.is_linked(1, NUMBERS[0]), "I34: an honest person does not get through"
        self.the_ledger_is_clean()

    # --- The journey ---------------------------------------------------------------------------------------

    @initialize(number=numbers, neighbour=st.booleans())
    def somebody_is_on_the_way(self, number: str, neighbour: bool) -> None:
        if neighbour:
            self.complete(1, other(number))
        type(self).opening(self, 0, number)

    @rule(who=browsers, number=numbers, way=ways)
    def goes_one_of_the_ways(self, who: int, number: str, way: Way) -> None:
        way(self, who, number)

    @rule(who=browsers, number=numbers)
    def comes_as_far_as_the_code(self, who: int, number: str) -> None:
        self.visit(who, number)

    @rule(who=browsers, number=numbers)
    def completes(self, who: int, number: str) -> None:
        self.complete(who, number)

    @rule(who=browsers, number=numbers, tamper=tampers)
    def starts(self, who: int, number: str, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.starts(number, self._forged(tamper)))

    @rule(who=browsers)
    def runs_the_sdk(self, who: int) -> None:
        self.acts(who, lambda browser: browser.runs_the_sdk())

    @rule(who=browsers, tamper=tampers)
    def says_that_it_finished(self, who: int, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.posts("/device/", self._forged(tamper), script=True))

    @rule(who=browsers, tamper=tampers)
    def asks_for_a_text(self, who: int, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.posts("/code/send/", self._forged(tamper)))

    @rule(who=browsers, number=numbers, tamper=tampers)
    def types_the_code(self, who: int, number: str, tamper: dict[str, str]) -> None:
        code = self.code(number)
        self.acts(who, lambda browser: browser.posts("/code/", self._forged(tamper) | {"code": code}))

    @rule(who=browsers, code=st.sampled_from(("000000", "1234", "0000000000", "", "²²²²²²", "12345\x00", "9" * 50)))
    def types_another_code(self, who: int, code: str) -> None:
        self.acts(who, lambda browser: browser.posts("/code/", {"code": code}))

    @rule(who=browsers, tamper=tampers)
    def asks_for_the_bind(self, who: int, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.posts("/bind/", self._forged(tamper)))

    @rule(who=browsers, tamper=tampers)
    def moves_the_device(self, who: int, tamper: dict[str, str]) -> None:
        self.acts(who, lambda browser: browser.posts("/moved/", self._forged(tamper), script=True))

    @rule(who=browsers)
    def starts_anew(self, who: int) -> None:
        self.acts(who, lambda browser: browser.posts("/restart/"))

    @rule(who=browsers, path=st.sampled_from(PAGES))
    def opens_a_tab(self, who: int, path: str) -> None:
        before = len(self.lines)
        self.acts(who, lambda browser: browser.gets(path))
        assert self.lines[before:] == [], "T34: a GET reached a vendor"

    @rule(who=browsers, path=st.sampled_from(("/unlink/", "/unlink/others/")))
    def unlinks(self, who: int, path: str = "/unlink/") -> None:
        self.acts(who, lambda browser: browser.posts(path))
        assert path != "/unlink/" or self.browsers[who].linked_number_page() is None, "unlinked, and still linked"

    # --- What should not be done ----------------------------------------------------------------------------

    @precondition(lambda self: self.browsers[0].sent)
    @rule(who=browsers, which=st.integers(0, 999))
    def repeats_any_request(self, who: int, which: int) -> None:
        everything = [*self.browsers[0].sent, *self.browsers[1].sent]
        request = everything[which % len(everything)]
        self.browsers[who].typed |= {number for number in NUMBERS if request.fields.get("phone") == number}
        self.acts(who, lambda browser: browser.sends(request))

    @rule(who=browsers, path=st.sampled_from(PAGES), method=st.sampled_from(("put", "delete", "options", "head")))
    def uses_another_method(self, who: int, path: str, method: str) -> None:
        before = len(self.lines)
        self.acts(who, lambda browser: getattr(browser.client, method)(path))
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
        self.wait(seconds)

    @rule(who=browsers, number=numbers, after=st.booleans())
    def the_process_dies_at_the_bind(self, who: int, number: str, after: bool) -> None:
        self.die_at_the_bind(who, number, after=after)

    @rule(end=st.sampled_from(PATH_ENDS), after=st.booleans())
    def the_process_is_about_to_die(self, end: str, after: bool) -> None:
        self.bomb.arm(end, after=after)

    @rule()
    def the_process_is_restarted(self) -> None:
        self.restart()

    @rule(lost=st.booleans())
    def an_operator_recovers(self, lost: bool) -> None:
        """I36: twice is once. T78: it tells Prove of keys, and nothing else to anybody."""
        if lost:
            self.wait(LEASE_S)
        heard = self.happens("an operator", recover)
        self.bomb.end = ""
        heard += self.happens("an operator", recover)
        assert set(recover().values()) == {0}, "I36: there was something left to do"
        assert not {line.route for line in heard} & set(ledger.CALLS), "T78: recovery asked a vendor"

    @rule(who=browsers)
    def site_data_is_cleared(self, who: int) -> None:
        self.browsers[who].device.forget()

    # --- At the desk ----------------------------------------------------------------------------------------

    @precondition(lambda _: OnboardingSession.objects.exists())
    @rule(act=st.sampled_from(("approve", "decline", "reveal")), which=st.integers(0, 9), held=st.booleans())
    def a_reviewer_stamps_a_session(self, act: str, which: int, held: bool) -> None:
        rows = OnboardingSession.objects.order_by("created_at")
        waiting = list(rows.filter(state=State.IN_REVIEW, review=""))
        self._stamps(act, (waiting if held and waiting else list(rows)), which)

    @precondition(lambda _: Binding.objects.exists())
    @rule(act=st.sampled_from(("revoke", "reveal")), which=st.integers(0, 9))
    def a_reviewer_stamps_a_link(self, act: str, which: int) -> None:
        self._stamps(act, list(Binding.objects.order_by("pk")), which)
        for browser in self.browsers:
            assert _holds(browser.linked_number_page()), "revoked, and still linked"

    def _stamps(self, act: str, rows: Any, which: int) -> None:
        """I29: whatever a reviewer does, no session moves, and Prove hears at most of a key to forget."""
        before = list(OnboardingSession.objects.order_by("pk").values_list("state", "version"))
        heard = self.stamp(act, rows[which % len(rows)])
        assert {line.route for line in heard} <= {"prove.device_revoke", "prove.token"}, "I29: a vendor was asked"
        after = list(OnboardingSession.objects.order_by("pk").values_list("state", "version"))
        assert before == after, "I29: a reviewer moved a session"

    # --- What must hold -------------------------------------------------------------------------------------

    @invariant()
    def all_holds(self) -> None:
        """For those who did something since they were last judged: each leaves what it saw."""
        if any(browser.seen for browser in self.browsers):
            self.the_ledger_is_clean()
            self.who_is_linked_was_linked_by_prove()
            self.nobody_sees_anothers_number_or_any_flows_id()
            self.the_diary_tells_the_state()
        for browser in self.browsers:
            browser.seen.clear()

    def the_ledger_is_clean(self) -> None:
        ledger.judge(self.lines)
        ledger.judge_budgets(self.lines)

    def who_is_linked_was_linked_by_prove(self) -> None:
        for browser in (browser for browser in self.browsers if browser.seen):
            page = browser.linked_number_page()
            if page is not None:
                yes = ledger.linked_numbers(each for each in self.lines if each.who == browser.name)
                assert _numbers_on(page) <= yes, "I10, I11: linked without Prove's yes"
                assert _holds(page), "linked by nothing"

    def nobody_sees_anothers_number_or_any_flows_id(self) -> None:
        ids = {str(each.facts["correlationId"]) for each in self.lines if "correlationId" in each.facts}
        for browser in self.browsers:
            for shown in browser.seen:
                assert not any(each in shown for each in ids), "I05: a correlationId left"
                for number in set(NUMBERS) - browser.typed:
                    assert not any(spelling in shown for spelling in SPELLINGS[number]), "I20: another's number"
        assert not set(self.browsers[0].tokens) & set(self.browsers[1].tokens), "I06: an authToken for two"

    def the_diary_tells_the_state(self) -> None:
        for session in OnboardingSession.objects.prefetch_related("events"):
            state, version = "", 0
            for event in (event for event in session.events.all() if event.version is not None):
                assert (event.from_state, event.version) == (state, version + 1), "I15: a gap in the diary"
                assert not state or may_transition(State(state), State(event.to_state)), "I15: not in the table"
                state, version = event.to_state, version + 1
            assert (state, version) == (session.state, session.version), "I15: the diary tells another state"

    def _forged(self, tamper: dict[str, str]) -> dict[str, str]:
        ids = [str(each.facts["correlationId"]) for each in self.lines if "correlationId" in each.facts]
        return {name: value.format(correlationId=ids[0] if ids else "") for name, value in tamper.items()}


def _numbers_on(page: str) -> set[str]:
    shown = {number for number in NUMBERS if SPELLINGS[number][2] in page}
    assert len(shown) == 1
    return shown


def _holds(page: str | None) -> bool:
    return page is None or Binding.objects.filter(number__in=_numbers_on(page), confirmed=True).exists()
