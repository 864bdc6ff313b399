"""Codes as people type and paste them."""

from typing import Any

import pytest

from onboarding.web.forms import CodeForm

NUMBERS_ONLY = "The code is made of numbers only, like 123456"
SIX = "The code has 6 numbers. Check it"
TOO_LONG = "That code is too long. Enter only the numbers of the code"


def answer(typed: str) -> str:
    """Return the code that the form reads, or its error message."""
    form = CodeForm({"code": typed})
    return str(form.cleaned_data["code"] if form.is_valid() else form.errors["code"][0])


@pytest.mark.parametrize(
    "typed",
    [
        "123456",
        " 123456 ",
        "123 456",
        "12 34-56",
        "1 2 3 4 5 6",
        "123–456",
        "123\u2011456",
        "123\u2212456",
        "123.456",
        "123456.",
        "#123456",
        "“123456”",
        "１２３４５６",
        "١٢٣٤٥٦",
        "\u200e123456\u200f",
        "\u2068123\u00ad456\u2069",
        "123\u200b456\ufeff",
        "123\u00a0456",
        "G-123456",
        "Code: 123 456",
        "Your Acme code is: 123456. Don't share it",
        "Your Acme verification code is: 123456. It works for 10 minutes.",
        "Su código de verificación para Acme es: 123456",
        "رمز التحقق الخاص بك هو: ١٢٣٤٥٦",
        "您的验证码是123456，请勿泄露",
        "@pay.example.com #123456",
        "@127.0.0.1:8000 #123456",
        "Your Acme code is 123456, sent 2026.",
        "Your Acme code is: 123456.\n\n@pay24.example.com #123456",
    ],
)
def test_a_code_is_read_from_all_common_ways_to_type_and_paste_it(typed: str) -> None:
    assert answer(typed) == "123456"


@pytest.mark.parametrize("code", ["1234", "0000", "12345678", "1234567890"])
def test_codes_of_every_length_that_verify_can_send_are_read(code: str, settings: Any) -> None:
    settings.CODE_LENGTH = len(code)
    assert answer(code) == answer(f"Your code is {code}.") == code


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "Enter the code"),
        (" ", "Enter the code"),
        ("hello", NUMBERS_ONLY),
        ("12a456", NUMBERS_ONLY),
        ("12345O", NUMBERS_ONLY),
        ("l23456", NUMBERS_ONLY),
        ("¹²³⁴⁵⁶", NUMBERS_ONLY),
        ("12345⑥", NUMBERS_ONLY),
        ("\u202e654321", NUMBERS_ONLY),
        ("1234/5678", NUMBERS_ONLY),
        ("1234+5678", NUMBERS_ONLY),
        ("Your code is 123", NUMBERS_ONLY),
        ("Your codes are 123456 and 654321", NUMBERS_ONLY),
        ("Your code is 123456 10 minutes left", NUMBERS_ONLY),
        ("Call 201 555 0123", NUMBERS_ONLY),
        ("123", SIX),
        ("1-2-3", SIX),
        ("12345", SIX),
        ("1" * 11, SIX),
        ("1" * 16_000, TOO_LONG),
        ("12345\x006", "Null characters are not allowed."),
    ],
)
def test_a_text_that_may_be_no_code_gets_a_message(typed: str, message: str) -> None:
    assert answer(typed) == message
