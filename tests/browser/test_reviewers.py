"""A reviewer at the desk, in Chromium: made by the command, let in by an authenticator, under the strict policy."""

import base64
import os
import re
import subprocess
import sys
import uuid
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import expect

from tests.authenticator import code_of
from tests.browser.person import Person
from tests.browser.site import Site
from tests.processes import ROOT, product_environment


@dataclass(frozen=True)
class Reviewer:
    """What `createreviewer` prints."""

    name: str
    password: str = field(repr=False)
    key: bytes = field(repr=False)


@pytest.fixture
def reviewer(site: Site) -> Reviewer:
    """Somebody new, made in the site's own database."""
    name = f"ada-{uuid.uuid4()}"
    settings = product_environment(site.folder, DEBUG="1", DJANGO_SETTINGS_MODULE="proveflow.settings")
    command = [sys.executable, "manage.py", "createreviewer", name, "--no-input"]
    told = subprocess.run(command, cwd=ROOT, env=os.environ | settings, check=True, capture_output=True, text=True)
    found = re.search(r"only now: (\S+).* there: ([A-Z2-7]{32}) ", told.stdout, re.S)
    assert found
    return Reviewer(name, found[1], base64.b32decode(found[2]))


def log_in(person: Person, reviewer: Reviewer, code: str) -> None:
    person.opens("/admin/")
    person.page.get_by_label("Username").fill(reviewer.name)
    person.page.get_by_label("Password").fill(reviewer.password)
    person.page.get_by_label("Code from your authenticator app").fill(code)
    person.presses("Log in")


def follow(person: Person, name: str) -> None:
    person.page.get_by_role("link", name=name, exact=True).first.click()


def test_a_reviewer_logs_in_filters_reads_and_finds(person: Person, reviewer: Reviewer) -> None:
    person.links("(201) 555-0788", "+12015550788")
    person.presses("Unlink this number")
    person.opens()
    person.types_number("202 555 0137")
    person.sees("We couldn't verify your number")

    log_in(person, reviewer, code_of(reviewer.key))
    person.sees("Who linked which number")
    follow(person, "Onboarding sessions")
    listed, page = person.page.locator("#result_list"), person.page.locator("main")
    for words in ("•••• 0788", "Linked", "•••• 0137", "Needs a person", "9137"):
        expect(listed).to_contain_text(words)

    follow(person, "Needs a person")
    expect(listed).not_to_contain_text("•••• 0788")
    follow(person, "•••• 0137")
    for words in ("9137", "call forwarding", "Asking Prove about the device → Needs a person"):
        expect(page).to_contain_text(words)

    follow(person, "Onboarding sessions")
    person.page.get_by_label("Whole number").fill("+1 201 555 0788")
    person.presses("Find")
    expect(listed).not_to_contain_text("•••• 0137")
    assert "5550788" not in person.page.url
    follow(person, "•••• 0788")
    expect(page).to_contain_text("binding:made")
    follow(person, "•••• 0788")  # its binding
    expect(page).to_contain_text("binding:revoked")

    person.presses("Log out")
    person.opens("/admin/")
    expect(person.page.get_by_role("button", name="Log in")).to_be_visible()


def test_a_reviewer_declines_what_is_held_up_and_says_why(person: Person, reviewer: Reviewer) -> None:
    person.opens()
    person.types_number("202 555 0136")
    person.sees("We couldn't verify your number")

    log_in(person, reviewer, code_of(reviewer.key))
    follow(person, "Onboarding sessions")
    follow(person, "waiting")
    follow(person, "•••• 0136")
    follow(person, "Decline")
    person.page.get_by_label("Reason").fill("ported an hour ago")
    person.presses("Decline")
    for words in ("Needs a person: declined", "review:declined", "ported an hour ago", reviewer.name):
        expect(person.page.locator("main")).to_contain_text(words)
    expect(person.page.get_by_role("link", name="Decline", exact=True)).to_have_count(0)


def test_a_wrong_code_does_not_let_a_reviewer_in(person: Person, reviewer: Reviewer) -> None:
    log_in(person, reviewer, f"{(int(code_of(reviewer.key)) + 1) % 1_000_000:06}")
    person.reads("Invalid token")
