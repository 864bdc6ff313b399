"""Returning people: a browser remembers a number only on request, and never shows it whole."""

import re
import uuid

from django.core import signing

from onboarding.models import Binding
from onboarding.web import logins
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Page, Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"


def taps_continue(visitor: Visitor) -> Page:
    return visitor.finishes(visitor.fetches("/recall/").json())


def test_nobody_is_remembered_without_asking_for_it(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    assert "Welcome back" not in visitor.opens().text


def test_a_remembered_person_is_recognized_with_one_tap(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    del visitor.client.cookies["sessionid"]
    page = re.sub(r'<input type="hidden"[^>]*>', "", visitor.opens().text)  # random ids
    assert "Welcome back" in page and "555" not in page and "0123" not in page
    assert taps_continue(visitor).path == "/done/"
    assert "555-0123" not in visitor.page.text and "ending in" in visitor.page.text
    assert len(visitor.messages(E164)) == 1


def test_a_remembered_number_is_not_shown_whole_on_the_code_page_either(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    visitor.client.cookies.pop("sessionid")
    visitor.device.forget()
    visitor.opens()
    page = taps_continue(visitor)
    assert page.path == "/code/" and "your number ending in 23" in page.text and "555" not in page.text


def test_a_remembered_person_on_the_code_page_can_only_start_over(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    visitor.client.cookies.pop("sessionid")
    visitor.device.forget()
    visitor.opens()
    page = taps_continue(visitor).text
    assert "Use a different number" not in page and "Not you? Start over" in page
    assert "Welcome back" in visitor.submits("/restart/").text


def test_not_you_forgets_the_number(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    assert visitor.submits("/forget/").path == "/"
    assert "Welcome back" not in visitor.page.text
    assert visitor.fetches("/recall/").json() == {"next": "/done/"}


def test_unlinking_forgets_the_number_too(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    visitor.submits("/unlink/")
    assert "Welcome back" not in visitor.opens().text


def test_a_forged_cookie_is_ignored(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, E164)
    stranger = Visitor()
    stranger.client.cookies[logins.REMEMBERED] = str(Binding.objects.get().public_id)
    assert "Welcome back" not in stranger.opens().text
    assert stranger.fetches("/recall/").json() == {"next": "/"}


def test_the_cookie_names_the_binding_by_what_no_other_binding_will_ever_have(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    visitor.submits("/remember/")
    assert uuid.UUID(visitor.client.cookies[logins.REMEMBERED].value.split(":")[0]).version == 4


def test_a_cookie_that_names_a_binding_in_another_way_is_ignored(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    signer = signing.get_cookie_signer(salt=logins.REMEMBERED + "onboarding")  # as cookies were signed before 0.1.0
    visitor.client.cookies[logins.REMEMBERED] = signer.sign(str(Binding.objects.get().pk))
    assert "Welcome back" not in visitor.opens().text


def test_a_rebind_that_prove_could_not_start_shows_the_error_first_and_stays_offered(
    visitor: Visitor, sandbox: Sandbox
) -> None:
    visitor.links(NUMBER, E164)
    visitor.starts("201 555 0199")
    sandbox.inject_fault("prove.unify", "status", status=503)
    visitor.fetches("/moved/")
    page = visitor.opens().text
    assert re.search(r"<title>\s*Error: This device is linked to another number", page)
    assert page.index("Nothing is lost") < page.index("<h1>") < page.index("Move this device to my number")


def test_a_lost_device_can_be_unlinked_from_another_device(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    newer = Visitor()
    newer.links(NUMBER, E164)
    assert "Unlink my other device" in newer.page.text
    page = newer.submits("/unlink/others/").text
    assert "Unlink my other" not in page and "linked to this device alone now" in page
    assert "alone now" not in newer.opens("/done/").text
    assert visitor.opens("/done/").path == "/"
    assert newer.opens("/done/").path == "/done/"


def test_the_page_says_before_each_button_what_unlinking_changes(visitor: Visitor) -> None:
    visitor.links(NUMBER, E164)
    newer = Visitor()
    page = newer.links(NUMBER, E164).text
    for act, words in (("/unlink/", "no longer recognize you"), ("/unlink/others/", "ask for a code again")):
        before = page[: page.index(f'action="{act}"')]
        assert words in before[before.rindex("<details>") :]
