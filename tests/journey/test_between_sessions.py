"""What holds between sessions: several people per number, devices per person, numbers per device, lost answers."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from onboarding.desk import reviews
from onboarding.domain.states import State
from onboarding.journey import unlinking
from onboarding.models import Binding, OnboardingSession, ProveKey
from onboarding.operations.recovery import recover
from tests.crashes import meanwhile
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

RECYCLED = "+12025550103"  # the sandbox gives its next owner a new proveId
PLAIN, OTHER = "+12015550123", "+12015550199"
READINGS = pytest.mark.parametrize("reading", ["of_number", "of_key"])
STATUS = "prove.unify_status"


def revoked_keys(sandbox: Sandbox) -> list[str]:
    """The deviceIds that Prove was asked to revoke."""
    return [str(call["deviceId"]) for call in sandbox.calls("prove.device_revoke")]


def comes_again(visitor: Visitor, number: str) -> str:
    """The same browser without cookies, with its Prove Key. Returns the path where it is led."""
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
    sandbox.turn(recycled_prove_id=reading)
    visitor.links(RECYCLED, RECYCLED)
    newcomer = Visitor()
    newcomer.links(RECYCLED, RECYCLED)
    assert comes_again(visitor, RECYCLED) != "/done/"
    assert not is_logged_in(visitor)
    assert is_logged_in(newcomer)
    assert Binding.objects.get(confirmed=True).user == User.objects.latest("pk")


@READINGS
def test_a_newcomers_link_has_the_former_owners_key_revoked_at_prove(
    visitor: Visitor, sandbox: Sandbox, reading: str
) -> None:
    sandbox.turn(recycled_prove_id=reading)
    visitor.links(RECYCLED, RECYCLED)
    key = Binding.objects.get().device_id
    Visitor().links(RECYCLED, RECYCLED)
    assert ProveKey.objects.get(device_id=key).tell_prove_at is not None
    comes_again(visitor, RECYCLED)
    assert revoked_keys(sandbox) == [key]


@READINGS
def test_a_former_owner_who_has_the_number_back_is_linked_by_a_code(
    visitor: Visitor, sandbox: Sandbox, later: Callable[[int], None], reading: str
) -> None:
    sandbox.turn(recycled_prove_id=reading)
    visitor.links(RECYCLED, RECYCLED)
    Visitor().links(RECYCLED, RECYCLED)
    later(3600)
    sandbox.advance(3600)
    assert comes_again(visitor, RECYCLED) == "/moved/"
    assert "unlinked" in visitor.page.text
    assert visitor.moves_the_device().path == "/code/"
    assert visitor.types_code(visitor.code(RECYCLED)).path == "/done/"
    assert Binding.objects.filter(number=RECYCLED, confirmed=True).count() == 1


def test_a_key_that_prove_gives_to_another_person_needs_a_code(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    key = Binding.objects.get().device_id
    body = {"success": "true", "proveId": "another", "phoneNumber": PLAIN, "deviceId": key}
    sandbox.has(STATUS, "answer", body=body)
    assert comes_again(visitor, PLAIN) == "/moved/"
    assert latest().failure_reasons.keys() == {"key_of_another_person"}
    assert Binding.objects.get(confirmed=True).prove_id != "another"


# --- Revoked keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["status", "refuse", "html"])
def test_an_unlinked_device_is_not_recognised_while_prove_was_not_told(
    visitor: Visitor, sandbox: Sandbox, fault: str
) -> None:
    visitor.links(PLAIN, PLAIN)
    thief = Visitor()
    thief.links(PLAIN, PLAIN)
    sandbox.has("prove.device_revoke", fault)
    visitor.submits("/unlink/others/")
    texts = len(visitor.messages(PLAIN))
    assert comes_again(thief, PLAIN) == "/moved/"
    assert len(visitor.messages(PLAIN)) == texts
    assert ProveKey.objects.get(revoked_at__isnull=False).tell_prove_at is not None
    assert not is_logged_in(thief)


def test_a_debt_to_prove_is_paid_by_prove_alone(
    visitor: Visitor, sandbox: Sandbox, later: Callable[[int], None]
) -> None:
    visitor.links(PLAIN, PLAIN)
    key = Binding.objects.get().device_id
    sandbox.has("prove.device_revoke", "status")
    visitor.submits("/unlink/")
    later(60)
    comes_again(visitor, PLAIN)
    visitor.moves_the_device()
    assert visitor.types_code(visitor.code(PLAIN)).path == "/done/"
    assert ProveKey.objects.get(device_id=key).tell_prove_at is not None
    later(1200)
    recover()
    assert ProveKey.objects.get(device_id=key).tell_prove_at is not None
    sandbox.is_well()
    later(1200)
    assert recover()["revokes told"] == 1
    assert ProveKey.objects.filter(tell_prove_at__isnull=False).count() == 0


def test_a_recognition_that_began_before_the_unlink_does_not_outlive_it(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    thief = Visitor()
    thief.links(PLAIN, PLAIN)
    thief.client.cookies.clear()
    owners = Binding.objects.earliest("pk")
    with meanwhile("unify-status", lambda: unlinking.unlink_others(binding=owners)):
        assert thief.starts(PLAIN).path == "/moved/"
    assert not is_logged_in(thief)
    assert Binding.objects.get(confirmed=True) == owners


def test_a_code_in_a_flow_from_before_the_unlink_does_not_link_the_key_again(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.links(PLAIN, PLAIN)
    binding = Binding.objects.get()
    visitor.starts(OTHER)
    visitor.moves_the_device()
    code = visitor.code(OTHER)
    unlinking.unlink(binding=binding)
    assert visitor.types_code(code).path != "/done/"
    assert not Binding.objects.filter(confirmed=True).exists()


def test_a_bind_under_way_during_an_unlink_is_revoked_at_prove(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    binding = Binding.objects.get()
    visitor.starts(OTHER)
    visitor.moves_the_device()
    code = visitor.code(OTHER)
    sandbox.has("prove.device_revoke", "status")
    with meanwhile("unify-bind", lambda: unlinking.unlink(binding=binding)):
        assert visitor.types_code(code).path == "/moved/"
    assert not Binding.objects.filter(confirmed=True).exists()
    key = ProveKey.objects.get(device_id=binding.device_id)
    assert key.revoked_at and key.tell_prove_at


def test_a_key_is_linked_again_by_a_code_in_a_flow_from_after_the_unlink(
    visitor: Visitor, sandbox: Sandbox, later: Callable[[int], None]
) -> None:
    visitor.links(PLAIN, PLAIN)
    sandbox.has("prove.device_revoke", "status")
    visitor.submits("/unlink/")
    later(60)
    assert comes_again(visitor, PLAIN) == "/moved/"
    assert visitor.moves_the_device().path == "/code/"
    assert visitor.types_code(visitor.code(PLAIN)).path == "/done/"
    assert comes_again(visitor, PLAIN) == "/done/"


def test_unlinking_all_other_devices_is_one_step_even_if_prove_hangs(
    visitor: Visitor, sandbox: Sandbox, later: Callable[[int], None]
) -> None:
    visitor.links(PLAIN, PLAIN)
    for _ in range(3):
        later(12 * 3600)
        sandbox.advance(12 * 3600)
        Visitor().links(PLAIN, PLAIN)
    comes_again(visitor, PLAIN)
    sandbox.has("prove.device_revoke", "refuse")
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
    """Prove ties the key, and gives a reason that the policy does not accept."""
    visitor.starts(number)
    code = visitor.code(number)
    sandbox.has("prove.unify_bind", "amend", body={"evaluation": BIND_ANSWERS[kind]}, times=1)
    assert visitor.types_code(code).path == "/unverified/"


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("kind", BIND_ANSWERS)
def test_trying_again_does_not_pass_a_hold_or_a_decline_at_the_bind(
    visitor: Visitor, sandbox: Sandbox, kind: str, told: bool
) -> None:
    if not told:
        sandbox.has("prove.device_revoke", "status")
    binds_against_the_policy(visitor, sandbox, PLAIN, kind)
    for again in (visitor, Visitor()):
        again.client.cookies.clear()
        assert again.starts(PLAIN).path == "/unverified/"
        assert not is_logged_in(again)
    assert not Binding.objects.exists()
    assert len(visitor.messages(PLAIN)) == 1


@pytest.mark.parametrize("kind", BIND_ANSWERS)
def test_a_key_that_prove_tied_against_the_policy_is_revoked_at_prove(
    visitor: Visitor, sandbox: Sandbox, later: Callable[[int], None], kind: str
) -> None:
    sandbox.has("prove.device_revoke", "status", times=1)
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
    sandbox.has("prove.unify_bind", "amend", body={"phoneNumber": OTHER}, times=1)
    assert visitor.types_code(code).path == "/unverified/"
    assert len(revoked_keys(sandbox)) == 1
    assert comes_again(visitor, PLAIN) == "/unverified/"
    assert not Binding.objects.exists()


def test_a_hold_ends_with_its_time(visitor: Visitor, sandbox: Sandbox, later: Callable[[int], None]) -> None:
    binds_against_the_policy(visitor, sandbox, PLAIN, "held")
    later(31 * 24 * 3600)
    sandbox.advance(31 * 24 * 3600)
    visitor.client.cookies.clear()
    assert visitor.starts(PLAIN).path == "/code/"


def test_a_hold_does_not_touch_a_device_that_is_linked(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    binds_against_the_policy(Visitor(), sandbox, PLAIN, "held")
    assert comes_again(visitor, PLAIN) == "/done/"


def test_a_strangers_hold_before_any_code_does_not_hold_up_the_owner(visitor: Visitor, sandbox: Sandbox) -> None:
    stranger = Visitor()
    sandbox.has(STATUS, "answer", body={"success": "false", "evaluation": BIND_ANSWERS["held"]}, times=1)
    assert stranger.starts(PLAIN).path == "/unverified/"
    assert visitor.starts(PLAIN).path == "/code/"


# --- Clearances --------------------------------------------------------------------------------------------------


@pytest.fixture
def reviewer(db: None) -> User:
    return User.objects.create(username="ada", is_staff=True)


def test_a_clearance_lets_its_own_browser_through_once(
    visitor: Visitor, sandbox: Sandbox, reviewer: User, later: Callable[[int], None]
) -> None:
    binds_against_the_policy(visitor, sandbox, PLAIN, "held")
    reviews.approve(session=latest(), by=reviewer, reason="called back")
    later(60)
    visitor.opens("/unverified/")
    visitor.starts(PLAIN)
    code = visitor.code(PLAIN)
    sandbox.has("prove.unify_bind", "amend", body={"evaluation": BIND_ANSWERS["held"]}, times=1)
    assert visitor.types_code(code).path == "/done/"
    visitor.submits("/unlink/")
    later(60)
    visitor.starts(PLAIN)
    code = visitor.code(PLAIN)
    sandbox.has("prove.unify_bind", "amend", body={"evaluation": BIND_ANSWERS["held"]}, times=1)
    assert visitor.types_code(code).path == "/unverified/"


def test_a_clearance_lets_no_other_browser_through(
    visitor: Visitor, sandbox: Sandbox, reviewer: User, later: Callable[[int], None]
) -> None:
    binds_against_the_policy(visitor, sandbox, PLAIN, "held")
    reviews.approve(session=latest(), by=reviewer, reason="called back")
    later(60)
    stranger = Visitor()
    stranger.starts(PLAIN)
    code = stranger.code(PLAIN)
    sandbox.has("prove.unify_bind", "amend", body={"evaluation": BIND_ANSWERS["held"]}, times=1)
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


# --- What a "true" has to name -----------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["deviceId", "phoneNumber"])
def test_a_true_without_a_key_or_a_number_logs_nobody_in(visitor: Visitor, sandbox: Sandbox, missing: str) -> None:
    body = {"success": "true", "proveId": "p", "phoneNumber": PLAIN, "deviceId": "key"}
    del body[missing]
    sandbox.has(STATUS, "answer", body=body)
    for stranger in (visitor, Visitor()):
        stranger.opens()
        stranger.asks("/start/", phone=PLAIN)
        stranger.asks("/device/")
        assert not is_logged_in(stranger)
    assert not User.objects.exists()


def test_a_true_that_echoes_another_request_logs_nobody_in(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(PLAIN, PLAIN)
    sandbox.has(STATUS, "amend", body={"clientRequestId": "of another person"}, times=1)
    assert comes_again(visitor, PLAIN) == "/unverified/"
