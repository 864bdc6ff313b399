"""A person's data are exported, and erased with a receipt: afterwards no table has their number."""

import io
import json
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from onboarding.domain.phone import Number
from onboarding.domain.states import State
from onboarding.models import Binding, Case, Cell, Event, OnboardingSession, ProveKey, of_number
from onboarding.models.number import number_hash
from onboarding.operations.recovery import recover
from tests.crashes import Crash, crash_at
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

TYPED, NUMBER, OTHER = "201 555 0123", "+12015550123", "+12015550199"


def run(command: str, number: str = NUMBER) -> Any:
    out = io.StringIO()
    call_command(command, number, stdout=out)
    return json.loads(out.getvalue())


def dump() -> str:
    """Return all that the product's tables contain."""
    models: list[Any] = [*apps.get_app_config("proveflow").get_models(), User]
    return "\n".join(str(row) for model in models for row in model._default_manager.values())


def test_after_an_erasure_no_table_has_the_number_and_others_are_untouched(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(TYPED, NUMBER)
    visitor.submits("/unlink/")
    visitor.links(TYPED, NUMBER)
    (other := Visitor()).links("201 555 0199", OTHER)
    binding = Binding.objects.select_related("user").filter(of_number(NUMBER)).latest("pk")
    counted = Cell.objects.count()
    receipt = run("erase_subject")
    assert (receipt["links"], receipt["people"], receipt["revocations_owed"]) == (2, 1, 0)
    found = dump()
    for trace in (NUMBER, NUMBER[2:], number_hash(NUMBER), binding.prove_id, binding.device_id, binding.user.username):
        assert trace not in found
    assert number_hash(OTHER) in found and other.opens("/done/").path == "/done/"
    assert Cell.objects.count() == counted
    assert visitor.opens("/done/").path == "/"
    assert len(sandbox.calls("prove.device_revoke")) == 2
    assert Event.objects.get(name="subject:erased").facts == receipt
    assert visitor.starts(TYPED).path == "/code/"  # as anybody who is new


def test_a_revocation_that_prove_has_not_confirmed_stays_owed_and_then_goes(
    visitor: Visitor, sandbox: Sandbox, later: Later
) -> None:
    visitor.links(TYPED, NUMBER)
    sandbox.inject_fault("prove.device_revoke", "refuse")
    assert run("erase_subject")["revocations_owed"] == 1
    sandbox.clear_faults()
    later(3600)
    assert recover()["revokes told"] == 1
    assert not ProveKey.objects.exists()


@pytest.mark.parametrize("point", ["before revoke", "after revoke", "record binding:revoked", "record subject:erased"])
def test_an_erasure_that_was_killed_can_be_run_again(visitor: Visitor, point: str) -> None:
    visitor.links(TYPED, NUMBER)
    with crash_at(point), pytest.raises(Crash):
        run("erase_subject")
    run("erase_subject")
    assert number_hash(NUMBER) not in dump() and not Binding.objects.exists() and not OnboardingSession.objects.exists()
    assert Event.objects.filter(name="subject:erased").count() == 1


def test_a_session_that_is_at_a_vendor_is_not_erased_under_its_request(visitor: Visitor) -> None:
    visitor.starts(TYPED)
    OnboardingSession.objects.update(state=State.CHECKING_CODE)
    with pytest.raises(CommandError, match="at work"):
        run("erase_subject")
    assert OnboardingSession.objects.count() == 1


def test_all_spellings_of_a_phone_are_erased() -> None:
    assert Number("+5491123456789").spellings == Number("+541123456789").spellings
    assert Number("+5491123456789").spellings >= {"+5491123456789", "+541123456789"}
    assert Number(NUMBER).spellings == {NUMBER}


def test_an_export_has_all_of_one_number_and_nothing_of_another(visitor: Visitor) -> None:
    visitor.links(TYPED, NUMBER)
    Visitor().links("201 555 0199", OTHER)
    for session in OnboardingSession.objects.all():
        Case.objects.create(session=session, outcome="unclear")
    exported = run("export_subject")
    assert [row["number"] for row in exported["sessions"] + exported["links"]] == [NUMBER, NUMBER]
    assert {"flow:asked", "code:sent", "binding:made"} <= {event["name"] for event in exported["events"]}
    assert OTHER not in json.dumps(exported)
    binding = Binding.objects.get(of_number(NUMBER))
    [person], [key], [case] = exported["people"], exported["keys"], exported["cases"]
    assert (person["id"], person["name"]) == (binding.user_id, binding.user.get_username()) and person["last_login"]
    assert key["device_id"] == binding.device_id and case["outcome"] == "unclear"
    facts = Event.objects.get(name="subject:exported").facts
    assert (facts["sessions"], facts["links"]) == (1, 1) and NUMBER not in str(facts)


@pytest.mark.parametrize("command", ["export_subject", "erase_subject"])
def test_a_number_comes_from_the_standard_input_too_and_a_wrong_one_is_refused(
    db: None, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(NUMBER + "\n"))
    run(command, "-")
    for wrong in ("201 555 0123", "+1", "", "+12015550123x"):
        with pytest.raises(CommandError, match="E.164"):
            run(command, wrong)
