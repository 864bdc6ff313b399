"""Prove's typed clients parse every reply: string `success`, no null, no empty object, nothing empty at all.

The schema is that of Prove's server SDKs of April 2026, in our own words. (Their one package that installs here,
prove-api 0.9.6 of npm, cannot be the judge: it wants `success` to be an object in every reply.)
"""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from sandbox.state.people import PEOPLE
from tests.sandbox.driver import SandboxDriver

STRING = {"type": "string", "minLength": 1}
CATEGORY = {
    "type": "object",
    "required": ["result"],
    "properties": {
        "result": {"enum": ["pass", "fail"]},
        "failureReasons": {"type": "object", "minProperties": 1, "additionalProperties": STRING},
    },
    "additionalProperties": False,
}
ANSWER = {
    "type": "object",
    "required": ["success"],
    "properties": {
        "success": {"enum": ["true", "false", "pending", "possession_required"]},
        **dict.fromkeys(("phoneNumber", "proveId", "deviceId", "clientHumanId", "clientRequestId"), STRING),
        "evaluation": {"type": "object", "minProperties": 1, "additionalProperties": CATEGORY},
    },
    "additionalProperties": False,
}
UNIFIED = {
    "type": "object",
    "required": ["success", "correlationId", "authToken"],
    "properties": {"success": {"const": "pending"}, "correlationId": STRING, "authToken": STRING},
    "additionalProperties": False,
}
ERROR = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": "integer"}, "message": STRING},
    "additionalProperties": False,
}
GOOD_DAYS = sorted(number for number, person in PEOPLE.items() if not person.faults)


def mistakes(schema: dict[str, Any], answer: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema).iter_errors(answer)]


@pytest.mark.parametrize("number", GOOD_DAYS)
def test_every_reply_of_a_journey_has_the_documented_shape(number: str, embedded: SandboxDriver) -> None:
    unified = embedded.unify(number, clientHumanId="human-1")
    if PEOPLE[number].api_code:
        assert mistakes(ERROR, unified) == []
        return
    assert mistakes(UNIFIED, unified) == []
    correlation_id = unified["correlationId"]
    answers = [embedded.status(correlation_id).json()]
    embedded.authenticate(unified["authToken"])
    answers += [embedded.status(correlation_id).json(), embedded.bind(correlation_id, number).json()]

    for answer in answers:
        assert mistakes(ERROR if "code" in answer else ANSWER, answer) == []
    assert {answer.get("clientHumanId", "human-1") for answer in answers} == {"human-1"}
