"""Rebinds: Prove says 9101, the device's key belongs to another number, and the person may move it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from onboarding.conf import conf
from onboarding.desk import reviews
from onboarding.domain.states import State
from onboarding.models import Binding, Event, OnboardingSession, of_number
from onboarding.operations.recovery import recover
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

FIRST, SECOND = "+12015550123", "+12015550199"


def test_a_device_linked_to_another_number_is_offered_a_rebind_and_no_text_is_sent(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.links(FIRST, FIRST)
    page = visitor.starts(SECOND)
    assert page.path == "/moved/" and "linked to another number" in page.text
    assert FIRST[-4:] not in page.text
    assert visitor.messages(SECOND) == []


def test_a_rebind_needs_a_code_and_revokes_the_old_binding(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    assert visitor.rebinds().path == "/code/"
    assert visitor.types_code(visitor.code(SECOND)).path == "/done/"
    assert [call["rebind"] for call in sandbox.calls("prove.unify")] == [False, False, True]
    assert [(b.number, b.confirmed) for b in Binding.objects.order_by("created_at")] == [
        (FIRST, False),
        (SECOND, True),
    ]
    rebound = OnboardingSession.objects.get(rebind=True)
    assert rebound.previous is not None and rebound.previous.state == State.SUPERSEDED


def test_a_rebind_needs_9101_in_the_same_session(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.starts(FIRST)
    assert visitor.fetches("/moved/").json() == {"next": "/code/"}
    visitor.fetches("/start/", phone=SECOND, rebind="true")
    assert not any(call["rebind"] for call in sandbox.calls("prove.unify"))


def test_an_offered_rebind_starts_once(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    assert "auth_token" in visitor.fetches("/moved/").json()
    assert "next" in visitor.fetches("/moved/").json()
    assert len(sandbox.calls("prove.unify")) == 3


def test_a_rebind_that_prove_could_not_start_is_still_offered(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    sandbox.inject_fault("prove.unify", "refuse", times=2)
    for _ in range(2):
        assert visitor.fetches("/moved/").status_code == 503
        page = visitor.opens("/moved/")
        assert page.path == "/moved/" and "Nothing is lost" in page.text
    assert visitor.rebinds().path == "/code/"
    assert visitor.types_code(visitor.code(SECOND)).path == "/done/"


@pytest.fixture
def overtaken(visitor: Visitor) -> Visitor:
    """A visitor with the code of FIRST, whose device was linked to SECOND meanwhile, by a session of its own."""
    other = Visitor()
    other.device = visitor.device
    visitor.starts(FIRST)
    other.links(SECOND, SECOND)
    return visitor


def test_a_key_that_got_another_number_before_the_bind_is_offered_a_rebind(overtaken: Visitor) -> None:
    page = overtaken.types_code(overtaken.code(FIRST))
    assert page.path == "/moved/" and "linked to another number" in page.text
    assert Binding.objects.get(confirmed=True).number == SECOND
    assert Visitor().starts(FIRST).path == "/code/"  # the number is not held


def test_such_a_rebind_needs_another_code(overtaken: Visitor, later: Later) -> None:
    overtaken.types_code(overtaken.code(FIRST))
    later(60)
    assert overtaken.rebinds().path == "/code/"
    assert overtaken.types_code(overtaken.code(FIRST)).path == "/done/"
    assert Binding.objects.get(confirmed=True).number == FIRST


def test_a_declined_rebind_changes_nothing(visitor: Visitor) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    assert visitor.submits("/restart/").path == "/"
    assert visitor.starts(FIRST).path == "/done/"


# --- The security text to the old number -------------------------------------------------------------------------


def rebinds_to(visitor: Visitor, to: str) -> None:
    """Move this browser's key to the number `to`."""
    visitor.starts(to)
    confirms_rebind(visitor, to)


def confirms_rebind(visitor: Visitor, to: str) -> None:
    """Agree on the page that offers the rebind, and type the code."""
    visitor.opens("/moved/")
    visitor.rebinds()
    visitor.types_code(visitor.code(to))


def security_texts(visitor: Visitor, number: str) -> list[str]:
    return [message["body"] for message in visitor.messages(number) if not message["code"]]


