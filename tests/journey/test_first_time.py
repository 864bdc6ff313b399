"""A new person's journey: number, device check, code, bind."""

import pytest
from django.contrib.auth.models import User

from onboarding.domain.states import State
from onboarding.models import Binding, OnboardingSession
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor, wrong

NUMBER, E164 = "201 555 0123", "+12015550123"


def the_session() -> OnboardingSession:
    return OnboardingSession.objects.get()


def test_a_new_number_gets_a_code_and_is_linked_by_it(visitor: Visitor, sandbox: Sandbox) -> None:
    assert visitor.starts(NUMBER).path == "/code/"
    assert visitor.types_code(visitor.code(E164)).path == "/done/"
    assert "Your number is linked" in visitor.page.text
    assert [call["success"] for call in sandbox.calls("prove.unify_bind")] == ["true"]
    assert the_session().state == State.BOUND


def test_the_person_is_then_a_user_whose_otp_device_is_the_prove_key(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    binding = Binding.objects.get()
    assert binding.user == User.objects.get()
    assert not binding.user.has_usable_password()
    assert visitor.opens("/done/").path == "/done/"
    assert visitor.client.session["otp_device_id"] == binding.persistent_id


def test_a_known_key_needs_no_code_and_no_bind(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, E164)
    visitor.client.cookies.clear()
    assert visitor.starts(NUMBER).path == "/done/"
    assert len(visitor.messages(E164)) == 1
    assert len(sandbox.calls("prove.unify_bind")) == 1
    assert Binding.objects.count() == User.objects.count() == 1


def test_a_second_device_of_the_same_person_is_linked_to_the_same_user(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, E164)
    other = Visitor()
    other.links(NUMBER, E164)
    assert other.page.path == "/done/"
    assert User.objects.count() == 1
    assert Binding.objects.filter(confirmed=True).count() == 2


def test_a_number_with_another_prove_id_belongs_to_another_user_and_ends_the_first_binding(visitor: Visitor) -> None:
    recycled = "+12025550103"
    visitor.links(recycled, recycled)
    first = Binding.objects.get()
    other = Visitor()
    other.links(recycled, recycled)
    second = Binding.objects.exclude(pk=first.pk).get()
    first.refresh_from_db()
    assert second.prove_id != first.prove_id
    assert second.user != first.user
    assert not first.confirmed
    assert visitor.opens("/done/").path == "/"


def test_a_wrong_code_gets_a_message_and_the_right_one_still_works(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    page = visitor.types_code(wrong(code))
    assert page.path == "/code/" and "That code isn&#x27;t right" in page.text.replace("'", "&#x27;")
    assert sandbox.calls("prove.unify_bind") == []
    assert visitor.types_code(code).path == "/done/"


@pytest.mark.parametrize("typed", ["{0} {1}", "{0}-{1}", " {0}{1} "])
def test_a_code_may_be_typed_with_spaces_and_dashes(visitor: Visitor, typed: str) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    assert visitor.types_code(typed.format(code[:3], code[3:])).path == "/done/"


def test_after_five_wrong_codes_the_right_one_is_refused(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    for _ in range(5):
        visitor.types_code(wrong(code))
    assert "last try" in visitor.page.text
    visitor.submits("/code/", code=code)
    assert len(sandbox.calls("twilio.verification_check")) == 5
    assert sandbox.calls("prove.unify_bind") == []


def test_unlinking_logs_out_at_once_and_revokes_the_key_at_prove(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, E164)
    assert "unlinked" in visitor.submits("/unlink/").text
    assert visitor.opens("/done/").path == "/"
    assert len(sandbox.calls("prove.device_revoke")) == 1
    assert visitor.starts(NUMBER).path == "/code/"


def test_unlinking_takes_effect_here_even_if_prove_cannot_be_reached(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, E164)
    sandbox.inject_fault("prove.device_revoke", "refuse")
    visitor.submits("/unlink/")
    assert visitor.opens("/done/").path == "/"
    assert Binding.objects.get().events.last().name == "binding:revoke_unanswered"  # type: ignore[union-attr]
