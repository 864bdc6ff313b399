"""The forms of the pages. They validate and never save."""

import re
import unicodedata
import uuid
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.utils.translation.trans_real import parse_accept_lang_header
from phonenumbers import country_code_for_region

from onboarding.conf import conf
from onboarding.domain.countries import NAMES
from onboarding.domain.languages import country_of
from onboarding.domain.phone import EXAMPLES, NotANumber, Number, Problem, normalized
from onboarding.domain.readings import read
from onboarding.domain.regions import serving
from onboarding.domain.states import Channel

FEWEST_DIGITS = 4  # of a code, https://www.twilio.com/docs/verify/api/service
LONGEST_MESSAGE = 500  # characters
TOO_LONG = _("That code is too long. Enter only the numbers of the code")
OUTDATED = _("Our terms have changed since this page was opened. Reload it to read them.")


SERVICE_NUMBER = _("We don't send codes to premium-rate, toll-free and other service numbers. Use your own number")
LANDLINE = _("We can't text a landline. Use the number of a mobile phone")
AMBIGUOUS = _("This can be more than one number. Choose yours")
LIKE_THE_EXAMPLE = _("Enter a phone number in the correct format, like %(example)s")
OR_ANOTHER_COUNTRY = _("Enter a phone number in the correct format, like %(example)s, or choose your country above")
WITHOUT_EXAMPLE = _("Enter a phone number in the correct format, with its country code if it is from elsewhere")
MESSAGES: Mapping[Problem, Any] = {
    Problem.NO_COUNTRY: _("Choose the country of your number, or begin with + and its country code"),
    Problem.NO_SUCH_COUNTRY_CODE: _("No country has this country code. Check it"),
    Problem.TOO_SHORT: _("This number is too short (%(country)s). Enter all of it, with the area code"),
    Problem.TOO_LONG: _("This number is too long (%(country)s). Enter one number, without an extension"),
    Problem.UNLISTED: _("We know no such number (%(country)s). Check it, with the area code"),
}


class StartForm(forms.Form):
    """The page's key, which is good for one start, and the version of the legal notices that the person accepts."""

    start_key = forms.UUIDField(initial=uuid.uuid4, widget=forms.HiddenInput)
    notices = forms.CharField(required=False, initial=lambda: conf.NOTICES_VERSION, widget=forms.HiddenInput)

    def clean_notices(self) -> str:
        """Return the version. It is empty if the form did not come from a page of ours: then nothing was accepted."""
        if self.cleaned_data["notices"] not in ("", conf.NOTICES_VERSION):
            raise forms.ValidationError(OUTDATED, code="outdated")
        return str(self.cleaned_data["notices"])


class PhoneForm(StartForm):
    """A phone number, in the national format of the chosen country or with a country code."""

    meant = forms.CharField(required=False)  # E.164, one of `choices`; anything else counts as none
    country = forms.CharField(required=False, max_length=2)
    phone = forms.CharField(error_messages={"required": _("Enter a phone number")})
    field_order = ("meant", "country", "phone")

    def __init__(self, *args: Any, languages: str = "", **kwargs: Any) -> None:
        """Without a country in the form, `languages` (Accept-Language) suggests one."""
        super().__init__(*args, **kwargs)
        asked = self["country"].value()
        self.region: str = asked if asked == "" or asked in allowed_countries() else likely_country(languages)
        self._choices: list[Number] = []

    @property
    def countries(self) -> str:
        """Return an `<option>` for each allowed country, by name, the chosen one selected; empty for one country."""
        codes = tuple(allowed_countries())
        options = _options(codes, get_language()) if len(codes) > 1 else ""
        chosen = rf'<option value="{re.escape(self.region)}"[^>]*'
        return mark_safe(re.sub(chosen, r"\g<0> selected", options, count=1))  # noqa: S308 - escaped by _options

    @property
    def example(self) -> str:
        """Return an example number, reserved for fiction, or "" if the country has none."""
        return EXAMPLES.get(self.region, "")

    @property
    def choices(self) -> list[Number]:
        """Return the numbers of which the person has to choose theirs, or the one that they have to confirm."""
        return self._choices if self.errors else []

    def clean_phone(self) -> Number:
        try:
            numbers, message = read(self.cleaned_data["phone"], self.region), AMBIGUOUS
        except NotANumber as error:
            numbers, message = _allowed(error.possible), self._message(error)
            meant = [number for number in numbers if number.e164.startswith(conf.TEST_NUMBERS)]
        else:
            meant = numbers if len(numbers) == 1 else []
        meant = meant or [number for number in numbers if number.e164 == self.cleaned_data.get("meant")]
        if not meant:
            self._choices = numbers
            raise forms.ValidationError(message, code="invalid")
        return _reachable(_allowed(meant)[0])

    def _message(self, error: NotANumber) -> Any:
        """Return what is wrong and what to do about it."""
        message, name = MESSAGES.get(error.problem, WITHOUT_EXAMPLE), NAMES.get(error.country)
        if error.problem in (Problem.NO_COUNTRY, Problem.NO_SUCH_COUNTRY_CODE):
            return message
        if self.example and error.country in ("", self.region):
            has_choice = len(allowed_countries()) > 1
            return (OR_ANOTHER_COUNTRY if has_choice else LIKE_THE_EXAMPLE) % {"example": self.example}
        return message % {"country": name} if name else WITHOUT_EXAMPLE


def known_number(e164: str) -> Number | None:
    """Return the number if a person could start with it on the phone page, or None."""
    form = PhoneForm({"start_key": uuid.uuid4(), "country": "", "phone": e164})
    return form.cleaned_data["phone"] if form.is_valid() else None


