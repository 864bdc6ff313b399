"""The journeys of the README, as a person takes them, in Chromium with the unmodified Web SDK."""

import re

from playwright.sync_api import expect

from tests.browser.driver.person import Person

NUMBER, E164 = "(201) 555-0123", "+12015550123"
OTHER_NUMBER, OTHER_E164 = "201 555 0199", "+12015550199"


def test_a_new_person_links_their_number_with_a_code(person: Person) -> None:
    person.links(NUMBER, E164)
    assert len(person.messages(E164)) == 1
    assert len(person.calls("prove.unify_bind")) == 1


def test_on_return_the_same_browser_is_recognised_without_a_code(person: Person) -> None:
    person.links(NUMBER, E164)
    person.opens()
    person.types_number(NUMBER)
    person.sees("Your number is linked")
    assert len(person.messages(E164)) == 1
    assert len(person.calls("prove.unify_bind")) == 1


def test_a_device_that_is_linked_to_another_number_can_be_rebound(person: Person) -> None:
    person.links(NUMBER, E164)
    person.opens()
    person.types_number(OTHER_NUMBER)
    person.sees("This device is linked to another number")
    assert person.messages(OTHER_E164) == []
    person.presses("Move this device to my number")
    person.sees("Enter the code")
    person.types_code(person.code(OTHER_E164))
    person.sees("Your number is linked")
    person.reads("+1 201-555-0199")
    person.opens()
    person.types_number(OTHER_NUMBER)
    person.sees("Your number is linked")
    assert len(person.messages(OTHER_E164)) == 1


def test_a_wrong_code_gets_a_message_and_the_right_one_still_works(person: Person) -> None:
    person.opens()
    person.types_number(NUMBER)
    person.sees("Enter the code")
    code = person.code(E164)
    person.types_code("".join(str((int(digit) + 1) % 10) for digit in code))
    expect(person.page.locator("#notice")).to_contain_text("That code isn't right")
    person.types_code(f"{code[:3]} {code[3:]}")
    person.sees("Your number is linked")


def test_after_prove_was_down_at_the_start_the_person_can_continue(person: Person) -> None:
    person.site.prove_goes_down()
    person.opens()
    person.types_number(NUMBER)
    person.reads("Nothing is lost: try again")
    person.site.prove_is_back()
    person.presses("Continue")
    person.sees("Enter the code")


def test_after_prove_was_down_at_the_device_check_the_person_can_continue(person: Person) -> None:
    person.inject_fault("prove.unify_status", "status", status=503)
    person.opens()
    person.types_number(NUMBER)
    person.reads("Nothing is lost: try again")
    person.clear_faults()
    person.presses("Continue")
    person.sees("Enter the code")
    assert len(person.calls("prove.unify")) == 1


def test_after_prove_was_down_at_the_bind_the_person_can_continue_without_a_new_code(person: Person) -> None:
    person.opens()
    person.types_number(NUMBER)
    person.sees("Enter the code")
    code = person.code(E164)
    person.site.prove_goes_down()
    person.types_code(code)
    person.sees("One last step")
    person.presses("Link my number")
    person.reads("Nothing is lost")
    person.site.prove_is_back()
    person.presses("Link my number")
    person.sees("Your number is linked")
    assert len(person.messages(E164)) == 1


def test_after_a_lost_answer_to_the_bind_a_new_check_shows_the_result_and_no_second_bind_is_sent(
    person: Person,
) -> None:
    person.opens()
    person.types_number(NUMBER)
    person.sees("Enter the code")
    person.inject_fault("prove.unify_bind", "lost")
    person.types_code(person.code(E164))
    person.sees("We're not sure it worked")
    person.clear_faults()
    person.page.get_by_role("link", name="Check again").click()
    person.presses("Continue")
    person.sees("Your number is linked")
    assert len(person.calls("prove.unify_bind")) == 1
    assert len(person.messages(E164)) == 1


def test_without_cookies_the_phone_page_is_shown_and_the_key_is_still_recognised(person: Person) -> None:
    person.links(NUMBER, E164)
    person.context.clear_cookies()
    person.opens("/done/")
    person.sees("What's your phone number?")
    person.types_number(NUMBER)
    person.sees("Your number is linked")
    assert len(person.messages(E164)) == 1


def test_without_cookies_the_code_page_redirects_to_the_phone_page(person: Person) -> None:
    person.opens()
    person.types_number(NUMBER)
    person.sees("Enter the code")
    person.context.clear_cookies()
    person.opens("/code/")
    person.sees("What's your phone number?")


