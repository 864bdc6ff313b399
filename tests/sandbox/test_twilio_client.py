"""Twilio's own client cannot tell: it sees each answer and each error as from Twilio, each valid by Twilio's spec."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.sandbox.world import ACCOUNT, SERVICE, TOKEN, World

SPEC = Path(__file__).parents[3] / "shared/specs/twilio_verify_v2.json"
ADA = "+12025550101"


def client_of(world: World, token: str = TOKEN) -> Client:
    http_client = TwilioHttpClient(timeout=5)
    http_client.session = world.session
    client = Client(ACCOUNT, token, http_client=http_client, environment={"TWILIO_EDGE": ""})
    client.verify.base_url = client.lookups.base_url = client.api.base_url = f"{world.origin}/sandbox/twilio"
    return client


@pytest.fixture
def service(world: World) -> Any:
    return client_of(world).verify.v2.services(SERVICE)


def test_a_code_is_sent_and_approved(service: Any, world: World) -> None:
    verification = service.verifications.create(to=ADA, channel="sms")
    assert (verification.status, verification.to, verification.valid) == ("pending", ADA, False)

    check = service.verification_checks.create(verification_sid=verification.sid, code=world.code(ADA))

    assert (check.status, check.valid, check.sid, check.to) == ("approved", True, verification.sid, ADA)


def test_a_code_may_be_checked_by_number(service: Any, world: World) -> None:
    service.verifications.create(to=ADA, channel="call")

    assert service.verification_checks.create(to=ADA, code=world.code(ADA)).status == "approved"


def test_a_resend_sends_the_same_code_of_the_same_verification(service: Any, world: World) -> None:
    first, second = (service.verifications.create(to=ADA, channel=channel) for channel in ("sms", "call"))

    assert first.sid == second.sid
    assert len(second.send_code_attempts) == 2
    assert len({message["code"] for message in world.messages(ADA)}) == 1


def test_after_ten_minutes_a_new_verification_begins(service: Any, world: World) -> None:
    first = service.verifications.create(to=ADA, channel="sms")
    world.passes(10 * 60)

    assert service.verifications.create(to=ADA, channel="sms").sid != first.sid


def test_five_sends_are_the_most_until_the_code_expires(service: Any, world: World) -> None:
    for _ in range(5):
        service.verifications.create(to=ADA, channel="sms")
    with pytest.raises(TwilioRestException) as raised:
        service.verifications.create(to=ADA, channel="sms")
    assert (raised.value.code, raised.value.status) == (60203, 429)

    world.passes(10 * 60)
    assert service.verifications.create(to=ADA, channel="sms").status == "pending"


def test_a_used_up_verification_gives_way_to_a_new_one(service: Any, world: World) -> None:
    first = service.verifications.create(to=ADA, channel="sms")
    for _ in range(5):
        service.verification_checks.create(verification_sid=first.sid, code=world.wrong_code(ADA))
    with pytest.raises(TwilioRestException) as raised:
        service.verification_checks.create(verification_sid=first.sid, code=world.code(ADA))
    assert (raised.value.code, raised.value.status) == (60202, 429)

    second = service.verifications.create(to=ADA, channel="sms")

    assert second.sid != first.sid
    assert service.verification_checks.create(verification_sid=second.sid, code=world.code(ADA)).status == "approved"


def test_a_cancelled_verification_can_be_fetched_an_approved_one_cannot(service: Any, world: World) -> None:
    cancelled = service.verifications.create(to=ADA, channel="sms")
    service.verifications(cancelled.sid).update(status="canceled")
    assert service.verifications(cancelled.sid).fetch().status == "canceled"

    approved = service.verifications.create(to=ADA, channel="sms")
    service.verifications(approved.sid).update(status="approved")
    with pytest.raises(TwilioRestException) as raised:
        service.verifications(approved.sid).fetch()
    assert (raised.value.code, raised.value.status) == (20404, 404)


def test_an_error_in_problem_details_is_the_newer_exception(service: Any, world: World) -> None:
    world.turn(twilio_errors="rfc9457")

    with pytest.raises(TwilioServiceException) as raised:
        service.verifications.create(to="+12025550152", channel="sms")

    assert (raised.value.code, raised.value.status) == (60205, 403)


def test_a_landline_can_be_called(service: Any, world: World) -> None:
    service.verifications.create(to="+12025550152", channel="call")

    assert "@" not in world.messages("+12025550152")[0]["body"]


def test_wrong_credentials_are_refused(world: World) -> None:
    with pytest.raises(TwilioRestException) as raised:
        client_of(world, token="guess").verify.v2.services(SERVICE).verifications.create(to=ADA, channel="sms")

    assert (raised.value.code, raised.value.status) == (20003, 401)


@pytest.mark.parametrize(
    ("number", "line_type"), [(ADA, "mobile"), ("+12025550152", "landline"), ("+12025550134", "nonFixedVoip")]
)
def test_lookup_knows_the_line_type(number: str, line_type: str, alone: World) -> None:
    found = client_of(alone).lookups.v2.phone_numbers(number).fetch(fields="line_type_intelligence")

    assert (found.phone_number, found.valid) == (number, True)
    assert found.line_type_intelligence["type"] == line_type


def test_lookup_without_fields_only_formats(world: World) -> None:
    found = client_of(world).lookups.v2.phone_numbers(ADA).fetch()

    assert (found.national_format, found.country_code) == ("(202) 555-0101", "US")
    assert found.line_type_intelligence is None


@pytest.fixture(scope="module")
def schemas() -> Iterator[dict[str, Any]]:
    if not SPEC.exists():
        pytest.skip("Twilio's OpenAPI document is not here")
    document = json.loads(SPEC.read_text(), object_hook=_nullable)
    yield document


def test_each_answer_is_valid_by_twilios_own_document(schemas: dict[str, Any], world: World) -> None:
    created = world.start(ADA).json()
    wrong = world.check(created["sid"], world.wrong_code(ADA)).json()
    fetched = world.twilio(f"/v2/Services/{SERVICE}/Verifications/{created['sid']}", method="GET").json()
    approved = world.check(created["sid"], world.code(ADA)).json()

    for answer, name in ((created, "verification"), (fetched, "verification"),
                         (wrong, "verification_check"), (approved, "verification_check")):  # fmt: skip
        schema = {**schemas, "$ref": f"#/components/schemas/verify.v2.service.{name}"}
        assert [error.message for error in Draft4Validator(schema).iter_errors(answer)] == []
        assert answer.keys() == schemas["components"]["schemas"][f"verify.v2.service.{name}"]["properties"].keys()


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI 3.0 says `nullable` where JSON Schema has a type more."""
    if schema.pop("nullable", False) and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    return schema
