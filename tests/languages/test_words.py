"""The words that each catalogue agrees on, as a copy editor of that language reads them, and those that it avoids."""

import re
from collections.abc import Iterator

import pytest

from tests.languages.catalogues import LOCALES, extracted, messages, stored, strings

NO_BREAK_SPACE = "\u00a0"


def translations(locale: str) -> dict[str, str]:
    """Return the translations by their English text; plural forms by the English singular, one a line."""
    return {
        message.id if isinstance(message.id, str) else message.id[0]: "\n".join(strings(message))
        for message in messages(stored(locale))
    }


def english() -> Iterator[str]:
    for message in messages(extracted()):
        yield from [message.id] if isinstance(message.id, str) else message.id


def only(words: str, locale: str) -> str:
    """Return the translation of the only English text that contains `words`."""
    [text] = [text for english, text in translations(locale).items() if words in english]
    return text


# --- English ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "Send a new one",  # as if the person sent codes
        "new to us",
        "in some minutes",
        "The device check didn't work",
        "One that can receive",
        "look among",
        "Call me and",
        "That was too much",
        "You can't do that here",
        "That request was not right",
        "That is all for now",
        "Twilio's word",
        "tried too often",
    ],
)
def test_nothing_is_said_in_words_that_do_not_help(words: str) -> None:
    assert [text for text in english() if words in text] == []


@pytest.mark.parametrize(
    "words",
    [
        "Ask for a new one",
        "We couldn't recognize this device",
        "It must be able to receive texts, like",
        "look in spam and blocked messages",
        "Get the code by phone call",
        "Your browser sent too much",
        "Open this page from its own site",
        "Your browser sent something that we can't read",
        "Too many searches. Try again in a few minutes.",
        "Value from Twilio",
    ],
)
def test_what_is_said_in_their_place(words: str) -> None:
    assert [text for text in english() if words in text]


# --- All languages ---------------------------------------------------------------------------------------------------

ASKS = {"es": "Pida un", "fr": "Demandez-en un", "de": "Fordern Sie einen", "pt_BR": "Peça um", "ar": "اطلب رمزًا"}
CANCELED = {"es": "Cancelado.", "fr": "Annulé.", "de": "Abgebrochen.", "pt_BR": "Cancelado.", "ar": "تم الإلغاء."}
MOVES = {
    "es": "ransfer|traslado",
    "fr": "ransf[eé]r",
    "de": "geändert|bertrag|verknüpf",
    "pt_BR": "ransfer",
    "ar": "نُ?قل",
}
AVOIDED = {
    "es": "ordenador|Revocada|[Ll]lámenme|nuevo para nosotros|caduc|[Pp]ulse |[Mm]over",
    "fr": "là-bas|un geste|nouveau pour nous|nous avons arrêté",
    "de": "neu für uns|[Uu]mzug|umgezogen|[Kk]ürzlich|Übungstelefon|sagt Ihnen, wenn|bewegt",
    "pt_BR": "[Nn]ada se perdeu|Revogada|Leia este|novo para nós|Passar este",
    "ar": "لم يضع|جديدًا علينا|مانعات|حاول مرة|حاول مجددًا|بالمحاولة مرة",
}


@pytest.mark.parametrize("locale", LOCALES)
def test_people_are_told_to_ask_for_a_code_and_not_to_send_one(locale: str) -> None:
    found = [text for words, text in translations(locale).items() if "Ask for a new one" in words]
    assert len(found) >= 3
    assert [text for text in found if ASKS[locale] not in text] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_said_after_cancel_has_the_word_of_the_button(locale: str) -> None:
    assert only("Canceled. Press the button", locale).startswith(CANCELED[locale])


@pytest.mark.parametrize("locale", LOCALES)
def test_there_is_one_verb_for_moving_a_device(locale: str) -> None:
    moving = re.compile(r"[Mm]ove this device|\bmoved only|[Mm]oved too|\bto move it|\bmoved from|\b[Mm]ove of")
    found = [text for words, text in translations(locale).items() if moving.search(words)]
    assert len(found) >= 5
    assert [text for text in found if not re.search(MOVES[locale], text)] == []


