"""Twilio's own client gets the results and exceptions that Twilio would cause. See also tests/specs."""

from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from sandbox.twilio.texts import TEXTS
from tests.sandbox.driver import ACCOUNT, SERVICE, TOKEN, SandboxDriver

ADA, KEY = "+12025550101", "SK" + "0" * 32


def client_of(
    sandbox: SandboxDriver, username: str = ACCOUNT, password: str = TOKEN, http_client: TwilioHttpClient | None = None
) -> Client:
    http_client = http_client or TwilioHttpClient(timeout=5)
    http_client.session = sandbox.session
    client = Client(username, password, ACCOUNT, http_client=http_client, environment={"TWILIO_EDGE": ""})
    client.verify.base_url = client.lookups.base_url = client.api.base_url = f"{sandbox.origin}/sandbox/twilio"
    return client


def service_of(sandbox: SandboxDriver) -> Any:
    return client_of(sandbox).verify.v2.services(SERVICE)


@pytest.fixture
def service(sandbox: SandboxDriver) -> Any:
    return service_of(sandbox)


def test_a_code_is_sent_and_approved(service: Any, sandbox: SandboxDriver) -> None:
    verification = service.verifications.create(to=ADA, channel="sms")
    assert (verification.status, verification.to, verification.valid) == ("pending", ADA, False)

    check = service.verification_checks.create(verification_sid=verification.sid, code=sandbox.code(ADA))

    assert (check.status, check.valid, check.sid, check.to) == ("approved", True, verification.sid, ADA)


def test_a_code_may_be_checked_by_number(service: Any, sandbox: SandboxDriver) -> None:
    service.verifications.create(to=ADA, channel="call")

    assert service.verification_checks.create(to=ADA, code=sandbox.code(ADA)).status == "approved"


def test_a_resend_sends_the_same_code_of_the_same_verification(service: Any, sandbox: SandboxDriver) -> None:
    first, second = (service.verifications.create(to=ADA, channel=channel) for channel in ("sms", "call"))

    assert first.sid == second.sid
    assert len(second.send_code_attempts) == 2
    assert len({message["code"] for message in sandbox.messages(ADA)}) == 1


def test_after_ten_minutes_a_new_verification_begins(service: Any, sandbox: SandboxDriver) -> None:
    first = service.verifications.create(to=ADA, channel="sms")
    sandbox.advance_clock(10 * 60)

    assert service.verifications.create(to=ADA, channel="sms").sid != first.sid


def test_a_code_can_be_sent_five_times(service: Any, sandbox: SandboxDriver) -> None:
    for _ in range(5):
        service.verifications.create(to=ADA, channel="sms")
    with pytest.raises(TwilioRestException) as raised:
        service.verifications.create(to=ADA, channel="sms")
    assert (raised.value.code, raised.value.status) == (60203, 429)

    sandbox.advance_clock(10 * 60)
    assert service.verifications.create(to=ADA, channel="sms").status == "pending"


def test_a_verification_without_checks_left_is_replaced_by_a_new_one(service: Any, sandbox: SandboxDriver) -> None:
    first = service.verifications.create(to=ADA, channel="sms")
    for _ in range(5):
        service.verification_checks.create(verification_sid=first.sid, code=sandbox.wrong_code(ADA))
    with pytest.raises(TwilioRestException) as raised:
        service.verification_checks.create(verification_sid=first.sid, code=sandbox.code(ADA))
    assert (raised.value.code, raised.value.status) == (60202, 429)

    second = service.verifications.create(to=ADA, channel="sms")

    assert second.sid != first.sid
    assert service.verification_checks.create(verification_sid=second.sid, code=sandbox.code(ADA)).status == "approved"


def test_a_cancelled_verification_can_be_fetched_but_an_approved_one_cannot(
    service: Any, sandbox: SandboxDriver
) -> None:
    cancelled = service.verifications.create(to=ADA, channel="sms")
    service.verifications(cancelled.sid).update(status="canceled")
    assert service.verifications(cancelled.sid).fetch().status == "canceled"

    approved = service.verifications.create(to=ADA, channel="sms")
    service.verifications(approved.sid).update(status="approved")
    with pytest.raises(TwilioRestException) as raised:
        service.verifications(approved.sid).fetch()
    assert (raised.value.code, raised.value.status) == (20404, 404)
    resource = f"/Services/{SERVICE}/Verifications/{approved.sid}"
    assert raised.value.msg.endswith(f"The requested resource {resource} was not found")


