"""Every page in the person's language, and the text message, too."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from django.test import Client
from django.utils.text import capfirst
from django.utils.translation import get_language_info

from tests import qr
from tests.device import through
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Page, Visitor, wrong
from tests.languages import pseudo

NUMBER, E164 = "201 555 0123", "+12015550123"
LANGUAGES = [get_language_info(code)["name_local"] for code, _name in product.LANGUAGES]
NAMES = (product.BRAND_NAME, "testserver", *map(capfirst, LANGUAGES), "Esperanto")


def speaks(visitor: Visitor, language: str) -> Visitor:
    visitor.client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    return visitor


@pytest.fixture
def newcomer(visitor: Visitor, settings: Any, tmp_path: Path) -> Visitor:
    """Somebody who speaks the language in brackets."""
    pseudo.write_catalogue(tmp_path / "locale")
    settings.LOCALE_PATHS = [tmp_path / "locale"]
    settings.LANGUAGES = [*settings.LANGUAGES, (pseudo.CODE, "Esperanto")]
    for name in ("SUPPORT_URL", "PRIVACY_URL", "TERMS_URL"):
        setattr(settings, name, "https://example.com/")
    return speaks(visitor, pseudo.CODE)


def unmarked(page: Page) -> list[str]:
    assert "⟦" in page.text
    return pseudo.unmarked(page.text, names=NAMES)


def test_first_time_has_no_unmarked_word(newcomer: Visitor, sandbox: Sandbox) -> None:
    assert unmarked(newcomer.opens()) == []
    assert newcomer.asks("/start/", phone="x").json()["error"].startswith("⟦")
    newcomer.starts(NUMBER)
    assert unmarked(newcomer.page) == []
    code = newcomer.code(E164)
    for typed in ("", "x", "12", "1" * 30, wrong(code)):
        assert unmarked(newcomer.types_code(typed)) == []
    sandbox.has("prove.unify_bind", "refuse")
    assert unmarked(newcomer.types_code(code)) == []
    sandbox.is_well()
    assert unmarked(newcomer.submits("/bind/")) == []
    assert newcomer.page.path == "/done/"
    assert unmarked(newcomer.submits("/unlink/")) == []


def test_sends_that_fail_have_no_unmarked_word(
    newcomer: Visitor, sandbox: Sandbox, later: Callable[[int], None]
) -> None:
    for kind in ("refuse", "lost"):
        sandbox.has("twilio.verification", kind)
        assert unmarked(newcomer.starts(NUMBER)) == []
        sandbox.is_well()
        newcomer.submits("/restart/")
    newcomer.starts(NUMBER)
    assert unmarked(newcomer.submits("/code/send/")) == []
    assert "⟦Please wait" in newcomer.page.text
    later(3600)
    assert unmarked(newcomer.opens("/code/")) == []
    assert newcomer.page.path == "/expired/"


@pytest.mark.parametrize("number", ["2025550131", "2025550137", "2025550141", "2025550152", "2025550150"])
def test_ends_that_are_none_have_no_unmarked_word(newcomer: Visitor, number: str) -> None:
    newcomer.starts(number)
    if newcomer.page.path == "/code/" and newcomer.messages(f"+1{number}"):
        newcomer.types_code(newcomer.code(f"+1{number}"))
    assert unmarked(newcomer.page) == []


def test_returning_has_no_unmarked_word(newcomer: Visitor) -> None:
    newcomer.links(NUMBER, E164)
    assert unmarked(newcomer.submits("/remember/")) == []
    newcomer.client.cookies.pop("sessionid")
    assert unmarked(newcomer.opens()) == []
    newcomer.starts("201 555 0199")
    assert newcomer.page.path == "/moved/"
    assert unmarked(newcomer.page) == []


def test_handing_over_has_no_unmarked_word(newcomer: Visitor, settings: Any) -> None:
    phone, computer = speaks(Visitor(), pseudo.CODE), newcomer
    settings.DESKTOP_ALLOWED = False
    assert unmarked(computer.opens("/handoff/")) == []
    assert unmarked(computer.submits("/handoff/offer/")) == []
    assert unmarked(phone.opens("/handoff/answer/")) == []
    phone.opens(qr.read(computer.page.text).removeprefix("http://testserver"))
    assert unmarked(phone.page) == []
    assert unmarked(phone.submits("/handoff/answer/", answer="yes")) == []
    assert unmarked(computer.opens("/handoff/")) == []
    shown = re.findall(r'class="match"><bdi>(\d+)', phone.page.text)[0]
    assert unmarked(computer.submits("/handoff/", number="")) == []
    assert unmarked(computer.submits("/handoff/", number=shown)) == []


def test_limits_have_no_unmarked_word(newcomer: Visitor) -> None:
    Visitor().starts(NUMBER)
    newcomer.opens()
    token = newcomer.asks("/start/", phone=NUMBER).json()["auth_token"]
    newcomer.device.authenticate(token, through(newcomer.client))
    assert newcomer.asks("/device/").json()["error"].startswith("⟦")
    newcomer.opens("/code/")
    page = newcomer.submits("/code/send/")
    assert page.status == 429
    assert unmarked(page) == []


@pytest.mark.parametrize("path", ["/nowhere", "/start/"])
def test_error_pages_have_no_unmarked_word(newcomer: Visitor, path: str) -> None:
    """A page that isn't there; a form from another site."""
    page = newcomer.opens(path) if path == "/nowhere" else newcomer.submits(path)
    assert page.status in (403, 404)
    assert unmarked(page) == []


