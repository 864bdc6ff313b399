"""A reviewer at the desk, in Chromium: created by the command, logged in with an authenticator, under the CSP."""

from playwright.sync_api import expect

from tests.browser.driver.person import Person


def test_a_reviewer_logs_in_filters_reads_and_finds(person: Person) -> None:
    person.links("(201) 555-0788", "+12015550788")
    person.unlinks()
    person.opens()
    person.types_number("202 555 0137")
    person.sees("We're checking your number")

    person.logs_in_as_reviewer()
    person.sees("What waits for a reviewer")
    person.follows("Onboarding sessions")
    listed, page = person.page.locator("#result_list"), person.page.locator("main")
    for words in ("•••• 0788", "Linked", "•••• 0137", "Held for a reviewer", "9137"):
        expect(listed).to_contain_text(words)

    person.follows("Held for a reviewer")
    expect(listed).not_to_contain_text("•••• 0788")
    person.follows("•••• 0137")
    for words in ("9137", "call forwarding", "Asking Prove about the device → Held for a reviewer"):
        expect(page).to_contain_text(words)

    person.follows("Onboarding sessions")
    person.page.get_by_label("Whole number or reference", exact=True).fill("+1 201 555 0788")
    person.presses("Find")
    expect(listed).not_to_contain_text("•••• 0137")
    assert "5550788" not in person.page.url
    person.follows("•••• 0788")
    expect(page).to_contain_text("binding:made")
    person.follows("•••• 0788")  # its binding
    expect(page).to_contain_text("binding:revoked")

    person.presses("Log out")
    person.opens("/admin/")
    expect(person.page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_reviewer_declines_a_session_in_review_and_gives_a_reason(person: Person) -> None:
    person.opens()
    person.types_number("202 555 0136")
    person.sees("We're checking your number")

    person.logs_in_as_reviewer()
    person.follows("Onboarding sessions")
    person.follows("waiting")
    person.follows("•••• 0136")
    person.follows("Decline")
    person.page.get_by_label("Reason").fill("ported an hour ago")
    person.presses("Decline")
    for words in ("Held for a reviewer: declined", "review:declined", "ported an hour ago", person.site.reviewer.name):
        expect(person.page.locator("main")).to_contain_text(words)
    expect(person.page.get_by_role("link", name="Decline", exact=True)).to_have_count(0)


def test_a_wrong_code_does_not_log_a_reviewer_in(person: Person) -> None:
    person.logs_in_as_reviewer(f"{(int(person.site.reviewer_code()) + 1) % 1_000_000:06}")
    person.reads("You are not logged in")


def test_a_reviewer_finds_a_session_by_its_reference(person: Person) -> None:
    person.opens()
    person.types_number("202 555 0137")
    person.sees("We're checking your number")
    reference = person.text_of(".hint .number")

    person.logs_in_as_reviewer()
    person.page.get_by_label("Whole number or reference", exact=True).fill(reference.lower())
    person.presses("Find")
    expect(person.page.locator(".field-reference")).to_contain_text(reference)


def test_a_reviewer_downloads_a_list(person: Person) -> None:
    person.links("(201) 555-0788", "+12015550788")
    person.logs_in_as_reviewer()
    person.follows("Onboarding sessions")
    with person.page.expect_download() as download:
        person.presses("Download as CSV")
    assert download.value.suggested_filename == "onboardingsession.csv"
    assert "0788" in download.value.path().read_text()
