"""Log-ins end: with the link that they are by, after a time, and when the person logs out."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onboarding.journey import keys
from onboarding.models import Binding
from onboarding.web import logins
from tests.deep.any_order import desk
from tests.journey.visitor import Visitor

NUMBER, E164, OTHER_NUMBER, OTHER_E164 = "201 555 0123", "+12015550123", "201 555 0199", "+12015550199"
RECYCLED = "+12025550103"  # the sandbox gives its next owner a new proveId
MIDDLEWARE = "onboarding.web.logins.ended_logins"
Ahead = Callable[[timedelta], None]


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> Ahead:
    """Return a function that sets the database's clock ahead, as far as log-ins see it."""
    return lambda time: monkeypatch.setattr(logins, "Now", lambda: Now() + time)


def is_authenticated(browser: Visitor | Client) -> bool:
    """Return what Django says of the browser's user. The log-in page of the desk tells it."""
    client = browser.client if isinstance(browser, Visitor) else browser
    return "You are logged in, but not as a reviewer" in client.get("/admin/login/").content.decode()


def is_at_the_desk(reviewer: Client) -> bool:
    return reviewer.get("/admin/").status_code == 200


# --- The end of the link -----------------------------------------------------------------------------------------


def test_a_person_is_authenticated_until_they_unlink(visitor: Visitor) -> None:
    assert not is_authenticated(visitor)
    visitor.links(NUMBER, E164)
    assert is_authenticated(visitor)
    visitor.submits("/unlink/")
    assert not is_authenticated(visitor)