def test_the_browsers_language_is_spoken(visitor: Visitor) -> None:
    page = speaks(visitor, "fr-CA,fr;q=0.9,en;q=0.5").opens()
    assert '<html lang="fr" dir="ltr">' in page.text
    assert "Quel est votre numéro de téléphone" in page.text


def test_arabic_runs_from_right_to_left(visitor: Visitor) -> None:
    assert '<html lang="ar" dir="rtl">' in speaks(visitor, "ar").opens().text
    assert '<html lang="ar" dir="rtl">' in visitor.opens("/nowhere").text


def test_another_language_is_chosen_on_the_page_and_stays(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    page = visitor.submits("/language/", language="de", next="/code/")
    assert page.path == "/code/"
    assert "Geben Sie den Code ein" in page.text
    assert 'value="de" lang="de" selected' in visitor.opens("/").text


def test_the_choice_leads_to_this_site_alone(visitor: Visitor) -> None:
    visitor.opens()
    assert visitor.submits("/language/", language="de", next="https://example.com/").path == "/"


def test_a_language_that_nobody_offers_changes_nothing(visitor: Visitor) -> None:
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
    speaks(visitor, language).starts(E164)
    assert words in visitor.messages(E164)[0]["body"]


def test_a_language_that_twilio_has_not_is_left_to_the_numbers_country(newcomer: Visitor) -> None:
    newcomer.starts(NUMBER)
    assert "Your Sandbox Verify code is" in newcomer.messages(E164)[0]["body"]


def test_arabic_counts_in_six_ways(visitor: Visitor) -> None:
    speaks(visitor, "ar").starts(NUMBER)
    code = visitor.code(E164)
    seen = []
    for _try in range(4):
        page = visitor.types_code(wrong(code))
        seen += re.findall("بقيت لك [^.]*", page.text)
    assert seen[-2:] == ["بقيت لك محاولتان", "بقيت لك محاولة واحدة"]


def test_the_choice_is_kept_in_a_cookie_that_scripts_can_not_read(visitor: Visitor) -> None:
    visitor.opens()
    visitor.submits("/language/", language="es", next="/")
    cookie = visitor.client.cookies[product.LANGUAGE_COOKIE_NAME]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def test_a_stranger_without_cookies_can_still_read(db: None) -> None:
    assert Client().get("/", headers={"Accept-Language": "pt-BR"}).content.decode().count("Seu número de telefone")