def test_a_failure_of_the_sdk_gets_a_message_and_the_person_can_continue(person: Person) -> None:
    person.inject_fault("prove.device_register", "status", status=500, times=1)
    person.opens()
    person.types_number(NUMBER)
    person.reads("We couldn't recognize this device")
    person.presses("Continue")
    person.sees("Enter the code")


def test_an_sdk_that_resolves_without_its_finish_step_has_failed(person: Person) -> None:
    person.page.route("**/device/passive/register", lambda route: route.fulfill(json={"next": ""}))
    person.opens()
    person.types_number(NUMBER)
    person.reads("We couldn't recognize this device")
    assert person.calls("prove.unify_status") == []


def test_a_forged_success_in_the_browser_changes_nothing(person: Person) -> None:
    person.page.route("**/device/passive/register", lambda route: route.fulfill(json={"next": "done", "data": {}}))
    person.opens()
    person.types_number(NUMBER)
    person.sees("What's your phone number?")
    assert person.messages(E164) == []
    assert person.calls("prove.unify_bind") == []


def test_a_reload_of_the_code_page_sends_nothing_and_shows_the_same_page(person: Person) -> None:
    person.opens()
    person.types_number(NUMBER)
    person.sees("Enter the code")
    for _ in range(3):
        person.page.reload()
        person.sees("Enter the code")
    person.opens("/")
    person.sees("Enter the code")
    assert len(person.messages(E164)) == 1


def test_back_reload_another_app_and_a_closed_tab_lead_to_the_same_step_and_send_nothing(person: Person) -> None:
    person.starts(NUMBER)
    person.sees("Enter the code")
    person.page.reload()
    person.sees("Enter the code")
    person.context.new_page().bring_to_front()  # as if to read the text message
    person.page.bring_to_front()
    person.sees("Enter the code")
    person.page.close()
    person.new_tab()
    person.opens()
    person.sees("Enter the code")
    assert len(person.messages(E164)) == 1
    person.types_code(person.code(E164))
    person.sees("Your number is linked")
    person.page.go_back()
    person.page.reload()
    person.sees("Your number is linked")
    assert len(person.messages(E164)) == 1


def test_a_double_click_starts_one_flow_and_sends_one_text(person: Person) -> None:
    person.opens()
    person.page.get_by_label("Phone number").fill(NUMBER)
    person.page.get_by_role("button", name="Continue").dblclick()
    person.sees("Enter the code")
    assert len(person.calls("prove.unify")) == 1
    assert len(person.messages(E164)) == 1


def test_a_second_tab_shows_the_same_step(person: Person) -> None:
    person.opens()
    person.types_number(NUMBER)
    person.sees("Enter the code")
    person.new_tab()
    person.opens()
    person.sees("Enter the code")
    person.types_code(person.code(E164))
    person.sees("Your number is linked")


def test_a_malformed_number_gets_a_message_at_the_field_and_is_kept(person: Person) -> None:
    person.opens()
    person.types_number("hello")
    expect(person.page.locator("#phone-error")).to_contain_text("correct format")
    field = person.page.get_by_label("Phone number")
    expect(person.page.locator("#summary")).to_be_focused()
    person.page.locator("#summary").get_by_role("link").click()
    expect(field).to_be_focused()
    expect(field).to_have_value("hello")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert person.calls("prove.unify") == []


def test_after_unlinking_the_device_needs_a_code_again(person: Person) -> None:
    person.links(NUMBER, E164)
    person.unlinks()
    person.opens("/done/")
    person.sees("What's your phone number?")
    person.types_number(NUMBER)
    person.sees("Enter the code")


def test_no_secret_is_in_a_url_or_on_the_console(person: Person) -> None:
    seen: list[str] = []
    person.page.on("request", lambda request: seen.append(request.url))
    person.page.on("console", lambda message: seen.append(message.text))
    person.links(NUMBER, E164)
    code = person.code(E164)
    assert not [line for line in seen if re.search(rf"5550123|{code}|eyJ", line)]


def test_a_number_outside_of_north_america_is_linked_and_recognized_at_proves_second_host(person: Person) -> None:
    for e164 in ("+447700900123", E164):
        person.links(e164, e164)
        person.opens()
        person.types_number(e164)
        person.sees("Your number is linked")
        person.unlinks()
    hosts = [call.get("region", "na") for call in person.calls("prove.unify")]
    assert hosts == ["eu", "eu", "na", "na"]
    assert {call.get("region", "na") for call in person.calls("prove.device_verify")} == {"na", "eu"}
