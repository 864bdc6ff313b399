"""The phone on the desk, in Chromium: messages arrive while one looks, and everything can be done from the keyboard."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from tests.processes import ROOT
from tests.sandbox.driver import SandboxDriver
from tests.sandbox.prove.browser import SDK, SETUP, Sdk

ADA = "+12025550101"
PHONE = "Phone +1 202-555-0101"

AXE = ROOT / "node_modules/axe-core/axe.min.js"
FOUND = """axe.run({rules: {"target-size": {enabled: true}}}).then(({violations}) =>
  violations.map(({id, nodes}) => [id, ...nodes.map((node) => node.failureSummary + node.html)]))"""

pytestmark = pytest.mark.xdist_group("sdk")


@pytest.fixture
def desk(chromium: Browser, standalone: SandboxDriver) -> Iterator[Page]:
    """Open on a small phone. Nothing may go wrong in the page, and no policy be violated."""
    complaints: list[str] = []
    with chromium.new_context(viewport={"width": 320, "height": 640}) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{standalone.origin}/sandbox/")
        yield page
    refused = "Failed to load resource: the server responded with a status of 400 (Bad Request)"  # an order, by a test
    assert set(complaints) <= {refused}


def field(desk: Page, name: str) -> Locator:
    """Its hint follows the name."""
    return desk.get_by_role("textbox", name=re.compile(f"^{name}"))


def test_a_message_arrives_while_one_looks_and_its_code_can_be_copied(desk: Page, standalone: SandboxDriver) -> None:
    expect(desk.get_by_text("Your phone lies here.")).to_be_visible()

    standalone.send_code(ADA)

    phone = desk.get_by_role("article", name=PHONE)
    expect(phone).to_contain_text(f"code is {standalone.code(ADA)}")
    phone.get_by_role("button", name="Copy").click()
    expect(desk.get_by_role("status")).to_have_text(f"{standalone.code(ADA)} copied")
    assert desk.evaluate("navigator.clipboard.readText()") == standalone.code(ADA)


@pytest.mark.parametrize("closed", ["undefined", "{writeText: () => Promise.reject(new Error())}"])
def test_where_the_clipboard_is_closed_the_code_is_told(closed: str, desk: Page, standalone: SandboxDriver) -> None:
    desk.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{value: {closed}}})")
    standalone.send_code(ADA)

    desk.get_by_role("article", name=PHONE).get_by_role("button", name="Copy").click()

    expect(desk.get_by_role("status")).to_have_text(f"This page may not copy, you may: {standalone.code(ADA)}")


def test_airplane_mode_holds_messages_back(desk: Page, standalone: SandboxDriver) -> None:
    standalone.checked_flow(ADA)
    phone = desk.get_by_role("article", name=PHONE)
    phone.get_by_role("button", name="Airplane mode").click()
    expect(phone.get_by_role("button", name="Airplane mode")).to_have_attribute("aria-pressed", "true")

    standalone.send_code(ADA)
    expect(phone).to_contain_text("1 on its way")

    phone.get_by_role("button", name="Airplane mode").click()
    expect(phone.get_by_role("button", name="Copy")).to_be_visible()


def test_a_bad_day_is_ordered_and_called_off(desk: Page, standalone: SandboxDriver) -> None:
    desk.get_by_role("combobox", name="Call ").select_option("prove.unify")
    desk.get_by_role("combobox", name="Goes wrong").select_option("status")
    desk.get_by_role("button", name="Order").click()
    expect(desk.locator("#faults")).to_contain_text("prove.unify status, 1 more")

    desk.get_by_role("button", name="No more bad days").click()

    expect(desk.locator("#faults")).to_contain_text("None ordered")
    assert standalone.unify(ADA)["success"] == "pending"


def test_a_bad_day_can_be_ordered_for_one_number_with_its_options(desk: Page, standalone: SandboxDriver) -> None:
    desk.get_by_role("combobox", name="Call ").select_option("prove.unify")
    desk.get_by_role("combobox", name="Goes wrong").select_option("answer")
    field(desk, "Status").fill("202")
    field(desk, "Body").fill('{"success": "perhaps"}')
    field(desk, "Times").fill("")
    field(desk, "For number").fill(ADA)
    desk.get_by_role("button", name="Order").click()

    ordered = f'prove.unify answer, status 202, body {{"success": "perhaps"}}, always, {ADA}'
    expect(desk.locator("#faults")).to_contain_text(ordered)
    assert standalone.unify(ADA) == {"success": "perhaps"}
    assert standalone.unify("+12025550102")["success"] == "pending"


def test_only_what_a_kind_of_bad_day_takes_is_asked_for(desk: Page) -> None:
    expect(field(desk, "Seconds")).to_be_hidden()

    desk.get_by_role("combobox", name="Goes wrong").select_option("latency")

    expect(field(desk, "Seconds")).to_have_attribute("placeholder", "2")
    expect(field(desk, "Status")).to_be_hidden()


def test_an_order_that_makes_no_sense_is_told(desk: Page) -> None:
    desk.get_by_role("combobox", name="Goes wrong").select_option("status")
    field(desk, "Status").fill("9999")
    desk.get_by_role("button", name="Order").click()

    expect(desk.get_by_role("status")).to_have_text("status is a whole number from 200 to 599")
    expect(desk.locator("#faults")).to_contain_text("None ordered")


def test_time_moves_forward(desk: Page, standalone: SandboxDriver) -> None:
    sid = standalone.send_code(ADA)

    desk.get_by_role("button", name="+10 min").click()

    expect(desk.locator("#time")).to_contain_text("ahead by 0:10:00")
    assert standalone.check_code(sid, standalone.code(ADA)).status_code == 404


@pytest.mark.skipif(not SDK.exists(), reason="the Web SDK is not installed")
def test_the_keys_of_this_browser_are_known_and_can_be_revoked(desk: Page, standalone: SandboxDriver) -> None:
    desk.evaluate(SDK.read_text())
    desk.evaluate(SETUP)
    unified = standalone.unify(ADA)
    assert Sdk(desk).authenticate(unified["authToken"]).finished
    expect(desk.get_by_text("in this browser")).to_be_visible()

    desk.get_by_role("button", name="Revoke").click()

    expect(desk.locator("#keys")).to_contain_text("revoked")
    assert Sdk(desk).authenticate(standalone.unify(ADA)["authToken"]).finished
    assert [call["outcome"] for call in standalone.ledger("prove.device_verify")] == ["10006"]


def test_looking_at_the_desk_first_does_not_spoil_the_browser_for_the_sdk(desk: Page) -> None:
    assert desk.evaluate("async () => (await indexedDB.databases()).length") == 0


def test_focus_stays_where_it_was_when_something_arrives(desk: Page, standalone: SandboxDriver) -> None:
    standalone.send_code(ADA)
    button = desk.get_by_role("article", name=PHONE).get_by_role("button", name="Airplane mode")
    button.focus()

    standalone.send_code(ADA)

    expect(desk.get_by_role("button", name="Copy")).to_have_count(2)
    expect(button).to_be_focused()


def test_focus_stays_on_a_phone_that_moves(desk: Page, standalone: SandboxDriver) -> None:
    standalone.send_code(ADA)
    standalone.send_code("+12025550102")
    button = desk.get_by_role("article", name=PHONE).get_by_role("button", name="Airplane mode")
    button.focus()
    desk.evaluate("scrollTo(0, document.body.scrollHeight)")
    place = desk.evaluate("scrollY")

    standalone.send_code(ADA)

    expect(desk.get_by_role("article").first).to_have_attribute("aria-label", PHONE)
    expect(button).to_be_focused()
    assert desk.evaluate("scrollY") >= place


def test_after_everything_is_forgotten_focus_is_where_it_was_asked_for(desk: Page, standalone: SandboxDriver) -> None:
    standalone.send_code(ADA)
    desk.get_by_text("Forget everything").first.click()
    desk.get_by_role("button", name="Yes, forget everything").click()

    expect(desk.get_by_text("Your phone lies here.")).to_be_visible()
    expect(desk.locator(".ask summary")).to_be_focused()


def test_a_page_that_is_no_desk_stops_no_updates(desk: Page, standalone: SandboxDriver) -> None:
    desk.route("**/sandbox/", lambda route: route.fulfill(body="<p>hello</p>", content_type="text/html"), times=1)
    expect(desk.get_by_role("status")).to_have_text("The sandbox does not answer.")

    standalone.send_code(ADA)

    expect(desk.get_by_role("article", name=PHONE)).to_be_visible()


def test_the_desk_works_without_its_script(chromium: Browser, standalone_origin: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{standalone_origin}/sandbox/")
        page.get_by_role("button", name="+1 min", exact=True).click()
        expect(page.locator("#time")).to_contain_text("ahead by")


def test_nothing_is_wider_than_a_small_phone(desk: Page, standalone: SandboxDriver) -> None:
    standalone.bound_flow(ADA)
    standalone.send_code(ADA)
    expect(desk.get_by_role("button", name="Copy")).to_be_visible()

    assert desk.evaluate("document.documentElement.scrollWidth") <= 320


def full(desk: Page, standalone: SandboxDriver) -> None:
    """Everything is on it, and open."""
    standalone.bound_flow(ADA)
    standalone.send_code(ADA)
    standalone.control("POST", "control/airplane", {"number": "+12025550102", "on": True})
    standalone.order_fault("prove.unify", "answer", body={"a" * 60: 1})
    desk.get_by_role("combobox", name="Goes wrong").select_option("answer")
    desk.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    expect(desk.locator("#faults")).to_contain_text("always")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing(look: Literal["light", "dark"], width: int, desk: Page, standalone: SandboxDriver) -> None:
    desk.set_viewport_size({"width": width, "height": 900})
    desk.emulate_media(color_scheme=look, reduced_motion="reduce")
    desk.evaluate(AXE.read_text())
    assert desk.evaluate(FOUND) == []

    full(desk, standalone)

    assert desk.evaluate(FOUND) == []


def test_nothing_is_cut_on_a_small_phone_with_text_twice_the_size(desk: Page, standalone: SandboxDriver) -> None:
    full(desk, standalone)
    desk.evaluate("document.documentElement.style.fontSize = '200%'")

    assert desk.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("phones", [1, 4, 5])
def test_on_a_wide_screen_every_phone_lies_on_the_desk(phones: int, desk: Page, standalone: SandboxDriver) -> None:
    desk.set_viewport_size({"width": 1280, "height": 900})
    for last in range(phones):
        standalone.send_code(f"+1202555020{last}")
    expect(desk.get_by_role("article")).to_have_count(phones)

    edges = desk.get_by_role("article").evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().right)")

    assert max(edges) <= desk.evaluate("document.querySelector('.desk').getBoundingClientRect().right")


def test_everything_is_forgotten_after_a_question_that_the_keyboard_can_answer(
    desk: Page, standalone: SandboxDriver
) -> None:
    standalone.send_code(ADA)
    desk.locator("summary", has_text="Forget everything").focus()
    desk.keyboard.press("Enter")
    yes = desk.get_by_role("button", name="Yes, forget everything")
    expect(yes).to_be_visible()
    expect(desk.get_by_role("article", name=PHONE)).to_be_visible()

    desk.keyboard.press("Tab")
    desk.keyboard.press("Enter")

    expect(desk.get_by_text("Your phone lies here.")).to_be_visible()
    expect(yes).to_be_hidden()


def test_the_desk_works_without_script(client: Client) -> None:
    own_form = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    order = "route=prove.unify&kind=status&status=503&seconds=&body=&headers=&retry_after=&times=1&number="

    answer = client.post(
        "/sandbox/control/faults", order, content_type="application/x-www-form-urlencoded", headers=own_form
    )

    assert answer.status_code == 303
    assert "status, status 503, 1 more" in client.get(answer["Location"]).content.decode()


def test_the_desk_brings_a_policy_of_its_own(client: Client) -> None:
    policy = client.get("/sandbox/")["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy


def test_the_desk_can_only_be_looked_at(client: Client) -> None:
    assert client.post("/sandbox/").status_code == 405
