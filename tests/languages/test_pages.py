"""Every page, and the text message, is in the language of the person."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client
from django.utils.text import capfirst
from django.utils.translation import get_language_info

from onboarding.conf import conf
from tests import qr
from tests.device import through
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Page, Visitor, wrong
from tests.languages import pseudo

NUMBER, E164, MAYBE_SENT = "+1 201 555 0123", "+12015550123", "+12025550145"
LANGUAGES = [get_language_info(code)["name_local"] for code, _name in product.LANGUAGES]
NAMES = (conf.BRAND_NAME, "testserver", *map(capfirst, LANGUAGES), "Esperanto")


def with_language(visitor: Visitor, language: str) -> Visitor:
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    return visitor


@pytest.fixture
def newcomer(visitor: Visitor, settings: Any, tmp_path: Path) -> Visitor:
    """A visitor whose language is the pseudo-language."""
    pseudo.write_catalogue(tmp_path / "locale")
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    settings.LANGUAGES = [*settings.LANGUAGES, (pseudo.CODE, "Esperanto")]
    for name in ("SUPPORT_URL", "PRIVACY_URL", "TERMS_URL"):
        setattr(settings, name, "https://example.com/")
    return with_language(visitor, pseudo.CODE)


def untranslated(page: Page) -> list[str]:
    """Return the words of the page that are not translated."""
    assert "⟦" in page.text
    return pseudo.untranslated(page.text, names=NAMES)


def test_a_first_link_has_no_untranslated_word(newcomer: Visitor, sandbox: Sandbox) -> None:
    assert untranslated(newcomer.opens()) == []
    assert newcomer.fetches("/start/", phone="x").json()["error"].startswith("⟦")
    newcomer.starts(NUMBER)
    assert untranslated(newcomer.page) == []
    code = newcomer.code(E164)
    for typed in ("", "x", "12", "1" * 30, wrong(code)):
        assert untranslated(newcomer.types_code(typed)) == []
    sandbox.inject_fault("prove.unify_bind", "refuse")
    assert untranslated(newcomer.types_code(code)) == []
    sandbox.clear_faults()
    assert untranslated(newcomer.submits("/bind/")) == []
    assert newcomer.page.path == "/done/"
    newcomer.submits("/remember/")
    assert untranslated(newcomer.opens("/confirm/")) == []
    assert untranslated(newcomer.submits("/log-out/")) == []
    newcomer.starts(NUMBER)
    assert untranslated(newcomer.submits("/unlink/")) == []


def test_failed_sends_have_no_untranslated_word(newcomer: Visitor, sandbox: Sandbox, later: Later) -> None:
    for kind in ("refuse", "lost"):
        sandbox.inject_fault("twilio.verification", kind)
        assert untranslated(newcomer.starts(NUMBER)) == []
        sandbox.clear_faults()
        newcomer.submits("/restart/")
    newcomer.starts(NUMBER)
    assert untranslated(newcomer.submits("/code/send/")) == []
    assert "⟦It is too soon" in newcomer.page.text
    later(3600)
    assert untranslated(newcomer.opens("/code/")) == []
    assert newcomer.page.path == "/expired/"


@pytest.mark.parametrize("number", ["2025550131", "2025550137", "2025550141", "2025550152", "2025550150"])
def test_unsuccessful_ends_have_no_untranslated_word(newcomer: Visitor, number: str) -> None:
    newcomer.starts(f"+1{number}")
    if newcomer.page.path == "/code/" and newcomer.messages(f"+1{number}"):
        newcomer.types_code(newcomer.code(f"+1{number}"))
    assert untranslated(newcomer.page) == []


def test_a_return_has_no_untranslated_word(newcomer: Visitor) -> None:
    newcomer.links(NUMBER, E164)
    assert untranslated(newcomer.submits("/remember/")) == []
    newcomer.client.cookies.pop("sessionid")
    assert untranslated(newcomer.opens()) == []
    newcomer.starts("+1 201 555 0199")
    assert newcomer.page.path == "/moved/"
    assert untranslated(newcomer.page) == []


def test_the_list_of_devices_has_no_untranslated_word(newcomer: Visitor) -> None:
    Visitor().links(NUMBER, E164)
    newcomer.client.defaults["HTTP_USER_AGENT"] = ""
    newcomer.links(NUMBER, E164)
    assert set(untranslated(newcomer.opens("/devices/"))) <= {"Prove", "Key"}
    assert set(untranslated(newcomer.submits("/devices/unlink/"))) <= {"Prove", "Key"}


def test_a_handoff_has_no_untranslated_word(newcomer: Visitor, settings: Any) -> None:
    phone, computer = with_language(Visitor(), pseudo.CODE), newcomer
    settings.DESKTOP_ALLOWED = False
    assert untranslated(computer.opens("/handoff/")) == []
    assert untranslated(computer.submits("/handoff/offer/")) == []
    assert untranslated(phone.opens("/handoff/answer/")) == []
    phone.opens(qr.read(computer.page.text).removeprefix("http://testserver"))
    assert untranslated(phone.page) == []
    assert untranslated(phone.submits("/handoff/answer/", answer="yes")) == []
    assert untranslated(computer.opens("/handoff/")) == []
    shown = re.findall(r'class="match"><bdi>(\d+)', phone.page.text)[0]
    assert untranslated(computer.submits("/handoff/", number="")) == []
    assert untranslated(computer.submits("/handoff/", number=shown)) == []


def test_refusals_by_limits_have_no_untranslated_word(newcomer: Visitor) -> None:
    Visitor().starts(MAYBE_SENT)
    newcomer.opens()
    token = newcomer.fetches("/start/", phone=MAYBE_SENT).json()["auth_token"]
    newcomer.device.authenticate(token, through(newcomer.client))
    assert newcomer.fetches("/device/").json()["error"].startswith("⟦")
    newcomer.opens("/code/")
    page = newcomer.submits("/code/send/")
    assert page.status == 429
    assert untranslated(page) == []


@pytest.mark.parametrize("path", ["/nowhere", "/start/"])
def test_error_pages_have_no_untranslated_word(newcomer: Visitor, path: str) -> None:
    """A missing page, and a form without a CSRF token."""
    page = newcomer.opens(path) if path == "/nowhere" else newcomer.submits(path)
    assert page.status in (403, 404)
    assert untranslated(page) == []


def test_pages_are_in_the_browsers_language(visitor: Visitor) -> None:
    page = with_language(visitor, "fr-CA,fr;q=0.9,en;q=0.5").opens()
    assert '<html lang="fr" dir="ltr">' in page.text
    assert "Quel est votre numéro de téléphone" in page.text


def test_arabic_pages_run_from_right_to_left(visitor: Visitor) -> None:
    assert '<html lang="ar" dir="rtl">' in with_language(visitor, "ar").opens().text
    assert '<html lang="ar" dir="rtl">' in visitor.opens("/nowhere").text


def test_a_language_chosen_on_a_page_is_kept(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    page = visitor.submits("/language/", language="de", next="/code/")
    assert page.path == "/code/"
    assert "Geben Sie den Code ein" in page.text
    assert 'value="de" lang="de" selected' in visitor.opens("/").text


def test_the_choice_of_a_language_redirects_to_this_site_only(visitor: Visitor) -> None:
    visitor.opens()
    assert visitor.submits("/language/", language="de", next="https://example.com/").path == "/"


def test_british_english_is_a_language_of_its_own(visitor: Visitor) -> None:
    assert "recognise you on this device" in with_language(visitor, "en-GB").opens().text
    assert "recognize you on this device" in with_language(visitor, "en-US").opens().text


def test_an_unknown_language_is_ignored(visitor: Visitor) -> None:
    visitor.opens()
    assert '<html lang="en"' in visitor.submits("/language/", language="tlh", next="/").text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Your Sandbox Verify code is"),
        ("es", "Su código de"),
        ("fr", "Votre code"),
        ("de", "Ihr Code von"),
        ("pt-br", "Seu código"),
        ("ar", "الخاص بك هو"),
    ],
)
def test_the_text_message_is_in_the_pages_language(visitor: Visitor, language: str, words: str) -> None:
    with_language(visitor, language).starts(E164)
    assert words in visitor.messages(E164)[0]["body"]


def test_for_a_language_without_a_locale_twilio_chooses_one(newcomer: Visitor) -> None:
    newcomer.starts(NUMBER)
    assert "Your Sandbox Verify code is" in newcomer.messages(E164)[0]["body"]


def test_arabic_uses_its_own_plural_forms(visitor: Visitor) -> None:
    with_language(visitor, "ar").starts(NUMBER)
    code = visitor.code(E164)
    seen = []
    for _try in range(4):
        page = visitor.types_code(wrong(code))
        seen += re.findall("بقيت لك [^.]*", page.text)
    assert seen[-2:] == ["بقيت لك محاولتان", "بقيت لك محاولة واحدة"]


def test_the_choice_is_kept_in_a_cookie_that_scripts_cannot_read(visitor: Visitor) -> None:
    visitor.opens()
    visitor.submits("/language/", language="es", next="/")
    cookie = visitor.client.cookies[product.LANGUAGE_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def test_a_browser_without_cookies_gets_its_language(db: None) -> None:
    assert Client().get("/", headers={"Accept-Language": "pt-BR"}).content.decode().count("Seu número de telefone")