@pytest.mark.parametrize("locale", LOCALES)
def test_a_catalogue_uses_no_word_that_it_avoids(locale: str) -> None:
    assert [text for text in translations(locale).values() if re.search(AVOIDED[locale], text)] == []


# --- Spanish, French, German, Portuguese, Arabic ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "words", "text"),
    [
        ("es", "Use your phone instead", "Usar el teléfono en su lugar"),
        ("es", "Get the code by phone call", "Recibir el código por llamada"),
        ("es", "Is a text message safe?", "¿Son seguros los SMS?"),
        ("es", "Revoked", "Revocado"),
        ("es", "Stay on this computer", "Seguir en esta computadora"),
        ("de", "Open the pretend phone", "Testtelefon öffnen"),
        ("de", "Reviewers' desk", "Prüfbereich"),
        ("de", "Get the code by phone call", "Code per Anruf erhalten"),
        ("de", "Nothing here has that number.", "Keine Einträge zu dieser Nummer."),
        ("pt_BR", "Revoked", "Revogado"),
    ],
)
def test_a_text_as_it_is_said_in_the_language(locale: str, words: str, text: str) -> None:
    assert translations(locale)[words] == text


@pytest.mark.parametrize(
    ("locale", "words", "part"),
    [
        ("es", "without a password. If we don't know this device yet, we text", "Si aún no conocemos este dispositivo"),
        (
            "fr",
            "without a password. If we don't know this device yet, we text",
            "Si nous ne connaissons pas encore cet",
        ),
        ("fr", "that your phone shows", "nombre à 2 chiffres affiché sur l’écran du téléphone"),
        ("fr", "Go on there. This page", "sur le téléphone"),
        ("fr", "This browser remembers your number", "il suffira d’appuyer une fois"),
        ("fr", "we stopped. Start again:", "nous avons interrompu l’opération"),
        ("de", "without a password. If we don't know this device yet, we text", "Kennen wir dieses Gerät noch nicht"),
        ("de", "We text it one code and", "Wir senden Ihnen einen Code per SMS und verknüpfen dann dieses Gerät."),
        ("de", "was moved only recently", "wurde vor Kurzem geändert"),
        ("de", "This page will tell you", "zeigt an, sobald"),
        ("pt_BR", "Scan this QR code", "Escaneie este código QR"),
        ("ar", "switch off content blockers", "أدوات حظر المحتوى"),
    ],
)
def test_a_text_contains_what_is_said_in_the_language(locale: str, words: str, part: str) -> None:
    assert part in only(words, locale)


@pytest.mark.parametrize(
    ("locale", "words", "phrase"),
    [
        ("pt_BR", "Nothing is lost", "[Nn]ada foi perdido"),
        ("ar", "Nothing is lost", "لم يُفقد شيء"),
        ("ar", "[Tt]ry again", "إعادة المحاولة|أعد المحاولة|بإعادة المحاولة|سُمح بمحاولة أخرى"),
        ("ar", "QR code", "رمز QR"),
    ],
)
def test_there_is_one_phrase_for_one_thing(locale: str, words: str, phrase: str) -> None:
    found = [text for english, text in translations(locale).items() if re.search(words, english)]
    assert found and [text for text in found if not re.search(phrase, text)] == []


def test_in_french_no_line_begins_with_a_sign() -> None:
    """A sign of two parts has a space before it at which no line is broken, and so have guillemets inside."""
    alone = re.compile(rf"(?<![{NO_BREAK_SPACE}\u202f])[?!;:»](?=\s|$)|«(?![{NO_BREAK_SPACE}\u202f])")
    texts = [re.sub("<[^>]*>", "", text) for text in translations("fr").values()]
    assert [text for text in texts if alone.search(text)] == []


def test_in_arabic_two_seconds_are_the_subject() -> None:
    *_, two, few, many, other = translations("ar")["%(seconds)s second"].splitlines()
    assert two == "ثانيتان" and "%(seconds)s" in few and "%(seconds)s" in many and "%(seconds)s" in other
