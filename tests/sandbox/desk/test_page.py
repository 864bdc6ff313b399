"""The sandbox's page in Chromium: it refreshes itself, works by keyboard and without JavaScript, and is accessible."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from tests.processes import ROOT
from tests.sandbox.driver import SandboxDriver
from tests.sandbox.prove.browser import SDK, SETUP, Sdk

ADA = "+12025550101"
PHONE = "Phone +1 202-555-0101"

AXE = ROOT / "node_modules/axe-core/axe.min.js"
RUN_AXE = """(options) => axe.run(options).then(({violations}) =>
  violations.map(({id, nodes}) => [id, ...nodes.map((node) => node.failureSummary + node.html)]))"""

pytestmark = pytest.mark.xdist_group("sdk")


@pytest.fixture
def page(chromium: Browser, standalone: SandboxDriver) -> Iterator[Page]:
    """The page in a window of 320 x 640 pixels. Fails the test on console messages and script errors."""
    messages: list[str] = []
    with chromium.new_context(viewport={"width": 320, "height": 640}) as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.on("console", lambda message: messages.append(message.text))
        page.on("pageerror", lambda error: messages.append(str(error)))
        page.goto(f"{standalone.origin}/sandbox/")
        yield page
    refused = "Failed to load resource: the server responded with a status of 400 (Bad Request)"  # for an invalid order
    assert set(messages) <= {refused}


def field(page: Page, name: str) -> Locator:
    """The text field whose label starts with `name`. A hint follows it."""
    return page.get_by_role("textbox", name=re.compile(f"^{name}"))


def test_a_new_message_appears_without_a_reload_and_its_code_can_be_copied(
    page: Page, standalone: SandboxDriver
) -> None:
    expect(page.get_by_text("No phone yet.")).to_be_visible()

    standalone.send_code(ADA)

    phone = page.get_by_role("article", name=PHONE)
    expect(phone).to_contain_text(f"code is {standalone.code(ADA)}")
    phone.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text(f"{standalone.code(ADA)} copied")
    assert page.evaluate("navigator.clipboard.readText()") == standalone.code(ADA)


@pytest.mark.parametrize("clipboard", ["undefined", "{writeText: () => Promise.reject(new Error())}"])
def test_without_a_clipboard_the_code_is_shown_to_copy_by_hand(
    clipboard: str, page: Page, standalone: SandboxDriver
) -> None:
    page.evaluate(f"Object.defineProperty(navigator, 'clipboard', {{value: {clipboard}}})")
    standalone.send_code(ADA)

    page.get_by_role("article", name=PHONE).get_by_role("button", name="Copy").click()

    expect(page.get_by_role("status")).to_have_text(f"This page may not copy, you may: {standalone.code(ADA)}")


def test_airplane_mode_delays_messages(page: Page, standalone: SandboxDriver) -> None:
    standalone.checked_flow(ADA)
    phone = page.get_by_role("article", name=PHONE)
    phone.get_by_role("button", name="Airplane mode").click()
    expect(phone.get_by_role("button", name="Airplane mode")).to_have_attribute("aria-pressed", "true")

    standalone.send_code(ADA)
    expect(phone).to_contain_text("1 on its way")

    phone.get_by_role("button", name="Airplane mode").click()
    expect(phone.get_by_role("button", name="Copy")).to_be_visible()


def test_a_fault_can_be_ordered_and_cancelled(page: Page, standalone: SandboxDriver) -> None:
    page.get_by_role("combobox", name="Call ").select_option("prove.unify")
    page.get_by_role("combobox", name="Goes wrong").select_option("status")
    page.get_by_role("button", name="Add this fault").click()
    expect(page.locator("#faults")).to_contain_text("prove.unify status, 1 more")

    page.get_by_role("button", name="Remove all faults").click()

    expect(page.locator("#faults")).to_contain_text("None added")
    assert standalone.unify(ADA)["success"] == "pending"


def test_a_fault_can_be_ordered_with_options_for_one_number(page: Page, standalone: SandboxDriver) -> None:
    page.get_by_role("combobox", name="Call ").select_option("prove.unify")
    page.get_by_role("combobox", name="Goes wrong").select_option("answer")
    field(page, "Status").fill("202")
    field(page, "Body").fill('{"success": "perhaps"}')
    field(page, "Times").fill("")
    field(page, "For number").fill(ADA)
    page.get_by_role("button", name="Add this fault").click()

    ordered = f'prove.unify answer, status 202, body {{"success": "perhaps"}}, always, {ADA}'
    expect(page.locator("#faults")).to_contain_text(ordered)
    assert standalone.unify(ADA) == {"success": "perhaps"}
    assert standalone.unify("+12025550102")["success"] == "pending"


def test_only_the_options_of_the_chosen_kind_of_fault_are_shown(page: Page) -> None:
    expect(field(page, "Seconds")).to_be_hidden()

    page.get_by_role("combobox", name="Goes wrong").select_option("latency")

    expect(field(page, "Seconds")).to_have_attribute("placeholder", "2")
    expect(field(page, "Status")).to_be_hidden()


def test_an_invalid_order_shows_the_error(page: Page) -> None:
    page.get_by_role("combobox", name="Goes wrong").select_option("status")
    field(page, "Status").fill("9999")
    page.get_by_role("button", name="Add this fault").click()

    expect(page.get_by_role("status")).to_have_text("status is a whole number from 200 to 599")
    expect(page.locator("#faults")).to_contain_text("None added")


def test_the_clock_can_be_moved_forward(page: Page, standalone: SandboxDriver) -> None:
    sid = standalone.send_code(ADA)

    page.get_by_role("button", name="+10 min").click()

    expect(page.locator("#time")).to_contain_text("ahead by 0:10:00")
    assert standalone.check_code(sid, standalone.code(ADA)).status_code == 404


@pytest.mark.skipif(not SDK.exists(), reason="the Web SDK is not installed")
def test_the_keys_of_this_browser_are_marked_and_can_be_revoked(page: Page, standalone: SandboxDriver) -> None:
    page.evaluate(SDK.read_text())
    page.evaluate(SETUP)
    unified = standalone.unify(ADA)
    assert Sdk(page).authenticate(unified["authToken"]).finished
    expect(page.get_by_text("in this browser")).to_be_visible()

    page.get_by_role("button", name="Revoke").click()

    expect(page.locator("#keys")).to_contain_text("revoked")
    assert Sdk(page).authenticate(standalone.unify(ADA)["authToken"]).finished
    assert [call["outcome"] for call in standalone.ledger("prove.device_verify")] == ["10006"]


def test_the_page_does_not_create_the_database_of_the_web_sdk(page: Page) -> None:
    assert page.evaluate("async () => (await indexedDB.databases()).length") == 0


def test_focus_stays_when_a_message_arrives(page: Page, standalone: SandboxDriver) -> None:
    standalone.send_code(ADA)
    button = page.get_by_role("article", name=PHONE).get_by_role("button", name="Airplane mode")
    button.focus()

    standalone.send_code(ADA)

    expect(page.get_by_role("button", name="Copy")).to_have_count(2)
    expect(button).to_be_focused()


def test_focus_stays_on_a_phone_whose_position_changes(page: Page, standalone: SandboxDriver) -> None:
    standalone.send_code(ADA)
    standalone.send_code("+12025550102")
    button = page.get_by_role("article", name=PHONE).get_by_role("button", name="Airplane mode")
    button.focus()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    before = page.evaluate("scrollY")

    standalone.send_code(ADA)

    expect(page.get_by_role("article").first).to_have_attribute("aria-label", PHONE)
    expect(button).to_be_focused()
    assert page.evaluate("scrollY") >= before


def test_after_a_reset_the_focus_is_on_the_button_that_opened_it(page: Page, standalone: SandboxDriver) -> None:
    standalone.send_code(ADA)
    page.get_by_text("Forget everything").first.click()
    page.get_by_role("button", name="Yes, forget everything").click()

    expect(page.get_by_text("No phone yet.")).to_be_visible()
    expect(page.locator(".ask summary")).to_be_focused()


def test_refreshing_continues_after_an_unexpected_response(page: Page, standalone: SandboxDriver) -> None:
    page.route("**/sandbox/", lambda route: route.fulfill(body="<p>hello</p>", content_type="text/html"), times=1)
    expect(page.get_by_role("status")).to_have_text("The sandbox does not answer.")

    standalone.send_code(ADA)

    expect(page.get_by_role("article", name=PHONE)).to_be_visible()


def test_the_clock_can_be_moved_without_javascript(chromium: Browser, standalone_origin: str) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{standalone_origin}/sandbox/")
        page.get_by_role("button", name="+1 min", exact=True).click()
        expect(page.locator("#time")).to_contain_text("ahead by")


def test_the_page_fits_a_width_of_320_pixels(page: Page, standalone: SandboxDriver) -> None:
    standalone.bound_flow(ADA)
    standalone.send_code(ADA)
    expect(page.get_by_role("button", name="Copy")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def fill_page(page: Page, standalone: SandboxDriver) -> None:
    """Makes the page show a phone, a message, a key and a fault, with all details open."""
    standalone.bound_flow(ADA)
    standalone.send_code(ADA)
    standalone.control("POST", "control/airplane", {"number": "+12025550102", "on": True})
    standalone.order_fault("prove.unify", "answer", body={"a" * 60: 1})
    page.get_by_role("combobox", name="Goes wrong").select_option("answer")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    expect(page.locator("#faults")).to_contain_text("always")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed")
def test_axe_finds_no_violations(page: Page, standalone: SandboxDriver) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(AXE.read_text())
    assert violations(page) == []

    fill_page(page, standalone)

    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    for width in (320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page, "color-contrast") == []  # all that dark colours can change


def violations(page: Page, *rules: str) -> list[list[str]]:
    """What axe finds by these rules, or by all that it has, and by that of the size of targets."""
    options = {"runOnly": list(rules)} if rules else {"rules": {"target-size": {"enabled": True}}}
    found: list[list[str]] = page.evaluate(RUN_AXE, options)
    return found


def test_the_page_fits_320_pixels_with_text_of_200_percent(page: Page, standalone: SandboxDriver) -> None:
    fill_page(page, standalone)
    page.evaluate("document.documentElement.style.fontSize = '200%'")

    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize("phones", [1, 4, 5])
def test_on_a_wide_screen_every_phone_is_inside_its_section(phones: int, page: Page, standalone: SandboxDriver) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    for last in range(phones):
        standalone.send_code(f"+1202555020{last}")
    expect(page.get_by_role("article")).to_have_count(phones)

    edges = page.get_by_role("article").evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().right)")

    assert max(edges) <= page.evaluate("document.querySelector('.desk').getBoundingClientRect().right")


def test_a_reset_asks_for_confirmation_and_works_by_keyboard(page: Page, standalone: SandboxDriver) -> None:
    standalone.send_code(ADA)
    page.locator("summary", has_text="Forget everything").focus()
    page.keyboard.press("Enter")
    yes = page.get_by_role("button", name="Yes, forget everything")
    expect(yes).to_be_visible()
    expect(page.get_by_role("article", name=PHONE)).to_be_visible()

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text("No phone yet.")).to_be_visible()
    expect(yes).to_be_hidden()


def test_a_fault_can_be_ordered_without_javascript(client: Client) -> None:
    own_form = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    order = "route=prove.unify&kind=status&status=503&seconds=&body=&headers=&retry_after=&times=1&number="

    answer = client.post(
        "/sandbox/control/faults", order, content_type="application/x-www-form-urlencoded", headers=own_form
    )

    assert answer.status_code == 303
    assert "status, status 503, 1 more" in client.get(answer["Location"]).content.decode()


def test_the_page_has_a_strict_content_security_policy(client: Client) -> None:
    policy = client.get("/sandbox/")["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'" in policy


def test_the_page_refuses_post(client: Client) -> None:
    assert client.post("/sandbox/").status_code == 405
