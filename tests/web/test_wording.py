"""One word for one thing in the handoff, errors with the brand and a way on, and what page translators may touch."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings as product
from django.db import OperationalError, connection
from django.test import Client

from onboarding.conf import conf
from tests.journey.test_handoff import COMPUTER, PHONE, Screen
from tests.journey.visitor import Page, Visitor, wrong

NUMBER = "+1 201 555 0123"
HELP = "https://example.com/help"
CODE_BUT_NOT_QR = re.compile(r"(?<!QR )\b[Cc]odes?\b")
NUMBER_OF_NO_KIND = re.compile(r"(?<!2-digit )(?<!2‑digit )(?<!phone )\b[Nn]umbers?\b")


def words(page: Page) -> str:
    """Return what the main part and the title say, and the names of its pictures and fields."""
    main = page.text[page.text.index("<title>") :].partition("</main>")[0]
    named = re.sub(r'<[^>]*aria-label="([^"]*)"[^>]*>', r" \1 ", main)
    return " ".join(re.sub(r"<svg.*?</svg>|<aside.*?</aside>|<[^>]*>", " ", named, flags=re.S).split())


# --- The handoff -------------------------------------------------------------------------------------------------


def handoff_pages(settings: Any) -> Iterator[Page]:
    """Yield the pages of both screens, up to a wrong 2-digit number."""
    settings.DESKTOP_ALLOWED = False
    computer, phone = Screen(COMPUTER), Screen(PHONE)
    yield phone.opens("/handoff/answer/")
    link = computer.offers()
    yield Screen(COMPUTER).opens("/handoff/")
    yield computer.page
    yield phone.opens(link)
    yield phone.answers("yes")
    shown = phone.shown()
    yield computer.opens("/handoff/")
    yield computer.submits("/handoff/", number="")
    yield computer.submits("/handoff/", number=wrong(shown))
    yield phone.opens("/handoff/phone/")
    yield phone.opens("/h/unknown/")


def test_in_the_handoff_a_code_is_a_qr_code_and_a_number_has_two_digits(db: None, settings: Any) -> None:
    pages = [words(page) for page in handoff_pages(settings)]
    assert len(set(pages)) >= 8
    assert "QR code" in "".join(pages) and "2-digit number" in "".join(pages)
    for page in pages:
        assert CODE_BUT_NOT_QR.findall(page) == [] == NUMBER_OF_NO_KIND.findall(page), page


# --- The phone page ----------------------------------------------------------------------------------------------


def test_device_key_and_code_are_explained_in_four_sentences(visitor: Visitor) -> None:
    page = visitor.opens().text
    explained = page[page.index("<summary>How does this work?</summary>") :].partition("</details>")[0]
    assert all(re.search(rf"\b{word}\b", explained) for word in ("device", "key", "code"))
    assert explained.count(".") == 4


# --- Errors ------------------------------------------------------------------------------------------------------


@contextmanager
def database_raises(error: Exception) -> Iterator[None]:
    def fail(*_statement: object) -> object:
        raise error

    with connection.execute_wrapper(fail):
        yield


def error_page(status: int, visitor: Visitor) -> Any:
    """Return the response of this status, as a browser with a session gets it."""
    browser = visitor.client
    browser.raise_request_exception = False
    if status in (500, 503):
        with database_raises(OperationalError("gone") if status == 503 else RuntimeError("a mistake of ours")):
            return browser.get("/code/")
    if status == 404:
        return browser.get("/nowhere")
    if status == 400:
        return browser.get("/?%00")
    fields = {"phone": "0" * (17_000 if status == 413 else 1)}
    return browser.post("/start/", fields, headers={"Sec-Fetch-Site": "cross-site" if status == 403 else "same-origin"})


@pytest.mark.parametrize("status", [400, 403, 404, 413, 500, 503])
def test_each_error_has_the_brand_a_link_to_help_and_a_way_on(visitor: Visitor, settings: Any, status: int) -> None:
    settings.SUPPORT_URL = HELP
    visitor.starts(NUMBER)
    answer = error_page(status, visitor)
    page = answer.content.decode()
    assert answer.status_code == status
    assert conf.BRAND_NAME in page.partition("</header>")[0] and f"· {conf.BRAND_NAME}</title>" in page
    main = page[page.index("<main>") :]
    assert f'href="{HELP}"' in main and 'href="/"' in main
    assert '<meta name="format-detection" content="telephone=no">' in page


def test_a_page_without_a_cookie_says_that_cookies_are_missing(db: None, settings: Any) -> None:
    settings.SUPPORT_URL = HELP
    page = Client(enforce_csrf_checks=True).post("/restart/").content.decode()
    assert "Cookies are blocked" in page and HELP in page and conf.BRAND_NAME in page


# --- Translators in the browser ----------------------------------------------------------------------------------


@pytest.mark.parametrize("language", [code for code, _name in product.LANGUAGES])
def test_what_scripts_fill_in_is_kept_from_page_translators(visitor: Visitor, language: str) -> None:
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    for page in (visitor.opens(), visitor.starts(NUMBER)):
        kept = re.sub(r'<span translate="no">\{\w+\}</span>', "…", page.text)
        assert "…" in kept or page.path == "/"
        assert re.findall(r"\{\w+\}", kept) == []
