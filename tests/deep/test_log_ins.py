"""People, devices and numbers change hands in any order, and nobody is logged in without a code or a key of theirs."""

import re
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from onboarding.desk import reviews
from onboarding.domain.errors import StaleState
from onboarding.journey import unlinking
from onboarding.models import Binding, OnboardingSession, of_number
from onboarding.operations.recovery import recover
from tests.deep.any_order.faults import later
from tests.deep.any_order.log_ins import LogIns
from tests.deep.conftest import DEEP, report, share
from tests.device import DeviceFailed, through
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor, wrong

RECYCLED, PLAIN, OTHER = "+12025550103", "+12015550123", "+12015550199"
NUMBERS = {"0103": RECYCLED, "0123": PLAIN, "0199": OTHER}  # by their last digits, as a page shows them
NAMES = ("Ada", "Ben", "Cleo")
BINDS = ("prove.unify_status", "prove.unify_bind")
FAULTS = {
    "lost": {"kind": "lost", "times": 1},
    "refused": {"kind": "refuse", "times": 1},
    "no device": {"kind": "amend", "times": 1, "body": {"deviceId": None}},
    "no person": {"kind": "amend", "times": 1, "body": {"proveId": None}},
    "another number": {"kind": "amend", "times": 1, "body": {"phoneNumber": "+12015550177"}},
}
PROFILE = settings(
    max_examples=share(deep=2000, quick=10),
    stateful_step_count=10,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
names, numbers = st.sampled_from(NAMES), st.sampled_from(sorted(NUMBERS.values()))


class People(RuleBasedStateMachine):
    """Three people with a device each. Each can read the texts to all numbers, as owners did who follow each other."""

    reading: str
    log_ins_seen = 0

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example._from_testcase = True  # type: ignore[attr-defined]  # as Django marks its own around a test
        self.example.__enter__()
        self.sandbox = Sandbox()
        self.sandbox._post("reset", {})
        self.sandbox.set_switches(recycled_prove_id=self.reading)
        self.visitors = {name: Visitor() for name in NAMES}
        self.judge = LogIns(recycled=frozenset({RECYCLED}))
        self.flow_of: dict[str, str] = {}  # the number of the flow that a browser has

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    # --- Scripts, which chance alone would seldom find ------------------------------------------------------------

    @rule(name=names, number=numbers, how=st.sampled_from(["unlinks", "is unlinked", "is revoked"]), told=st.booleans())
    def is_unlinked_and_returns(self, name: str, number: str, how: str, told: bool) -> None:
        self.links(name, number)
        if not told:
            self.prove_revokes_nothing()
        if how == "unlinks":
            self.unlinks(name)
        elif how == "is revoked":
            self.a_reviewer_revokes_a_link(name)
        else:
            other = next(each for each in NAMES if each != name)
            self.links(other, number)
            self.keeps_only_this_device(other)
        self.returns_in_a_new_profile_with_the_same_key(name, number)

    @rule(pair=st.permutations(NAMES), number=numbers)
    def a_number_gets_a_new_owner(self, pair: list[str], number: str) -> None:
        former, newcomer = pair[:2]
        self.links(former, number)
        self.links(newcomer, number)
        self.returns_in_a_new_profile_with_the_same_key(former, number)

    @rule(name=names, pair=st.permutations(sorted(NUMBERS.values())))
    def moves_to_another_number(self, name: str, pair: list[str]) -> None:
        self.links(name, pair[0])
        self.links(name, pair[1])
        self.returns_in_a_new_profile_with_the_same_key(name, pair[0])

    # --- What people do -----------------------------------------------------------------------------------------

    @rule(name=names, number=numbers)
    def starts(self, name: str, number: str) -> None:
        self._starts(name, number)

    @rule(name=names, number=numbers)
    def links(self, name: str, number: str) -> None:
        self._starts(name, number)
        self._agrees(name)
        self._types_the_code(name)

    @rule(name=names, number=numbers)
    def returns_in_a_new_profile_with_the_same_key(self, name: str, number: str) -> None:
        self.visitors[name].client.cookies.clear()
        self._starts(name, number)

    @rule(name=names)
    def agrees_to_relink(self, name: str) -> None:
        self._agrees(name)

    @rule(name=names)
    def types_the_code(self, name: str) -> None:
        self._types_the_code(name)

    @rule(name=names)
    def types_a_wrong_code(self, name: str) -> None:
        visitor, number = self.visitors[name], self.flow_of.get(name)
        if number and visitor.opens("/").path == "/code/" and visitor.messages(number):
            visitor.types_code(wrong(visitor.code(number)))

    @rule(name=names)
    def unlinks(self, name: str) -> None:
        if self._number_of(name):
            self.visitors[name].submits("/unlink/")
            self.judge.is_revoked(name)

    @rule(name=names)
    def keeps_only_this_device(self, name: str) -> None:
        number, others = self._number_of(name), set[str]()
        if number:
            others = self.judge.devices_of(number) - {name}
            if self.visitors[name].submits("/unlink/others/").path != "/done/":
                return  # asked to prove the device first
        for other in others:
            self.judge.is_revoked(other)

    # --- What others do -----------------------------------------------------------------------------------------

    @rule(name=names)
    def a_reviewer_revokes_a_link(self, name: str) -> None:
        number = self._number_of(name)
        for binding in Binding.objects.filter(of_number(number), confirmed=True) if number else ():
            unlinking.unlink(binding=binding, reason="by a reviewer")
        for device in self.judge.devices_of(number or ""):
            self.judge.is_revoked(device)

    @rule(lifts=st.booleans())
    def a_reviewer_decides(self, lifts: bool) -> None:
        reviewer = None
        for session in OnboardingSession.objects.filter(state="in_review", review=""):
            try:
                (reviews.approve if lifts else reviews.decline)(session=session, by=reviewer, reason="seen")  # type: ignore[arg-type]
            except StaleState:
                continue

    @rule(route=st.sampled_from(BINDS), fault=st.sampled_from(sorted(FAULTS)))
    def prove_errs(self, route: str, fault: str) -> None:
        self.sandbox.inject_fault(route, **FAULTS[fault])  # type: ignore[arg-type]

    @rule()
    def prove_revokes_nothing(self) -> None:
        self.sandbox.inject_fault("prove.device_revoke", "status")

    @rule()
    def prove_is_well(self) -> None:
        self.sandbox.clear_faults()

    @rule(minutes=st.sampled_from([1, 11, 40]))
    def time_passes(self, minutes: int) -> None:
        later(minutes * 60)
        self.sandbox.advance(minutes * 60)

    @rule()
    def recovers(self) -> None:
        recover()

    # --- The rule -----------------------------------------------------------------------------------------------

    @invariant()
    def nobody_is_logged_in_without_a_proof(self) -> None:
        for name in NAMES:
            if number := self._number_of(name):
                type(self).log_ins_seen += 1
                assert self.judge.may_be_logged_in(name, number), f"{name} is logged in with {number}"

    def _number_of(self, name: str) -> str | None:
        """Return the number that the browser is logged in with, as its page says."""
        answer = self.visitors[name].client.get("/done/")
        if answer.status_code != 200:
            return None
        shown = re.search(r'class="number">(.*?)</b', answer.content.decode())
        digits = re.sub("[^0-9]", "", shown[1]) if shown else ""
        return next(number for end, number in NUMBERS.items() if end.endswith(digits[-2:]))

    def _starts(self, name: str, number: str) -> None:
        visitor = self.visitors[name]
        visitor.opens()
        answer = visitor.fetches("/start/", phone=number)
        if answer.status_code == 200 and "auth_token" in answer.json():
            self.judge.flow_begins(name)
            self.flow_of[name] = number
            self._runs_the_sdk(name, answer.json()["auth_token"])

    def _agrees(self, name: str) -> None:
        visitor = self.visitors[name]
        if visitor.opens("/").path == "/moved/":
            answer = visitor.fetches("/moved/")
            if answer.status_code == 200 and "auth_token" in answer.json():
                self.judge.flow_begins(name)
                self._runs_the_sdk(name, answer.json()["auth_token"])

    def _runs_the_sdk(self, name: str, auth_token: str) -> None:
        visitor = self.visitors[name]
        if runs(visitor, auth_token):
            answer = visitor.fetches("/device/")
            if answer.status_code == 200:
                visitor.opens(answer.json()["next"])

    def _types_the_code(self, name: str) -> None:
        visitor, number = self.visitors[name], self.flow_of.get(name)
        if not number or visitor.opens("/").path != "/code/":
            return
        sent = [message["code"] for message in visitor.messages(number) if message["code"]]
        if sent:
            binds = len(self.sandbox.calls("prove.unify_bind"))
            visitor.types_code(str(sent[0]))
            calls = self.sandbox.calls("prove.unify_bind")
            if len(calls) > binds and calls[-1]["effect"]:
                self.judge.code_is_right(name, number)


def runs(visitor: Visitor, auth_token: str) -> bool:
    """Let the Web SDK run. Return whether its finish step ran."""
    try:
        return visitor.device.authenticate(auth_token, through(visitor.client))
    except DeviceFailed:
        return False


@pytest.mark.parametrize("reading", ["of_number", "of_key"])
def test_nobody_is_logged_in_without_a_code_or_a_key_that_is_theirs(db: None, settings: Any, reading: str) -> None:
    settings.ALLOWED_COUNTRIES, settings.LIMITS_WATCH_ONLY = ["US"], True
    machine: type[People] = type("Machine", (People,), {"reading": reading, "log_ins_seen": 0})
    run_state_machine_as_test(machine if DEEP else seed(1)(machine), settings=PROFILE)
    assert machine.log_ins_seen > PROFILE.max_examples
    report(f"log-ins: {PROFILE.max_examples} examples, {machine.log_ins_seen} log-ins, {connection.vendor}, {reading}")
