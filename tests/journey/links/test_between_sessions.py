"""Rules across sessions: several people per number, devices per person, numbers per device, lost answers."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from onboarding.desk import reviews
from onboarding.domain.states import State
from onboarding.journey import unlinking
from onboarding.models import Binding, OnboardingSession, ProveKey, of_number
from onboarding.operations.recovery import recover
from tests.crashes import during
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

RECYCLED = "+12025550103"  # the sandbox gives its next owner a new proveId
PLAIN, OTHER = "+12015550123", "+12015550199"
READINGS = pytest.mark.parametrize("reading", ["of_number", "of_key"])
STATUS = "prove.unify_status"


def revoked_keys(sandbox: Sandbox) -> list[str]:
    """Return the deviceIds that Prove was asked to revoke."""
    return [str(call["deviceId"]) for call in sandbox.calls("prove.device_revoke")]


def returns(visitor: Visitor, number: str) -> str:
    """Start again in the same browser without cookies, with its Prove Key; return the path of the next page."""
    visitor.client.cookies.clear()
    return visitor.starts(number).path


def is_logged_in(visitor: Visitor) -> bool:
    return visitor.opens("/done/").path == "/done/"


def latest() -> OnboardingSession:
    return OnboardingSession.objects.latest("created_at")


# --- Recycled numbers --------------------------------------------------------------------------------------------


@READINGS
def test_a_former_owner_is_not_logged_in_when_the_number_has_a_new_owner(
    visitor: Visitor, sandbox: Sandbox, reading: str
) -> None:
    sandbox.set_switches(recycled_prove_id=reading)
    visitor.links(RECYCLED, RECYCLED)
    newcomer = Visitor()
    newcomer.links(RECYCLED, RECYCLED)
    assert returns(visitor, RECYCLED) != "/done/"
    assert not is_logged_in(visitor)
    assert is_logged_in(newcomer)
    assert Binding.objects.get(confirmed=True).user == User.objects.latest("pk")


@READINGS
def test_a_link_by_a_new_owner_revokes_the_former_owners_key_at_prove(
    visitor: Visitor, sandbox: Sandbox, reading: str
) -> None:
    sandbox.set_switches(recycled_prove_id=reading)
    visitor.links(RECYCLED, RECYCLED)
    key = Binding.objects.get().device_id
    Visitor().links(RECYCLED, RECYCLED)
    assert ProveKey.objects.get(device_id=key).tell_prove_at is not None
    returns(visitor, RECYCLED)
    assert revoked_keys(sandbox) == [key]


@READINGS
def test_a_former_owner_who_has_the_number_back_is_linked_by_a_code(
    visitor: Visitor, sandbox: Sandbox, later: Later, reading: str
) -> None:
    sandbox.set_switches(recycled_prove_id=reading)
    visitor.links(RECYCLED, RECYCLED)
    Visitor().links(RECYCLED, RECYCLED)
    later(3600)
    sandbox.advance(3600)
    assert returns(visitor, RECYCLED) == "/moved/"
    assert "is not linked" in visitor.page.text
    assert visitor.rebinds().path == "/code/"
    assert visitor.types_code(visitor.code(RECYCLED)).path == "/done/"
    assert Binding.objects.filter(of_number(RECYCLED), confirmed=True).count() == 1


def test_a_key_that_prove_gives_to_another_person_needs_a_code(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    key = Binding.objects.get().device_id
    body = {"success": "true", "proveId": "another", "phoneNumber": PLAIN, "deviceId": key}
    sandbox.inject_fault(STATUS, "answer", body=body)
    assert returns(visitor, PLAIN) == "/moved/"
    assert latest().failure_reasons.keys() == {"key_of_another_person"}
    assert Binding.objects.get(confirmed=True).prove_id != "another"


def test_a_key_that_prove_gives_to_another_number_of_the_same_person_needs_consent_and_a_code(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.links(PLAIN, PLAIN)
    linked = Binding.objects.get()
    body = {"success": "true", "proveId": linked.prove_id, "phoneNumber": OTHER, "deviceId": linked.device_id}
    sandbox.inject_fault(STATUS, "answer", body=body, times=1)
    assert returns(visitor, OTHER) == "/moved/"
    assert not is_logged_in(visitor)
    assert Binding.objects.get(confirmed=True) == linked
    assert visitor.rebinds().path == "/code/"
    assert visitor.types_code(visitor.code(OTHER)).path == "/done/"


@pytest.mark.parametrize("act", ["/unlink/others/", "/unlink/", ""])
def test_a_key_whose_bind_was_lost_is_not_recognised_if_its_number_has_another_device(
    visitor: Visitor, sandbox: Sandbox, act: str
) -> None:
    thief = Visitor()
    thief.starts(PLAIN)
    sandbox.inject_fault("prove.unify_bind", "lost", times=1)
    thief.types_code(thief.code(PLAIN))
    visitor.links(PLAIN, PLAIN)
    if act:
        visitor.submits(act)
    assert returns(thief, PLAIN) == "/moved/"
    assert latest().failure_reasons.keys() == {"key_unknown"}
    assert not is_logged_in(thief)
    assert thief.rebinds().path == "/code/"


# --- Revoked keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["status", "refuse", "html"])
def test_an_unlinked_device_is_not_recognised_while_prove_was_not_told(
    visitor: Visitor, sandbox: Sandbox, fault: str
) -> None:
    visitor.links(PLAIN, PLAIN)
    thief = Visitor()
    thief.links(PLAIN, PLAIN)
    sandbox.inject_fault("prove.device_revoke", fault)
    visitor.submits("/unlink/others/")
    texts = len(visitor.messages(PLAIN))
    assert returns(thief, PLAIN) == "/moved/"
    assert len(visitor.messages(PLAIN)) == texts
    assert ProveKey.objects.get(revoked_at__isnull=False).tell_prove_at is not None
    assert not is_logged_in(thief)


def test_a_revoke_that_prove_does_not_know_of_is_owed_until_prove_confirms_it(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    visitor.links(PLAIN, PLAIN)
    key = Binding.objects.get().device_id
    sandbox.inject_fault("prove.device_revoke", "status")
    visitor.submits("/unlink/")
    later(60)
    returns(visitor, PLAIN)
    visitor.rebinds()
    assert visitor.types_code(visitor.code(PLAIN)).path == "/done/"
    assert ProveKey.objects.get(device_id=key).tell_prove_at is not None
    later(1200)
    recover()
    assert ProveKey.objects.get(device_id=key).tell_prove_at is not None
    sandbox.clear_faults()
    later(1200)
    assert recover()["revokes told"] == 1
    assert ProveKey.objects.filter(tell_prove_at__isnull=False).count() == 0


def test_a_recognition_that_began_before_the_unlink_does_not_outlive_it(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    thief = Visitor()
    thief.links(PLAIN, PLAIN)
    thief.client.cookies.clear()
    owners = Binding.objects.earliest("pk")
    with during("unify-status", lambda: unlinking.unlink_others(binding=owners)):
        assert thief.starts(PLAIN).path == "/moved/"
    assert not is_logged_in(thief)
    assert Binding.objects.get(confirmed=True) == owners


def test_a_code_in_a_flow_from_before_the_unlink_does_not_link_the_key_again(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.links(PLAIN, PLAIN)
    binding = Binding.objects.get()
    visitor.starts(OTHER)
    visitor.rebinds()
    code = visitor.code(OTHER)
    unlinking.unlink(binding=binding)
    assert visitor.types_code(code).path != "/done/"
    assert not Binding.objects.filter(confirmed=True).exists()


def test_a_bind_in_progress_during_an_unlink_is_revoked_at_prove(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    binding = Binding.objects.get()
    visitor.starts(OTHER)
    visitor.rebinds()
    code = visitor.code(OTHER)
    sandbox.inject_fault("prove.device_revoke", "status")
    with during("unify-bind", lambda: unlinking.unlink(binding=binding)):
        assert visitor.types_code(code).path == "/moved/"
    assert not Binding.objects.filter(confirmed=True).exists()
    key = ProveKey.objects.get(device_id=binding.device_id)
    assert key.revoked_at and key.tell_prove_at


def test_a_key_is_linked_again_by_a_code_in_a_flow_from_after_the_unlink(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    visitor.links(PLAIN, PLAIN)
    sandbox.inject_fault("prove.device_revoke", "status")
    visitor.submits("/unlink/")
    later(60)
    assert returns(visitor, PLAIN) == "/moved/"
    assert visitor.rebinds().path == "/code/"
    assert visitor.types_code(visitor.code(PLAIN)).path == "/done/"
    assert returns(visitor, PLAIN) == "/done/"


def test_unlinking_all_other_devices_is_one_step_even_if_prove_hangs(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    visitor.links(PLAIN, PLAIN)
    for _ in range(3):
        later(12 * 3600)
        sandbox.advance(12 * 3600)
        Visitor().links(PLAIN, PLAIN)
    returns(visitor, PLAIN)
    sandbox.inject_fault("prove.device_revoke", "refuse")
    visitor.submits("/unlink/others/")
    assert Binding.objects.filter(confirmed=True).count() == 1
    assert ProveKey.objects.filter(tell_prove_at__isnull=False).count() == 3
    assert len(revoked_keys(sandbox)) == 1


# --- Holds and declines ------------------------------------------------------------------------------------------

BIND_ANSWERS = {
    "held": {"risk": {"result": "fail", "failureReasons": {"9135": "SIM swap"}}},
    "declined": {"risk": {"result": "fail", "failureReasons": {"9134": "VoIP"}}},
}


def binds_against_the_policy(visitor: Visitor, sandbox: Sandbox, number: str, kind: str) -> None:
    """Bind, where Prove ties the key but gives a reason that the policy does not accept."""
    visitor.starts(number)
    code = visitor.code(number)
    sandbox.inject_fault("prove.unify_bind", "amend", body={"evaluation": BIND_ANSWERS[kind]}, times=1)
    assert visitor.types_code(code).path == "/unverified/"


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("kind", BIND_ANSWERS)
def test_a_hold_or_a_decline_at_the_bind_also_counts_for_the_next_tries(
    visitor: Visitor, sandbox: Sandbox, kind: str, told: bool
) -> None:
    if not told:
        sandbox.inject_fault("prove.device_revoke", "status")
    binds_against_the_policy(visitor, sandbox, PLAIN, kind)
    for again in (visitor, Visitor()):
        again.client.cookies.clear()
        assert again.starts(PLAIN).path == "/unverified/"
        assert not is_logged_in(again)
    assert not Binding.objects.exists()
    assert len(visitor.messages(PLAIN)) == 1


@pytest.mark.parametrize("kind", BIND_ANSWERS)
def test_a_key_that_prove_tied_against_the_policy_is_revoked_at_prove(
    visitor: Visitor, sandbox: Sandbox, later: Later, kind: str
) -> None:
    sandbox.inject_fault("prove.device_revoke", "status", times=1)
    binds_against_the_policy(visitor, sandbox, PLAIN, kind)
    key = latest().device_id
    assert ProveKey.objects.get(device_id=key).tell_prove_at is not None
    later(60)
    recover()
    assert revoked_keys(sandbox)[-1] == key
    assert ProveKey.objects.get(device_id=key).tell_prove_at is None


def test_a_bind_about_another_number_is_revoked_and_does_not_pass_by_trying_again(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.starts(PLAIN)
    code = visitor.code(PLAIN)
    sandbox.inject_fault("prove.unify_bind", "amend", body={"phoneNumber": OTHER}, times=1)
    assert visitor.types_code(code).path == "/unverified/"
    assert len(revoked_keys(sandbox)) == 1
    assert returns(visitor, PLAIN) == "/unverified/"
    assert not Binding.objects.exists()


def test_a_hold_expires(visitor: Visitor, sandbox: Sandbox, later: Later) -> None:
    binds_against_the_policy(visitor, sandbox, PLAIN, "held")
    later(31 * 24 * 3600)
    sandbox.advance(31 * 24 * 3600)
    visitor.client.cookies.clear()
    assert visitor.starts(PLAIN).path == "/code/"


@pytest.mark.parametrize("kind", BIND_ANSWERS)
def test_a_hold_or_a_decline_outlives_a_shorter_retention(
    visitor: Visitor, sandbox: Sandbox, later: Later, settings: Any, kind: str
) -> None:
    settings.RETENTION_DAYS = 7
    binds_against_the_policy(visitor, sandbox, PLAIN, kind)
    later(29 * 24 * 3600)
    sandbox.advance(29 * 24 * 3600)
    recover()
    assert Visitor().starts(PLAIN).path == "/unverified/"
    later(2 * 24 * 3600)
    recover()
    assert not OnboardingSession.objects.filter(approved_at__isnull=False).exists()


def test_a_hold_does_not_affect_a_linked_device(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    binds_against_the_policy(Visitor(), sandbox, PLAIN, "held")
    assert returns(visitor, PLAIN) == "/done/"


def test_a_hold_in_another_browser_before_any_code_does_not_affect_the_owner(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    stranger = Visitor()
    sandbox.inject_fault(STATUS, "answer", body={"success": "false", "evaluation": BIND_ANSWERS["held"]}, times=1)
    assert stranger.starts(PLAIN).path == "/unverified/"
    assert visitor.starts(PLAIN).path == "/code/"


# --- Clearances --------------------------------------------------------------------------------------------------


@pytest.fixture
def reviewer(db: None) -> User:
    return User.objects.create(username="ada", is_staff=True)


def test_a_clearance_counts_once_in_its_own_browser(
    visitor: Visitor, sandbox: Sandbox, reviewer: User, later: Later
) -> None:
    binds_against_the_policy(visitor, sandbox, PLAIN, "held")
    reviews.approve(session=latest(), by=reviewer, reason="called back")
    later(60)
    visitor.opens("/unverified/")
    visitor.starts(PLAIN)
    code = visitor.code(PLAIN)
    sandbox.inject_fault("prove.unify_bind", "amend", body={"evaluation": BIND_ANSWERS["held"]}, times=1)
    assert visitor.types_code(code).path == "/done/"
    visitor.submits("/unlink/")
    later(60)
    visitor.starts(PLAIN)
    code = visitor.code(PLAIN)
    sandbox.inject_fault("prove.unify_bind", "amend", body={"evaluation": BIND_ANSWERS["held"]}, times=1)
    assert visitor.types_code(code).path == "/unverified/"


def test_a_clearance_does_not_count_in_another_browser(
    visitor: Visitor, sandbox: Sandbox, reviewer: User, later: Later
) -> None:
    binds_against_the_policy(visitor, sandbox, PLAIN, "held")
    reviews.approve(session=latest(), by=reviewer, reason="called back")
    later(60)
    stranger = Visitor()
    stranger.starts(PLAIN)
    code = stranger.code(PLAIN)
    sandbox.inject_fault("prove.unify_bind", "amend", body={"evaluation": BIND_ANSWERS["held"]}, times=1)
    assert stranger.types_code(code).path == "/unverified/"


@pytest.mark.parametrize("kind", BIND_ANSWERS)
def test_a_reviewers_decline_stands_for_every_browser_and_an_approval_ends_it(
    visitor: Visitor, sandbox: Sandbox, reviewer: User, kind: str
) -> None:
    binds_against_the_policy(visitor, sandbox, PLAIN, kind)
    bound = latest()
    if kind == "held":
        reviews.decline(session=bound, by=reviewer, reason="fraud")
        assert Visitor().starts(PLAIN).path == "/unverified/"
        assert latest().state == State.DECLINED
    else:
        reviews.approve(session=bound, by=reviewer, reason="a mistake")
        assert Visitor().starts(PLAIN).path == "/code/"


@pytest.mark.parametrize("kind", BIND_ANSWERS)
def test_an_approval_of_a_session_that_an_earlier_decline_stopped_lets_its_person_go_on(
    visitor: Visitor, sandbox: Sandbox, reviewer: User, later: Later, kind: str
) -> None:
    binds_against_the_policy(visitor, sandbox, PLAIN, kind)
    declined = latest()
    if kind == "held":
        reviews.decline(session=declined, by=reviewer, reason="fraud")
    owner, stranger = Visitor(), Visitor()
    assert owner.starts(PLAIN).path == "/unverified/"
    reviews.approve(session=latest(), by=reviewer, reason="the owner called")
    later(60)
    assert stranger.starts(PLAIN).path == "/unverified/"
    owner.opens("/unverified/")
    assert owner.starts(PLAIN).path == "/code/"
    assert owner.types_code(owner.code(PLAIN)).path == "/done/"
    declined.refresh_from_db()
    assert declined.review != "approved" and not is_logged_in(visitor)


# --- A "true" without what it must name --------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["deviceId", "phoneNumber"])
def test_a_true_without_a_key_or_a_number_logs_nobody_in(visitor: Visitor, sandbox: Sandbox, missing: str) -> None:
    body = {"success": "true", "proveId": "p", "phoneNumber": PLAIN, "deviceId": "key"}
    del body[missing]
    sandbox.inject_fault(STATUS, "answer", body=body)
    for stranger in (visitor, Visitor()):
        stranger.opens()
        stranger.fetches("/start/", phone=PLAIN)
        stranger.fetches("/device/")
        assert not is_logged_in(stranger)
    assert not User.objects.exists()


def test_a_true_that_echoes_another_request_logs_nobody_in(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    sandbox.inject_fault(STATUS, "amend", body={"clientRequestId": "of another person"}, times=1)
    assert returns(visitor, PLAIN) == "/unverified/"
