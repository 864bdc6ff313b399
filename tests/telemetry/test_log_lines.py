"""Each verb and each refusal writes one JSON line, with the request's id and without personal data."""

import json
import logging
from typing import Any

import pytest
from django.conf import settings as configured

from onboarding.models import OnboardingSession
from onboarding.telemetry.observation import subject
from tests.journey.conftest import Sandbox
from tests.journey.visitor import Visitor, wrong
from tests.telemetry.conftest import Lines

NUMBER, E164 = "(201) 555-0123", "+12015550123"


def told(lines: Lines) -> list[tuple[str, str]]:
    return [(line["facts"]["verb"], line["facts"]["outcome"]) for line in lines() if "verb" in line["facts"]]


def test_a_journey_writes_a_line_for_each_verb(visitor: Visitor, lines: Lines) -> None:
    visitor.starts(NUMBER)
    visitor.types_code(wrong(visitor.code(E164)))
    visitor.types_code(visitor.code(E164))
    assert told(lines) == [
        ("start", "started"),
        ("send_code", "code_sent"),
        ("check_device", "code_sent"),
        ("check_code", "code_sent"),
        ("bind", "bound"),
        ("check_code", "bound"),
    ]


def test_the_lines_of_one_person_have_one_subject_and_the_id_that_prove_knows(visitor: Visitor, lines: Lines) -> None:
    visitor.links(NUMBER, E164)
    session = OnboardingSession.objects.get()
    assert {line["facts"]["subject"] for line in lines()} == {subject(E164)}
    flows = {line["facts"]["client_request_id"] for line in lines()}
    assert flows == {str(session.client_request_id)}
    assert E164[2:] not in json.dumps(lines())


def test_a_line_has_the_id_of_its_request_and_so_has_the_response(visitor: Visitor, lines: Lines) -> None:
    visitor.starts(NUMBER)
    answer = visitor.client.post("/code/", {**visitor._hidden(), "code": visitor.code(E164)})
    assert {line["request_id"] for line in lines()[-2:]} == {answer["X-Request-ID"]}
    assert lines()[0]["request_id"] != answer["X-Request-ID"]


def test_twilio_gets_the_id_of_the_request_as_a_tag(visitor: Visitor, sandbox: Sandbox, lines: Lines) -> None:
    visitor.starts(NUMBER)
    sent = sandbox.calls("twilio.verification")[0]["tags"]
    assert sent == {"request_id": lines()[1]["request_id"]}


@pytest.mark.parametrize(
    ("proxies", "sent", "is_taken"),
    [
        (1, "a-request-of-the-proxy-0123", True),
        (0, "a-request-of-the-proxy-0123", False),
        (1, "2015550123", False),
        (1, "with blanks and more than 16", False),
    ],
)
def test_the_id_of_a_trusted_proxy_is_taken(settings: Any, db: None, proxies: int, sent: str, is_taken: bool) -> None:
    settings.TRUSTED_PROXY_COUNT, settings.TRUSTED_PROXY_CIDRS = proxies, ["198.18.0.0/15"]
    answer = Visitor().client.get("/healthz", headers={"X-Request-ID": sent})
    assert (answer["X-Request-ID"] == sent) is is_taken


def test_a_refusal_of_a_budget_has_a_line_with_its_name_and_wait(visitor: Visitor, settings: Any, lines: Lines) -> None:
    settings.LIMITS = {"sends_address": {"burst": 0}}
    visitor.starts_and_is_limited(NUMBER)
    refused = [line["facts"] for line in lines() if line["message"].startswith("Refused by")]
    assert [(each["budget"], each["wait_s"] > 0) for each in refused] == [("sends_address", True)]
    assert ("check_device", "limited") in told(lines)


def test_a_request_from_another_site_has_a_line(visitor: Visitor, lines: Lines) -> None:
    visitor.client.post("/start/", headers={"Sec-Fetch-Site": "cross-site"})
    assert [line["facts"] for line in lines()] == [{"reason": "other_site"}]


def test_a_failure_of_a_vendor_is_in_the_line(visitor: Visitor, sandbox: Sandbox, lines: Lines) -> None:
    sandbox.inject_fault("prove.unify", "refuse")
    visitor.opens()
    assert visitor.fetches("/start/", phone=NUMBER).status_code == 503
    facts = lines()[-1]["facts"]
    assert (facts["outcome"], facts["call"]) == ("unreachable", "prove.unify")


def test_a_page_that_changes_nothing_writes_no_line(visitor: Visitor, lines: Lines) -> None:
    visitor.starts(NUMBER)
    before = len(lines())
    visitor.opens()
    visitor.opens("/code/")
    assert len(lines()) == before


def test_the_text_form_is_for_people() -> None:
    logged: Any = configured.LOGGING
    text = logged["formatters"]["text"]["format"]
    record = logging.makeLogRecord({"msg": "start: started", "request_id": "r", "name": "onboarding.verbs"})
    assert logging.Formatter(text).format(record).endswith("onboarding.verbs start: started [r]")