def test_the_old_number_gets_a_text_without_the_new_number_and_the_new_number_gets_none(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.links(FIRST, FIRST)
    rebinds_to(visitor, SECOND)
    (text,) = security_texts(visitor, FIRST)
    assert "unlinked from a device" in text and SECOND[-4:] not in text
    assert security_texts(visitor, SECOND) == []
    assert Event.objects.get(name="notice:sent").binding == Binding.objects.get(of_number(FIRST))


def test_the_text_names_the_brand_and_the_support_page_in_the_language_of_the_first_link(
    visitor: Visitor, sandbox: Sandbox, settings: Any
) -> None:
    settings.BRAND_NAME, settings.SUPPORT_URL = "Acme", "https://example.com/help"
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    visitor.links(FIRST, FIRST)
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    rebinds_to(visitor, SECOND)
    (text,) = security_texts(visitor, FIRST)
    assert re.fullmatch(r"Acme: Ihre Nummer .* https://example\.com/help", text)


def test_the_text_is_sent_once_and_only_after_the_bind(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    visitor.rebinds()
    assert sandbox.calls("twilio.message") == []
    visitor.types_code(visitor.code(SECOND))
    visitor.client.cookies.clear()
    assert visitor.starts(SECOND).path == "/done/"
    assert len(sandbox.calls("twilio.message")) == 1


def test_a_bind_answer_without_a_key_links_nobody_and_needs_a_review(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    visitor.rebinds()
    sandbox.inject_fault("prove.unify_bind", "answer", body={"success": "true", "proveId": "p", "phoneNumber": SECOND})
    assert visitor.types_code(visitor.code(SECOND)).path == "/unverified/"
    assert [(b.number, b.confirmed) for b in Binding.objects.all()] == [(FIRST, True)]
    assert security_texts(visitor, FIRST) == []


def test_a_first_link_and_a_return_send_no_security_text(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(FIRST, FIRST)
    visitor.client.cookies.clear()
    visitor.starts(FIRST)
    assert sandbox.calls("twilio.message") == []


@pytest.mark.parametrize("kind", ["refuse", "lost", "html", "types", "status", "huge"])
def test_a_failed_security_text_is_logged_not_repeated_and_does_not_stop_the_rebind(
    visitor: Visitor, sandbox: Sandbox, kind: str
) -> None:
    visitor.links(FIRST, FIRST)
    sandbox.inject_fault("twilio.message", kind)
    rebinds_to(visitor, SECOND)
    assert visitor.page.path == "/done/"
    event = Event.objects.get(name="notice:unanswered")
    assert event.facts["operation"] == "twilio-messaging.Messages.json"
    assert len(sandbox.calls("twilio.message")) == 1


def test_without_a_sender_no_security_text_is_sent(visitor: Visitor, sandbox: Sandbox, settings: Any) -> None:
    settings.TWILIO_SENDER = ""
    visitor.links(FIRST, FIRST)
    rebinds_to(visitor, SECOND)
    assert visitor.page.path == "/done/" and sandbox.calls("twilio.message") == []


def test_the_sender_may_be_a_phone_number(visitor: Visitor, sandbox: Sandbox, settings: Any) -> None:
    settings.TWILIO_SENDER = "+12025550100"
    visitor.links(FIRST, FIRST)
    rebinds_to(visitor, SECOND)
    assert len(security_texts(visitor, FIRST)) == 1


# --- Cooling off -------------------------------------------------------------------------------------------------


THIRD = "+12015550177"


@pytest.fixture
def cooling_off(settings: Any) -> None:
    settings.REBIND_COOLING_OFF = timedelta(hours=24)


def hours_pass(hours: int) -> None:
    Binding.objects.update(created_at=F("created_at") - timedelta(hours=hours))


def is_refused(visitor: Visitor, number: str) -> bool:
    """Return whether the rebind is refused, although the request tries to override the settings."""
    visitor.starts(number)
    flows = OnboardingSession.objects.count()
    answer = visitor.fetches("/moved/", cooling_off="0", rebind="true", review="approved").json()
    return answer == {"next": "/moved/"} and OnboardingSession.objects.count() == flows


def test_a_key_cannot_be_rebound_again_within_the_cooling_off_time(
    visitor: Visitor, sandbox: Sandbox, cooling_off: None
) -> None:
    visitor.links(FIRST, FIRST)
    rebinds_to(visitor, SECOND)
    assert is_refused(visitor, THIRD)
    assert "moved only recently" in visitor.opens("/moved/").text
    assert Event.objects.get(name="rebind:too_soon").session == OnboardingSession.objects.latest("created_at")
    assert visitor.messages(THIRD) == []
    hours_pass(25)
    confirms_rebind(visitor, THIRD)
    assert visitor.page.path == "/done/"


@pytest.mark.parametrize("back", [FIRST, SECOND])
def test_neither_number_of_a_rebind_can_be_rebound_by_another_device_within_that_time(
    visitor: Visitor, cooling_off: None, back: str
) -> None:
    visitor.links(FIRST, FIRST)
    rebinds_to(visitor, SECOND)
    other = Visitor()
    other.links(THIRD, THIRD)
    assert is_refused(other, back)
    hours_pass(25)
    confirms_rebind(other, back)
    assert other.page.path == "/done/"


def test_a_rebind_back_to_the_old_number_is_too_soon_even_without_cookies(visitor: Visitor, cooling_off: None) -> None:
    visitor.links(FIRST, FIRST)
    rebinds_to(visitor, SECOND)
    visitor.client.cookies.clear()
    assert is_refused(visitor, FIRST)


def test_the_cooling_off_time_outlives_a_shorter_retention_of_links(
    visitor: Visitor, sandbox: Sandbox, later: Later, settings: Any
) -> None:
    settings.REBIND_COOLING_OFF, settings.LINK_RETENTION_DAYS = timedelta(days=7), 2
    visitor.links(FIRST, FIRST)
    rebinds_to(visitor, SECOND)
    visitor.client.cookies.clear()
    later(6 * 24 * 3600)
    recover()
    assert is_refused(visitor, FIRST)
    later(2 * 24 * 3600)
    recover()
    assert Binding.objects.get().number == SECOND


def test_a_first_rebind_need_not_wait(visitor: Visitor, cooling_off: None) -> None:
    visitor.links(FIRST, FIRST)
    rebinds_to(visitor, SECOND)
    assert visitor.page.path == "/done/"


def test_there_is_no_cooling_off_time_unless_the_settings_set_one(visitor: Visitor) -> None:
    assert timedelta(0) == conf.REBIND_COOLING_OFF
    visitor.links(FIRST, FIRST)
    for number in (SECOND, FIRST, SECOND):
        rebinds_to(visitor, number)
        assert visitor.page.path == "/done/"


# --- Held for a reviewer -----------------------------------------------------------------------------------------


@pytest.fixture
def reviewed(settings: Any) -> None:
    settings.REBIND_REVIEW = True


def test_a_rebind_waits_for_a_reviewer_and_goes_on_after_their_approval(
    visitor: Visitor, sandbox: Sandbox, reviewed: None, django_user_model: Any
) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    assert visitor.fetches("/moved/", review="approved").json() == {"next": "/unverified/"}
    held = OnboardingSession.objects.latest("created_at")
    assert held.state == State.IN_REVIEW and list(held.failure_reasons) == ["9101", "rebind"]
    assert not any(call["rebind"] for call in sandbox.calls("prove.unify"))
    assert Binding.objects.get(of_number(FIRST)).confirmed

    reviews.approve(session=held, by=django_user_model.objects.create(username="ada"), reason="called back")
    rebinds_to(visitor, SECOND)
    assert visitor.page.path == "/done/"
    assert [call["rebind"] for call in sandbox.calls("prove.unify")] == [False, False, False, True]


@pytest.mark.parametrize("person", ["the same", "another"])
def test_a_key_that_prove_gives_to_another_number_waits_for_a_reviewer_too(
    visitor: Visitor, sandbox: Sandbox, reviewed: None, person: str
) -> None:
    visitor.links(FIRST, FIRST)
    linked = Binding.objects.get()
    prove_id = linked.prove_id if person == "the same" else person
    body = {"success": "true", "proveId": prove_id, "phoneNumber": SECOND, "deviceId": linked.device_id}
    sandbox.inject_fault("prove.unify_status", "answer", body=body, times=1)
    assert visitor.starts(SECOND).path == "/moved/"
    assert visitor.fetches("/moved/").json() == {"next": "/unverified/"}
    assert Binding.objects.get(confirmed=True) == linked


def test_an_approval_for_one_number_allows_no_rebind_to_another(
    visitor: Visitor, reviewed: None, django_user_model: Any
) -> None:
    visitor.links(FIRST, FIRST)
    visitor.starts(SECOND)
    visitor.fetches("/moved/")
    held = OnboardingSession.objects.latest("created_at")
    reviews.approve(session=held, by=django_user_model.objects.create(username="ada"), reason="called back")
    visitor.starts(THIRD)
    assert visitor.fetches("/moved/").json() == {"next": "/unverified/"}