def _allowed(numbers: Sequence[Number]) -> list[Number]:
    """Return the numbers of allowed countries. Raises ValidationError if none is of one."""
    allowed = [number for number in numbers if number.region in allowed_countries()]
    if numbers and not allowed:
        raise forms.ValidationError(country_message(numbers[0]), code="country")
    return allowed


def _reachable(number: Number) -> Number:
    """Return the number if a code can be sent to such a line. Raises ValidationError before anything costs money."""
    if number.is_service:
        raise forms.ValidationError(SERVICE_NUMBER, code="service")
    if number.is_landline and Channel.CALL not in conf.CODE_CHANNELS:
        raise forms.ValidationError(LANDLINE, code="landline")
    return number


@lru_cache(maxsize=16)
def _options(codes: Collection[str], _language: str | None) -> str:
    """Return the options, none selected. Cached by language: 240 of them cost more than the rest of the page."""
    choices = [(code, str(NAMES[code]), country_code_for_region(code), EXAMPLES.get(code, "")) for code in codes]
    return format_html_join(
        "\n    ",
        '<option value="{}"{}>{} (\u2066+{}\u2069)</option>',
        (
            (code, format_html(' data-example="{}"', example) if example else "", name, calling_code)
            for code, name, calling_code, example in sorted(choices, key=lambda choice: _without_accents(choice[1]))
        ),
    )


def _without_accents(name: str) -> str:
    """Return the name as it is sorted: É with E."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))


def allowed_countries() -> Collection[str]:
    """Return the ISO 3166 codes of ALLOWED_COUNTRIES, or of all countries: those that our accounts at Prove serve."""
    return _served(tuple(conf.ALLOWED_COUNTRIES or NAMES), frozenset(conf.prove_accounts))


@lru_cache(maxsize=16)
def _served(countries: tuple[str, ...], regions: frozenset[str]) -> tuple[str, ...]:
    """Return the countries that one of the regions serves. Cached: the table is asked about 240 of them."""
    return tuple(country for country in countries if serving(country, regions))


def likely_country(languages: str) -> str:
    """Return the only allowed country, or the one that these languages (Accept-Language) suggest, or "".

    DEFAULT_REGION stands in for a header that names no language.
    """
    if len(allowed_countries()) == 1:
        return next(iter(allowed_countries()))
    country = country_of([tag for tag, _quality in parse_accept_lang_header(languages.replace("_", "-"))])
    country = conf.DEFAULT_REGION if country is None else country
    return country if country in allowed_countries() else ""


def country_message(number: Number) -> Any:
    """Return what a person is told whose number's country is not served."""
    name = NAMES.get(number.region or "")
    if name is None:
        return _("We don't serve the country of this number yet. Use a number from another country.")
    return _("We don't serve numbers from %(country)s yet. Use a number from another country.") % {"country": name}


class SendForm(forms.Form):
    """The channel for the code; None is the usual one."""

    channel = forms.TypedChoiceField(
        required=False, choices=[(c.value, c.value) for c in Channel], coerce=Channel, empty_value=None
    )


class CodeForm(forms.Form):
    """A code of CODE_LENGTH digits, typed alone or pasted with its message. Another one costs no guess."""

    code = forms.CharField(
        max_length=LONGEST_MESSAGE,
        error_messages={"required": _("Enter the code"), "max_length": TOO_LONG},
    )

    def clean_code(self) -> str:
        code = code_in(self.cleaned_data["code"])
        if not code:
            raise forms.ValidationError(_("The code is made of numbers only, like 123456"), code="invalid")
        if len(code) != conf.CODE_LENGTH:
            message = _("The code has %(count)s numbers. Check it") % {"count": conf.CODE_LENGTH}
            raise forms.ValidationError(message, code="length")
        return code


def code_in(text: str) -> str:
    """Return the typed digits, or the only code in a message. Return "" if in doubt: a wrong one would cost a guess."""
    try:
        seen = re.sub(r"@\S+", "", normalized(text))  # the last line of a message is @host #code, for WebOTP
    except NotANumber:
        return ""
    if typed := re.fullmatch(r"\W*([0-9](?:[-. ]*[0-9])*)\W*", seen):
        return re.sub("[^0-9]", "", typed[1])
    if not any(map(str.isalpha, seen)):
        return ""
    found = {_joined(run) for run in re.findall(r"(?<![A-Za-z0-9])[0-9]++(?:[- ][0-9]++)*+(?![A-Za-z])", seen)}
    codes = {code for code in found if code is None or len(code) == conf.CODE_LENGTH}
    return (codes.pop() if len(codes) == 1 else None) or ""


def _joined(run: str) -> str | None:
    """Return the digits of a code in groups (123 456), or None if a group could be a code by itself (123456 10)."""
    groups = re.split("[- ]", run)
    return None if len(groups) > 1 and max(map(len, groups)) >= FEWEST_DIGITS else "".join(groups)


class DeviceForm(forms.Form):
    """The device to unlink: the binding's `public_id`."""

    device = forms.UUIDField()


class MatchForm(forms.Form):
    """The number that the phone shows during a handoff."""

    number = forms.IntegerField(
        error_messages=dict.fromkeys(("required", "invalid"), _("Type the 2-digit number that your phone shows"))
    )


def first_error(form: forms.Form) -> dict[str, Any]:
    """Return the first invalid field and its message, for a page's script."""
    field, errors = next(iter(form.errors.items()))
    return {"field": field, "error": errors[0]}
