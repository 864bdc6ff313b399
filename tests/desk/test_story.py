"""A session's page as a story: words, related sessions, and the vendors' ids for a ticket."""

import uuid
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from onboarding.domain.states import State
from onboarding.models import Binding, Event, OnboardingSession
from onboarding.telemetry.observation import subject
from tests.desk.test_admin import BINDINGS, SESSIONS, a_binding, a_session, detail, shown
from tests.desk.test_lists import listed
from tests.desk.test_reviews import WHY, ada, desk, url_of
from tests.journey.visitor import Visitor

__all__ = ["ada", "desk"]


def test_a_session_is_told_in_words_with_its_reasons_and_what_comes_next(desk: Client) -> None:
    session = a_session(state=State.IN_REVIEW, failure_reasons={"9137": "fwd", "9999": "something new"})
    page = shown(desk, detail(session))
    begun = f"Begun on {session.created_at:%Y-%m-%d %H:%M:%S} UTC with the number •••• 0101 (US)."
    for words in (
        begun,
        "It stands at: Held for a reviewer.",
        "calls are forwarded; something new",
        "until a reviewer decides",
    ):
        assert words in page
    session.review = "approved"
    session.save()
    assert "within 24 hours of that" in shown(desk, detail(session))


def test_a_number_at_the_desk_is_no_call_link(desk: Client) -> None:
    assert '<meta name="format-detection" content="telephone=no">' in desk.get(detail(a_session())).content.decode()


def test_the_timeline_has_words_times_and_the_time_since_the_beginning(desk: Client) -> None:
    session = a_session()
    Event.objects.create(name="device:asked", session=session, at=session.created_at + timedelta(seconds=75))
    Event.objects.create(name="of another release", session=session, at=session.created_at)
    page = shown(desk, detail(session))
    assert "Asked Prove about the device" in page and ">1:15<" in page and "UTC" in page
    assert "of another release" in page


def test_the_desk_has_one_clock_whatever_the_time_zone_of_the_project(desk: Client) -> None:
    begun = datetime(2026, 11, 30, 22, 4, 5, tzinfo=UTC)
    right = begun + timedelta(minutes=10)
    session = a_session(created_at=begun, approved_at=right, state=State.IN_REVIEW)
    link = a_binding(created_at=begun)
    with timezone.override("Asia/Tokyo"):
        for page in (SESSIONS, detail(session), BINDINGS, detail(link)):
            assert "2026-11-30 22:04:05 UTC" in shown(desk, page) and ">None<" not in shown(desk, page)
        assert "2026-11-30 22:14:05 UTC" in shown(desk, detail(session))
        User.objects.update(is_superuser=True)
        logged_in = User.objects.get(username="ada").last_login
        assert f"{logged_in:%Y-%m-%d %H:%M:%S} UTC" in shown(desk, reverse("admin:people"))


def test_the_arrow_of_a_move_points_as_the_language_is_read(desk: Client) -> None:
    session = a_session()
    Event.objects.create(name="device:asked", session=session, from_state="starting", to_state="started")
    assert "Starting → Device check under way" in shown(desk, detail(session))
    arabic = desk.get(detail(session), headers={"accept-language": "ar"}).content.decode()
    assert " ← " in arabic and " → " not in arabic


def test_related_sessions_are_counted_and_linked(desk: Client) -> None:
    journey = uuid.uuid4()
    session = a_session(device_id="key-1", journey=journey)
    by_number, by_key = a_session(), a_session(number="+12025550102", device_id="key-1")
    by_journey = a_session(number="+12025550103", journey=journey)
    page = shown(desk, detail(session))
    for name, title, other in (
        ("number", "same number", by_number),
        ("key", "same key", by_key),
        ("journey", "same browser&#x27;s journey", by_journey),
    ):
        query = f"?same_{name}_as={session.pk}"
        assert f'href="../../{query}">{title}: 1<' in page
        assert set(listed(desk, SESSIONS + query)) == {session.pk, other.pk}
    assert f'href="../../?block={session.block_hash}">same block of numbers: 3<' in page


def test_sessions_of_one_account_and_of_one_address_are_related(desk: Client) -> None:
    first, second = a_binding(), a_binding(number="+12025550102", device_id="key-2")
    Binding.objects.update(user=first.user)
    linked = a_session(binding=first, address_hash="home")
    other_number = a_session(number="+12025550102", binding=second, address_hash="work")
    with_its_key = a_session(number="+12025550103", device_id="key-2", state=State.IN_REVIEW, address_hash="home")
    stranger = a_session(number="+442079460000", address_hash="")
    for session, of_the_account in ((linked, {other_number}), (with_its_key, {linked, other_number})):
        query = f"?same_account_as={session.pk}"
        assert f'href="../../{query}">same account: {len(of_the_account)}<' in shown(desk, detail(session))
        assert set(listed(desk, SESSIONS + query)) == {linked.pk, other_number.pk}
    query = f"?same_address_as={linked.pk}"
    assert f'href="../../{query}">same IP address: 1, held: 1<' in shown(desk, detail(linked))
    assert set(listed(desk, SESSIONS + query)) == {linked.pk, with_its_key.pk}
    page = shown(desk, detail(stranger))
    assert "same account: 0" in page and "same IP address" not in page
    assert listed(desk, f"{SESSIONS}?same_account_as={stranger.pk}") == []


def test_people_who_begin_at_one_address_are_related_and_the_address_is_not_stored(db: None) -> None:
    home, other_home = ("2001:db8::1:1", "2001:db8::2:2"), ("2001:db8:0:1::1",)
    for n, address in enumerate((*home, *other_home)):
        Visitor(address).starts(f"+1201555010{n}")
    hashes = list(OnboardingSession.objects.order_by("created_at").values_list("address_hash", flat=True))
    assert hashes[0] == hashes[1] != hashes[2]
    assert all(len(each) == 64 for each in hashes)
    assert "2001:db8" not in str(list(OnboardingSession.objects.values()))


def test_related_sessions_say_how_many_were_held_or_declined(desk: Client) -> None:
    session = a_session()
    assert "same number: 0" in shown(desk, detail(session))
    for state in (State.IN_REVIEW, State.IN_REVIEW, State.DECLINED, State.STARTED):
        a_session(state=state)
    assert ">same number: 4, held: 2, declined: 1<" in shown(desk, detail(session))


def test_the_vendors_ids_are_shown_on_demand_and_that_is_logged(desk: Client) -> None:
    session = a_session(correlation_id="correlation-1", verification_sid="VE" + "1" * 32)
    ids = ["correlation-1", "VE" + "1" * 32, str(session.client_request_id), subject(session.number)]
    answer = desk.post(url_of(session, "ids"), {"reason": WHY})
    ids += ["Prove: correlationId", "Twilio: Verification SID"]
    assert all(each in answer.content.decode() for each in ids) and "no-store" in answer["Cache-Control"]
    for page in (desk.get(url_of(session, "ids")).content.decode(), shown(desk, detail(session))):
        assert not any(each in page for each in ids)
    assert [(event.name, event.facts) for event in session.events.all()] == [("ids:revealed", {"reason": WHY})]
