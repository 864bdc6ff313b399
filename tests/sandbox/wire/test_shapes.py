"""All responses of Prove's unify calls match the types of Prove's server SDKs: strings, nothing null, nothing empty.

The schemas are written from the SDKs of April 2026. The npm package prove-api 0.9.6 cannot be used instead, because its
types require `success` to be an object.
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
RESULT = {
    "type": "object",
    "required": ["success"],
    "properties": {
        "success": {"enum": ["true", "false", "pending", "possession_required"]},
        **dict.fromkeys(("phoneNumber", "proveId", "deviceId", "clientHumanId", "clientRequestId"), STRING),
        "evaluation": {"type": "object", "minProperties": 1, "additionalProperties": CATEGORY},
    },
    "additionalProperties": False,
}
UNIFY_RESPONSE = {
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
NUMBERS_WITHOUT_FAULTS = sorted(number for number, person in PEOPLE.items() if not person.faults)


def mistakes(schema: dict[str, Any], answer: Any) -> list[str]:
    """The messages of the schema's violations."""
    return [error.message for error in Draft202012Validator(schema).iter_errors(answer)]


@pytest.mark.parametrize("number", NUMBERS_WITHOUT_FAULTS)
def test_every_response_of_a_flow_matches_the_schema(number: str, embedded: SandboxDriver) -> None:
    unified = embedded.unify(number, clientHumanId="human-1")
    if PEOPLE[number].api_code:
        assert mistakes(ERROR, unified) == []
        return
    assert mistakes(UNIFY_RESPONSE, unified) == []
    correlation_id = unified["correlationId"]
    answers = [embedded.status(correlation_id).json()]
    embedded.authenticate(unified["authToken"])
    answers += [embedded.status(correlation_id).json(), embedded.bind(correlation_id, number).json()]

    for answer in answers:
        assert mistakes(ERROR if "code" in answer else RESULT, answer) == []
    assert {answer.get("clientHumanId", "human-1") for answer in answers} == {"human-1"}