def test_problem_details_raise_the_newer_exception(service: Any, sandbox: SandboxDriver) -> None:
    sandbox.set_switches(twilio_errors="rfc9457")

    with pytest.raises(TwilioServiceException) as raised:
        service.verifications.create(to="+12025550152", channel="sms")

    assert (raised.value.code, raised.value.status) == (60205, 403)


def test_a_landline_can_be_called(service: Any, sandbox: SandboxDriver) -> None:
    service.verifications.create(to="+12025550152", channel="call")

    assert "@" not in sandbox.messages("+12025550152")[0]["body"]


def test_wrong_credentials_are_refused(sandbox: SandboxDriver) -> None:
    with pytest.raises(TwilioRestException) as raised:
        client_of(sandbox, password="guess").verify.v2.services(SERVICE).verifications.create(to=ADA, channel="sms")

    assert (raised.value.code, raised.value.status) == (20003, 401)


def test_an_api_key_works_instead_of_the_account_token(sandbox: SandboxDriver) -> None:
    client = client_of(sandbox, username=KEY)

    assert client.verify.v2.services(SERVICE).verifications.create(to=ADA, channel="sms").account_sid == ACCOUNT
    assert client.messages.create(to=ADA, from_="+12025550100", body="Hello").account_sid == ACCOUNT


@pytest.mark.parametrize("locale", sorted(TEXTS))
def test_the_text_is_in_the_requested_language(locale: str, embedded: SandboxDriver) -> None:
    client_of(embedded).verify.v2.services(SERVICE).verifications.create(to=ADA, channel="sms", locale=locale)

    [message] = embedded.messages(ADA)
    assert message["body"] == TEXTS[locale].format(sender="Sandbox Verify", code=message["code"])


def test_an_unsupported_locale_is_refused_with_404(service: Any) -> None:
    with pytest.raises(TwilioRestException) as raised:
        service.verifications.create(to=ADA, channel="sms", locale="tlh")

    assert (raised.value.code, raised.value.status) == (20404, 404)


@pytest.mark.parametrize(
    ("number", "line_type"), [(ADA, "mobile"), ("+12025550152", "landline"), ("+12025550134", "nonFixedVoip")]
)
def test_lookup_returns_the_line_type(number: str, line_type: str, standalone: SandboxDriver) -> None:
    found = client_of(standalone).lookups.v2.phone_numbers(number).fetch(fields="line_type_intelligence")

    assert (found.phone_number, found.valid) == (number, True)
    assert found.line_type_intelligence["type"] == line_type


def test_lookup_without_fields_only_formats(sandbox: SandboxDriver) -> None:
    found = client_of(sandbox).lookups.v2.phone_numbers(ADA).fetch()

    assert (found.national_format, found.country_code) == ("(202) 555-0101", "US")
    assert found.line_type_intelligence is None


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("nonsense", "NOT_A_NUMBER"),
        ("+1202", "TOO_SHORT"),
        ("+120255501011234", "TOO_LONG"),
        ("+99912345678", "INVALID_COUNTRY_CODE"),
    ],
)
def test_lookup_of_an_invalid_number_returns_the_validation_error(
    written: str, reason: str, sandbox: SandboxDriver
) -> None:
    found = client_of(sandbox).lookups.v2.phone_numbers(written).fetch(fields="line_type_intelligence")

    assert (found.phone_number, found.valid, found.validation_errors) == (written, False, [reason])
    assert found.line_type_intelligence is None


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"risk_check": "bogus"}, 60200),
        ({"template_sid": "xx"}, 60200),
        ({"app_hash": "x", "channel": "call"}, 60602),
    ],
)
def test_invalid_parameters_are_refused(service: Any, more: dict[str, str], code: int) -> None:
    with pytest.raises(TwilioRestException) as raised:
        service.verifications.create(**{"to": ADA, "channel": "sms", **more})

    assert (raised.value.code, raised.value.status) == (code, 400)


@pytest.mark.parametrize("number", ["+12025550150", "+12025550151"])
def test_risk_check_disable_skips_fraud_guard(service: Any, number: str) -> None:
    with pytest.raises(TwilioRestException):
        service.verifications.create(to=number, channel="sms", risk_check="enable")

    assert service.verifications.create(to=number, channel="sms", risk_check="disable").status == "pending"


