"""Verify's message by locale. https://www.twilio.com/docs/verify/supported-languages"""

import phonenumbers
from babel import Locale, UnknownLocaleError

TEXTS = {
    "ar": "رمز {sender} الخاص بك هو {code}. لا تشاركه مع أي شخص.",
    "de": "Ihr Code von {sender} lautet {code}. Geben Sie ihn an niemanden weiter.",
    "en": "Your {sender} code is {code}. Don't share it with anyone.",
    "en-GB": "Your {sender} code is {code}. Don't share it with anyone.",
    "es": "Su código de {sender} es {code}. No lo comparta con nadie.",
    "fr": "Votre code {sender} est {code}. Ne le communiquez à personne.",
    "pt-BR": "Seu código da {sender} é {code}. Não o compartilhe com ninguém.",
}
# Verify has these locales as well. The sandbox sends them in English.
OTHER_LOCALES = (
    *("af", "ca", "cs", "da", "el", "en-GB", "et", "fi", "he", "hi", "hr", "hu", "id", "it", "ja", "kn", "ko", "lt"),
    *("mr", "ms", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sv", "te", "th", "tl", "tr", "uk", "vi", "zh", "zh-CN"),
    "zh-HK",
)


def locale_of(number: str) -> str:
    """The locale of a message to a number in E.164 without a `Locale`: that of the number's country, or English."""
    country = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    try:
        spoken = Locale.parse(f"und_{country}")  # its likely language, by CLDR
    except UnknownLocaleError:
        return "en"
    return next((locale for locale in (f"{spoken.language}-{country}", spoken.language) if locale in TEXTS), "en")