def test_nobody_is_authenticated_on_a_device_that_was_unlinked_from_another_one(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    newer = Visitor()
    newer.links(NUMBER, E164)
    newer.submits("/unlink/others/")
    assert not is_authenticated(visitor) and is_authenticated(newer)


def test_nobody_is_authenticated_by_a_binding_that_a_reviewer_revoked(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    desk.act(desk.reviewer(), "revoke", Binding.objects.get())
    assert not is_authenticated(visitor)


def test_nobody_is_authenticated_by_a_number_that_has_a_new_owner(visitor: Visitor) -> None:
    visitor.links(RECYCLED, RECYCLED)
    newcomer = Visitor()
    newcomer.links(RECYCLED, RECYCLED)
    assert not is_authenticated(visitor) and is_authenticated(newcomer)


def test_nobody_is_authenticated_by_a_revoked_key_though_its_binding_stands(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    keys.revoke([Binding.objects.get(confirmed=True).device_id])
    assert not is_authenticated(visitor) and visitor.opens("/done/").path == "/"


def test_nobody_is_authenticated_by_the_number_that_a_device_had_before(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    earlier = Client()
    earlier.cookies["sessionid"] = visitor.client.cookies["sessionid"].value
    visitor.client.cookies.clear()
    visitor.starts(NUMBER)
    visitor.starts(OTHER_NUMBER)
    assert is_authenticated(earlier)
    visitor.rebinds()
    assert visitor.types_code(visitor.code(OTHER_E164)).path == "/done/"
    assert not is_authenticated(earlier)


def test_a_deactivated_person_is_not_authenticated(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    User.objects.update(is_active=False)
    assert not is_authenticated(visitor)


def test_a_password_that_a_host_project_sets_ends_the_log_ins_of_before(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    user = User.objects.get()
    user.set_password("a password of another part of the project")
    user.save()
    assert not is_authenticated(visitor)


def test_all_browsers_with_the_same_log_in_lose_it_at_once(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    copy = Client()
    copy.cookies["sessionid"] = visitor.client.cookies["sessionid"].value
    assert is_authenticated(copy)
    Binding.objects.get().delete()
    assert not is_authenticated(copy) and not is_authenticated(visitor)


# --- The end of its time -----------------------------------------------------------------------------------------


def test_a_log_in_ends_after_the_idle_time(visitor: Visitor, settings: Any, ahead: Ahead) -> None:
    visitor.links(NUMBER, E164)
    ahead(settings.LOGIN_IDLE - timedelta(minutes=2))
    assert is_authenticated(visitor)
    ahead(2 * settings.LOGIN_IDLE - timedelta(minutes=4))
    assert is_authenticated(visitor)
    ahead(3 * settings.LOGIN_IDLE)
    assert not is_authenticated(visitor)


def test_a_log_in_ends_after_its_whole_time_however_much_it_is_used(
    visitor: Visitor, settings: Any, ahead: Ahead
) -> None:
    visitor.links(NUMBER, E164)
    steps = range(0, int(settings.LOGIN_LIFE.total_seconds()) + 3600, 1800)
    alive = []
    for seconds in steps:
        ahead(timedelta(seconds=seconds))
        alive.append(is_authenticated(visitor))
    assert alive == [timedelta(seconds=seconds) < settings.LOGIN_LIFE for seconds in steps]


def test_a_journey_under_way_goes_on_when_the_log_in_ends(visitor: Visitor, settings: Any, ahead: Ahead) -> None:
    visitor.links(NUMBER, E164)
    visitor.starts(OTHER_NUMBER)
    visitor.rebinds()
    ahead(settings.LOGIN_LIFE + timedelta(seconds=1))
    assert not is_authenticated(visitor)
    ahead(timedelta(0))
    assert visitor.types_code(visitor.code(OTHER_E164)).path == "/done/" and is_authenticated(visitor)


def test_a_recognition_begins_a_new_log_in(visitor: Visitor, settings: Any, ahead: Ahead) -> None:
    visitor.links(NUMBER, E164)
    ahead(settings.LOGIN_LIFE + timedelta(seconds=1))
    assert visitor.opens("/done/").path == "/"
    ahead(timedelta(0))
    assert visitor.starts(NUMBER).path == "/done/" and is_authenticated(visitor)


def test_a_reviewers_log_in_ends_as_peoples_do(db: None, settings: Any, ahead: Ahead) -> None:
    reviewer = desk.reviewer()
    assert is_at_the_desk(reviewer)
    ahead(settings.LOGIN_IDLE - timedelta(minutes=2))
    assert is_at_the_desk(reviewer)
    ahead(2 * settings.LOGIN_IDLE)
    assert not is_at_the_desk(reviewer)


def test_a_reviewer_who_logs_in_again_has_the_whole_time_again(db: None, settings: Any, ahead: Ahead) -> None:
    settings.LOGIN_LIFE = timedelta(minutes=50)
    reviewer = desk.reviewer()
    assert is_at_the_desk(reviewer)
    ahead(timedelta(minutes=40))
    assert desk.log_in(reviewer, "ada", desk.PASSWORD).status_code == 302
    assert is_at_the_desk(reviewer)
    ahead(timedelta(minutes=80))
    assert is_at_the_desk(reviewer)


# --- Before other devices are unlinked ---------------------------------------------------------------------------


def with_another_device(visitor: Visitor) -> Visitor:
    """Link the number on two devices; return the other one."""
    other = Visitor()
    for each in (other, visitor):
        each.links(NUMBER, E164)
    return other


def test_other_devices_are_unlinked_only_soon_after_a_proof(visitor: Visitor, settings: Any, ahead: Ahead) -> None:
    other = with_another_device(visitor)
    ahead(settings.STEP_UP + timedelta(minutes=1))
    assert visitor.submits("/unlink/others/").path == "/confirm/" and "Is it still you?" in visitor.page.text
    assert is_authenticated(other)


def test_after_a_new_proof_other_devices_are_unlinked(visitor: Visitor) -> None:
    other = with_another_device(visitor)
    make_older(visitor, timedelta(minutes=16))
    assert visitor.submits("/unlink/others/").path == "/confirm/"
    assert visitor.finishes(visitor.fetches("/confirm/").json()).path == "/done/"
    assert "linked to this device alone now" in visitor.submits("/unlink/others/").text
    assert not is_authenticated(other)
    assert len(visitor.messages(E164)) == 2


def make_older(visitor: Visitor, time: timedelta) -> None:
    """Let the log-in have begun and been used earlier."""
    session = visitor.client.session
    began, used, binding = session[logins.LOGIN_KEY]
    earlier = [(datetime.fromisoformat(each) - time).isoformat() for each in (began, used)]
    session[logins.LOGIN_KEY] = [*earlier, binding]
    session.save()


def test_the_check_of_a_device_is_for_people_who_are_logged_in(visitor: Visitor, db: None) -> None:
    assert visitor.opens("/confirm/").path == "/"
    assert desk.reviewer().get("/confirm/").status_code == 302


def test_without_the_script_the_check_of_the_device_says_what_is_missing(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    visitor.opens("/confirm/")
    assert visitor.submits("/confirm/").status == 400 and "<title>Error:" in visitor.page.text


# --- Logging out -------------------------------------------------------------------------------------------------


def test_a_person_logs_out_and_stays_linked(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    assert "Log out" in visitor.page.text
    key = visitor.client.cookies["sessionid"].value
    assert "You are logged out" in visitor.submits("/log-out/").text
    assert not is_authenticated(visitor)
    stolen = Client()
    stolen.cookies["sessionid"] = key
    assert not is_authenticated(stolen)
    assert "Forget my number" not in visitor.page.text
    assert visitor.starts(NUMBER).path == "/done/"


def test_logging_out_offers_to_forget_the_number_that_the_browser_remembers(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    assert "Log out" in visitor.opens("/").text
    page = visitor.submits("/log-out/").text
    assert "Forget my number in this browser" in page and "555-0123" not in page
    assert "Welcome back" in visitor.opens("/").text and "Log out" not in visitor.page.text
    visitor.submits("/forget/")
    assert "Welcome back" not in visitor.opens("/").text


def test_a_link_to_the_log_out_logs_nobody_out(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    visitor.opens("/log-out/")
    assert is_authenticated(visitor)


# --- What it costs -----------------------------------------------------------------------------------------------


def statements(visitor: Visitor, path: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        visitor.opens(path)
    return len(captured)


@pytest.mark.parametrize(("links", "path", "more"), [(False, "/", 0), (False, "/code/", 0), (True, "/done/", -1)])
def test_the_check_costs_no_statement_and_reads_person_and_binding_in_one(
    visitor: Visitor, settings: Any, links: bool, path: str, more: int
) -> None:
    if links:
        visitor.links(NUMBER, E164)
    else:
        visitor.starts(NUMBER)
    with_it = statements(visitor, path)
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != MIDDLEWARE]
    visitor.client.handler.load_middleware()
    assert with_it - statements(visitor, path) == more