@pytest.mark.parametrize(("number", "country"), [("+14165550100", "CA"), ("+77012345678", "KZ"), (ADA, "US")])
def test_lookup_distinguishes_countries_with_the_same_calling_code(
    sandbox: SandboxDriver, number: str, country: str
) -> None:
    assert client_of(sandbox).lookups.v2.phone_numbers(number).fetch().country_code == country


@pytest.mark.parametrize("written", ["2025550101", "(202) 555-0101", "+12025550101"])
def test_lookup_takes_a_number_without_a_country_for_north_american(written: str, standalone: SandboxDriver) -> None:
    found = client_of(standalone).lookups.v2.phone_numbers(written).fetch()

    assert (found.phone_number, found.valid, found.validation_errors) == (ADA, True, None)


def test_lookup_takes_a_country_code(standalone: SandboxDriver) -> None:
    found = client_of(standalone).lookups.v2.phone_numbers("01512345678").fetch(country_code="DE")

    assert (found.phone_number, found.country_code, found.calling_country_code) == ("+491512345678", "DE", "49")


@pytest.mark.parametrize("packages", ["sim_swap", "line_type_intelligence,caller_name", "nonsense"])
def test_lookup_refuses_packages_that_are_not_emulated(packages: str, standalone: SandboxDriver) -> None:
    with pytest.raises(TwilioRestException, match="this sandbox emulates line_type_intelligence only"):
        client_of(standalone).lookups.v2.phone_numbers(ADA).fetch(fields=packages)


def test_a_verification_is_found_by_number(service: Any) -> None:
    started = service.verifications.create(to=ADA, channel="sms")

    assert service.verifications(ADA).fetch().sid == started.sid
    assert service.verifications(ADA).update(status="canceled").status == "canceled"
    assert service.verifications(ADA).fetch().status == "canceled"


def test_a_number_without_a_verification_is_not_found(service: Any) -> None:
    with pytest.raises(TwilioRestException) as raised:
        service.verifications(ADA).fetch()

    assert (raised.value.code, raised.value.status) == (20404, 404)


@pytest.mark.parametrize(
    ("number", "language"),
    [("+4915123456789", "de"), ("+5215512345678", "es"), ("+5511961234567", "pt-BR"), ("+2001004025", "ar"),
     ("+33612345678", "fr"), ("+447700900123", "en"), ("+81312345678", "en"), ("+8881234567", "en")],
)  # fmt: skip
def test_without_a_locale_the_text_is_in_the_language_of_the_numbers_country(
    number: str, language: str, embedded: SandboxDriver
) -> None:
    client_of(embedded).verify.v2.services(SERVICE).verifications.create(to=number, channel="sms")

    [message] = embedded.messages(number)
    assert message["body"] == TEXTS[language].format(sender="Sandbox Verify", code=message["code"])


def test_the_service_can_be_fetched(service: Any) -> None:
    fetched = service.fetch()

    assert (fetched.sid, fetched.friendly_name, fetched.code_length) == (SERVICE, "Sandbox Verify", 6)


OPTIONS = [
    ("Tags", "tags", ["[]", "{", '{"a": 1}', '{"a": "%s"}' % ("x" * 129), str({f"{n}": "" for n in range(11)})]),
    ("DeviceIp", "device_ip", ["10.0.0", "example.com", ""]),
    ("CustomFriendlyName", "custom_friendly_name", ["", "x" * 31, "1 2 3 4 5", "https://x.example"]),
]


@pytest.mark.parametrize(
    ("name", "argument", "value"), [(name, arg, value) for name, arg, values in OPTIONS for value in values]
)
def test_an_invalid_option_is_named(name: str, argument: str, value: str, embedded: SandboxDriver) -> None:
    with pytest.raises(TwilioRestException, match=f"Invalid parameter: {name}") as raised:
        service_of(embedded).verifications.create(to=ADA, channel="sms", **{argument: value})

    assert (raised.value.code, raised.value.status) == (60200, 400)


def test_valid_options_are_shown(embedded: SandboxDriver) -> None:
    tags = '{"campaign": "winter"}'
    service_of(embedded).verifications.create(
        to=ADA, channel="sms", tags=tags, device_ip="2001:db8::1", custom_friendly_name="Adas bank"
    )

    [line] = embedded.ledger("twilio.verification")
    assert (line["tags"], line["deviceIp"], line["friendlyName"]) == (
        {"campaign": "winter"},
        "2001:db8::1",
        "Adas bank",
    )
    assert embedded.messages(ADA)[0]["body"].startswith("Your Adas bank code is")
