"""A person's other devices are told of a new one, if the settings want that."""

from typing import Any

import pytest

from onboarding import limits
from onboarding.domain.budgets import MONEY
from onboarding.models import Cell, Event
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor

NUMBER = "+12015550123"
WORDS = "A new device was linked to your account"


@pytest.fixture(autouse=True)
def _wanted(settings: Any) -> None:
    settings.NEW_DEVICE_NOTICE = True


def notices(number: str = NUMBER) -> list[str]:
    return [message["body"] for message in Visitor().messages(number) if not message["code"]]


def test_the_first_device_is_no_news(visitor: Visitor) -> None:
    visitor.links(NUMBER, NUMBER)
    visitor.starts(NUMBER)
    assert notices() == []


def test_a_second_device_is_told_once_and_in_no_secret_words(visitor: Visitor) -> None:
    visitor.links(NUMBER, NUMBER)
    newer = Visitor()
    newer.links(NUMBER, NUMBER)
    (text,) = notices()
    assert WORDS in text and "0123" not in text and newer.code(NUMBER) not in text
    newer.starts(NUMBER)
    assert len(notices()) == 1


def test_the_text_is_in_the_language_of_the_device_that_is_told(visitor: Visitor) -> None:
    visitor.client.cookies["django_language"] = "es"
    visitor.links(NUMBER, NUMBER)
    Visitor().links(NUMBER, NUMBER)
    (text,) = notices()
    assert WORDS not in text and "dispositivo" in text


def test_without_the_setting_there_is_no_text(visitor: Visitor, settings: Any) -> None:
    settings.NEW_DEVICE_NOTICE = False
    for each in (visitor, Visitor()):
        each.links(NUMBER, NUMBER)
    assert notices() == []


def test_a_text_that_fails_is_in_the_event_log_and_the_device_is_linked(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.links(NUMBER, NUMBER)
    sandbox.inject_fault("twilio.message", "status", status=500)
    assert Visitor().links(NUMBER, NUMBER).path == "/done/"
    assert Event.objects.get(name="notice:unanswered").facts["status"] == 500


def code_of_a_second_device(first: Visitor) -> tuple[Visitor, str]:
    """Link the number on one device, and bring another one to the code page."""
    first.links(NUMBER, NUMBER)
    second = Visitor()
    second.starts(NUMBER)
    return second, second.code(NUMBER)


def test_the_text_is_counted_as_money(visitor: Visitor, settings: Any) -> None:
    second, code = code_of_a_second_device(visitor)
    settings.TEXT_PRICE_CENTS = 100
    money = Cell.objects.filter(key=limits.key(MONEY, ""))
    before = money.get().tat
    second.types_code(code)
    given_back = (before - money.get().tat) / 1000 / MONEY.every_s  # cents: two texts and the flow, less this text
    assert given_back == pytest.approx(2 * 100 + settings.PROVE_PRICE_CENTS - 100, abs=1)


def test_nobody_can_have_the_text_refused_by_using_up_the_money(visitor: Visitor, settings: Any) -> None:
    second, code = code_of_a_second_device(visitor)
    settings.LIMITS = {"money": {"burst": 1}}
    assert second.types_code(code).path == "/done/"
    assert len(notices()) == 1
