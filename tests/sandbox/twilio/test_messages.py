"""Texts that Twilio's own client sends arrive on the emulated phones."""

import pytest
from twilio.base.exceptions import TwilioRestException

from tests.sandbox.driver import ACCOUNT, SandboxDriver
from tests.sandbox.twilio.test_twilio_client import ADA, client_of

SERVICE, NUMBER = "MG" + "0" * 32, "+12025550100"
LANDLINE, SILENCE, OPTED_OUT = "+12025550152", "+12025550153", "+12025550157"


@pytest.mark.parametrize(
    ("sender", "status"),
    [({"messaging_service_sid": SERVICE}, "accepted"), ({"from_": NUMBER}, "queued")],
)
def test_a_text_is_accepted_and_delivered_without_a_code(
    sandbox: SandboxDriver, sender: dict[str, str], status: str
) -> None:
    sent = client_of(sandbox).messages.create(to=ADA, body="Hello, Ada", **sender)

    assert (sent.to, sent.body, sent.status, sent.error_code) == (ADA, "Hello, Ada", status, None)
    assert sent.date_created is not None and sent.sid.startswith("SM")
    (message,) = sandbox.messages(ADA)
    assert (message["body"], message["code"]) == ("Hello, Ada", "")


def test_a_text_may_be_accepted_and_never_delivered(sandbox: SandboxDriver) -> None:
    client_of(sandbox).messages.create(to=SILENCE, body="Hello", from_=NUMBER)

    assert sandbox.messages(SILENCE) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"to": "5550101", "from_": NUMBER, "body": "x"}, 21211),
        ({"to": ADA, "body": "x"}, 21603),
        ({"to": ADA, "from_": NUMBER}, 21602),
        ({"to": ADA, "from_": NUMBER, "body": "x" * 1601}, 21617),
        ({"to": LANDLINE, "from_": NUMBER, "body": "x"}, 21614),
        ({"to": OPTED_OUT, "from_": NUMBER, "body": "x"}, 21610),
    ],
)
def test_a_text_is_refused_with_the_documented_code(
    sandbox: SandboxDriver, arguments: dict[str, str], code: int
) -> None:
    with pytest.raises(TwilioRestException) as raised:
        client_of(sandbox).messages.create(**arguments)

    assert (raised.value.code, raised.value.status) == (code, 400)
    assert [line["effect"] for line in sandbox.ledger("twilio.message")] == [False]


def test_another_account_is_not_found(sandbox: SandboxDriver) -> None:
    path = f"/2010-04-01/Accounts/{ACCOUNT[:-1]}1/Messages.json"

    assert sandbox.twilio(path, {"To": ADA, "From": NUMBER, "Body": "x"}).status_code == 404


@pytest.mark.parametrize(("number", "code"), [("+12025550156", 21211), ("+12025550151", 21408)])
def test_the_scenario_of_a_number_applies_to_texts_without_a_code(
    sandbox: SandboxDriver, number: str, code: int
) -> None:
    with pytest.raises(TwilioRestException) as raised:
        client_of(sandbox).messages.create(to=number, from_=NUMBER, body="x")

    assert raised.value.code == code


@pytest.mark.parametrize("query", ["+2001004025", "%2B2001004025", "%202001004025"])
def test_messages_are_found_by_number_however_its_plus_is_escaped(query: str, standalone: SandboxDriver) -> None:
    standalone.send_code("+2001004025")
    standalone.send_code(ADA)

    [message] = standalone.send("GET", f"/sandbox/messages.json?to={query}").json()

    assert message["to"] == "+2001004025"


@pytest.mark.parametrize(
    ("query", "error"), [("to=hello", "to is not a phone number"), ("To=1", "no such argument: To")]
)
def test_messages_json_names_an_invalid_argument(query: str, error: str, standalone: SandboxDriver) -> None:
    answer = standalone.send("GET", f"/sandbox/messages.json?{query}")

    assert answer.status_code == 400 and error in answer.json()["error"]
