"""How codes are delivered: numbers that get none, the channels that are offered, and a channel that Twilio has not."""

from typing import Any

import pytest

from onboarding.domain.states import Channel
from onboarding.models import OnboardingSession
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
LANDLINE = "+44 121 234 5678"
START = "twilio.verification"
BUTTON = '<input type="hidden" name="channel" value="{}">'
RESEND_WAIT_S = 31


def channels_of(visitor: Visitor) -> list[str]:
    return [channel for channel in Channel if BUTTON.format(channel) in visitor.page.text]


def sent_by(visitor: Visitor) -> list[str]:
    """Return how each code was sent. The last line of a text message, @host #code, is not said by a call."""
    return ["sms" if "\n@" in message["body"] else "call" for message in reversed(visitor.messages(E164))]


def channel_is_off(sandbox: Sandbox, times: int = 1) -> None:
    body = {"code": 60223, "message": "Delivery channel disabled", "status": 400}
    sandbox.inject_fault(START, "answer", status=400, body=body, times=times)


# --- Numbers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", ["+44 909 879 0123", "+1 900 234 5678", "+49 900 1234567", "+1 800 234 5678"])
def test_a_service_number_is_declined_before_anything_costs_money(
    visitor: Visitor, sandbox: Sandbox, number: str
) -> None:
    visitor.opens()
    answer = visitor.fetches("/start/", phone=number)
    assert answer.status_code == 400 and "service numbers" in answer.json()["error"]
    assert visitor.fetches("/start/", phone=number, meant=number.replace(" ", "")).status_code == 400
    assert sandbox.calls("prove.unify") == []


def test_a_landline_is_declined_if_no_call_is_offered(visitor: Visitor, sandbox: Sandbox, settings: Any) -> None:
    settings.CODE_CHANNELS = ["sms"]
    visitor.opens()
    assert "can't text a landline" in visitor.fetches("/start/", phone=LANDLINE).json()["error"]
    assert sandbox.calls("prove.unify") == []


def test_a_landline_goes_on_if_a_call_is_offered(visitor: Visitor) -> None:
    assert visitor.starts(LANDLINE).path == "/code/" and "call" in channels_of(visitor)


# --- The setting -------------------------------------------------------------------------------------------------


def test_texts_alone(visitor: Visitor, settings: Any, later: Later) -> None:
    settings.CODE_CHANNELS = ["sms"]
    assert "We can call you" not in visitor.opens().text
    visitor.starts(NUMBER)
    assert channels_of(visitor) == ["sms"]
    later(RESEND_WAIT_S)
    visitor.submits("/code/send/", channel="call")
    assert sent_by(visitor) == ["sms", "sms"]


def test_calls_alone(visitor: Visitor, settings: Any) -> None:
    settings.CODE_CHANNELS = ["call"]
    page = visitor.opens().text
    assert "we call you and say a code" in page and "we text" not in page and "can receive texts" not in page
    page = visitor.starts(NUMBER).text
    assert "calling" in page and channels_of(visitor) == ["call"]
    assert sent_by(visitor) == ["call"]
    visitor.types_code(visitor.code(E164))
    visitor.submits("/remember/")
    page = visitor.opens().text
    assert "Welcome back" in page and "we call that number" in page


@pytest.mark.parametrize(("offered", "code"), [("sms", 60205), ("call", 60200)])
def test_where_the_only_channel_can_not_reach_the_number_no_other_is_named(
    visitor: Visitor, sandbox: Sandbox, settings: Any, offered: str, code: int
) -> None:
    settings.CODE_CHANNELS = [offered]
    sandbox.inject_fault(START, "answer", status=403, body={"code": code, "message": "no", "status": 403})
    page = visitor.starts(NUMBER).text
    assert "We can't send a code to this number. Check it, or use another one." in page


# --- A service without the channel -------------------------------------------------------------------------------


def test_a_channel_that_the_service_has_not_is_offered_no_more(
    visitor: Visitor, sandbox: Sandbox, later: Later, caplog: Any
) -> None:
    visitor.starts(NUMBER)
    later(RESEND_WAIT_S)
    channel_is_off(sandbox)
    assert "We can't send a code this way" in visitor.submits("/code/send/", channel="call").text
    assert channels_of(visitor) == ["sms"]
    assert "Twilio's settings or ours are wrong" in caplog.text
    visitor.submits("/code/send/", channel="sms")
    assert channels_of(visitor) == ["sms"], "nor after another code"
    later(RESEND_WAIT_S + RESEND_WAIT_S)
    visitor.submits("/code/send/", channel="call")
    assert sent_by(visitor) == ["sms", "sms", "sms"], "nor to a forged request"
    visitor.types_code(visitor.code(E164))
    assert visitor.page.path == "/done/"


def test_it_costs_the_person_no_send(visitor: Visitor, sandbox: Sandbox, settings: Any) -> None:
    settings.LIMITS = {"sends_number_hour": {"burst": 1}}
    channel_is_off(sandbox)
    visitor.starts(NUMBER)
    assert channels_of(visitor) == ["call"] and OnboardingSession.objects.get().sends == 0
    visitor.submits("/code/send/", channel="call")
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_the_next_session_is_offered_it_again(visitor: Visitor, sandbox: Sandbox) -> None:
    channel_is_off(sandbox)
    visitor.starts(NUMBER)
    visitor.submits("/restart/")
    visitor.starts(NUMBER)
    assert channels_of(visitor) == ["sms", "call"]


def test_without_any_channel_there_is_no_button(visitor: Visitor, sandbox: Sandbox) -> None:
    usual, *others = Channel
    channel_is_off(sandbox, times=len(Channel))
    visitor.starts(NUMBER)
    for channel in others:
        page = visitor.submits("/code/send/", channel=channel).text
    assert usual not in channels_of(visitor)
    assert channels_of(visitor) == [] and "couldn't send a code right now" in page
    assert "Use a different number" in page
    for _ in range(8):  # a page that was loaded before still has the button
        visitor.submits("/code/send/", channel=usual)
    assert len(sandbox.calls("twilio.verification")) == len(Channel) and channels_of(visitor) == []
