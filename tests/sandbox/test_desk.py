"""The phone on the desk, in Chromium: messages arrive while one looks, and everything can be done from the keyboard."""

from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from tests.sandbox.browser import SDK, SETUP, Sdk
from tests.sandbox.world import World

ADA = "+12025550101"
PHONE = "Phone +1 202-555-0101"

pytestmark = pytest.mark.xdist_group("sdk")


@pytest.fixture
def desk(chromium: Browser, alone: World) -> Iterator[Page]:
    """Open on a small phone. Nothing may go wrong in the page, and no policy be violated."""
    complaints: list[str] = []
    with chromium.new_context(viewport={"width": 320, "height": 640}) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{alone.origin}/sandbox/")
        yield page
    assert complaints == []


def test_a_message_arrives_while_one_looks_and_its_code_can_be_copied(desk: Page, alone: World) -> None:
    expect(desk.get_by_text("Your phone lies here.")).to_be_visible()

    alone.started(ADA)

    phone = desk.get_by_role("article", name=PHONE)
    expect(phone).to_contain_text(f"code is {alone.code(ADA)}")
    phone.get_by_role("button", name="Copy").click()
    expect(desk.get_by_role("status")).to_have_text(f"{alone.code(ADA)} copied")
    assert desk.evaluate("navigator.clipboard.readText()") == alone.code(ADA)


def test_airplane_mode_holds_messages_back(desk: Page, alone: World) -> None:
    alone.checked(ADA)
    phone = desk.get_by_role("article", name=PHONE)
    phone.get_by_role("button", name="Airplane mode").click()
    expect(phone.get_by_role("button", name="Airplane mode")).to_have_attribute("aria-pressed", "true")

    alone.started(ADA)
    expect(phone).to_contain_text("1 on its way")

    phone.get_by_role("button", name="Airplane mode").click()
    expect(phone.get_by_role("button", name="Copy")).to_be_visible()


def test_a_bad_day_is_ordered_and_called_off(desk: Page, alone: World) -> None:
    desk.get_by_role("combobox", name="Call ").select_option("prove.unify")
    desk.get_by_role("combobox", name="Goes wrong").select_option("status")
    desk.get_by_role("button", name="Order").click()
    expect(desk.locator("#faults")).to_contain_text("prove.unify status, 1 more")

    desk.get_by_role("button", name="No more bad days").click()

    expect(desk.locator("#faults")).to_contain_text("None ordered")
    assert alone.unify(ADA)["success"] == "pending"


def test_time_moves_forward(desk: Page, alone: World) -> None:
    sid = alone.started(ADA)

    desk.get_by_role("button", name="+10 min").click()

    expect(desk.locator("#time")).to_contain_text("ahead by 0:10:00")
    assert alone.check(sid, alone.code(ADA)).status_code == 404


@pytest.mark.skipif(not SDK.exists(), reason="the Web SDK is not installed")
def test_the_keys_of_this_browser_are_known_and_can_be_revoked(desk: Page, alone: World) -> None:
    desk.evaluate(SDK.read_text())
    desk.evaluate(SETUP)
    unified = alone.unify(ADA)
    assert Sdk(desk).authenticate(unified["authToken"]).finished
    expect(desk.get_by_text("in this browser")).to_be_visible()

    desk.get_by_role("button", name="Revoke").click()

    expect(desk.locator("#keys")).to_contain_text("revoked")
    assert Sdk(desk).authenticate(alone.unify(ADA)["authToken"]).finished
    assert [call["outcome"] for call in alone.ledger("prove.device_verify")] == ["10006"]


def test_looking_at_the_desk_first_does_not_spoil_the_browser_for_the_sdk(desk: Page) -> None:
    assert desk.evaluate("async () => (await indexedDB.databases()).length") == 0


def test_focus_stays_where_it_was_when_something_arrives(desk: Page, alone: World) -> None:
    alone.started(ADA)
    button = desk.get_by_role("article", name=PHONE).get_by_role("button", name="Airplane mode")
    button.focus()

    alone.started(ADA)

    expect(desk.get_by_role("button", name="Copy")).to_have_count(2)
    expect(button).to_be_focused()


def test_nothing_is_wider_than_a_small_phone(desk: Page, alone: World) -> None:
    alone.bound(ADA)
    alone.started(ADA)
    expect(desk.get_by_role("button", name="Copy")).to_be_visible()

    assert desk.evaluate("document.documentElement.scrollWidth") <= 320


def test_everything_forgotten_is_an_empty_desk(desk: Page, alone: World) -> None:
    alone.started(ADA)
    expect(desk.get_by_role("article", name=PHONE)).to_be_visible()

    desk.get_by_role("button", name="Forget everything").click()

    expect(desk.get_by_text("Your phone lies here.")).to_be_visible()


def test_the_desk_works_without_script(client: Client) -> None:
    own_form = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    order = "route=prove.unify&kind=lost&times=1"

    answer = client.post(
        "/sandbox/control/faults", order, content_type="application/x-www-form-urlencoded", headers=own_form
    )

    assert answer.status_code == 303
    assert "1 more" in client.get(answer["Location"]).content.decode()


def test_the_desk_brings_a_policy_of_its_own(client: Client) -> None:
    policy = client.get("/sandbox/")["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy


def test_the_desk_can_only_be_looked_at(client: Client) -> None:
    assert client.post("/sandbox/").status_code == 405
