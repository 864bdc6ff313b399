"""The OpenAPI document is published, names all that can be answered, and no answer breaks it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as profile
from hypothesis import strategies as st
from schemathesis import checks

from onboarding.api.answers import ENDED
from onboarding.api.models import PublishableKey
from onboarding.api.problems import PROBLEMS
from onboarding.api.schemas import Status
from onboarding.domain.states import CLAIMS, OPEN, State
from tests.api.app import App
from tests.api.document import FILE, document
from tests.deep.conftest import DEEP, report, share
from tests.journey.conftest import Sandbox

CALLS = share(deep=5_000, quick=100)
PROFILE = profile(
    max_examples=CALLS,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
CHECKS = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
)
UNKNOWN = "pfc_" + "0" * 32 + "_" + "A" * 43
FRESH_EVERY = 25  # calls


def test_the_published_document_is_what_the_code_says() -> None:
    assert json.loads(FILE.read_text()) == document(), "python -m tests.api.document"
    assert document()["openapi"] == "3.1.0"


def test_every_state_has_a_status_and_every_status_a_state() -> None:
    assert ENDED.keys() == set(State) - OPEN - CLAIMS
    assert {*ENDED.values(), Status.OPEN} == set(Status)


def test_every_status_of_a_problem_is_documented_for_some_operation() -> None:
    operations = [operation for path in document()["paths"].values() for operation in path.values()]
    documented = {int(status) for operation in operations for status in operation["responses"]}
    assert {status for status, _title in PROBLEMS.values()} - {405, 500} <= documented


@pytest.fixture
def clients(key: PublishableKey, settings: Any, sandbox: Sandbox) -> Iterator[Iterator[App]]:
    """Yield apps in turn at the start, at the code and linked, each used for FRESH_EVERY calls."""
    settings.LIMITS_WATCH_ONLY, settings.DEBUG = True, False
    for signal in (request_started, request_finished):  # as Django's test client does: the test is one transaction
        signal.disconnect(close_old_connections)
    yield _apps(key)
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _apps(key: PublishableKey) -> Iterator[App]:
    number = 0
    while True:
        for step in (App.begins, App.arrives_at_the_code, App.links):
            number += 1
            app = App(key.key)
            step(app, f"+1201555{number % 10_000:04}")
            yield from [app] * FRESH_EVERY


def test_no_generated_call_is_answered_by_a_500_or_against_the_document(clients: Iterator[App]) -> None:
    schema: Any = schemathesis.openapi.from_dict(document())
    schema.app = WSGIHandler()
    operations = [operation.ok() for operation in schema.get_all_operations()]
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for operation in operations for mode in modes])
    statuses: dict[int, int] = {}

    @given(case=cases, luck=st.integers(0, 9))
    @PROFILE
    def calls(case: Any, luck: int) -> None:
        bearer = _steered(case, next(clients), luck)
        response = case.call(headers={"Authorization": f"Bearer {bearer}", "Accept-Encoding": "identity"})
        statuses[response.status_code] = statuses.get(response.status_code, 0) + 1
        case.validate_response(response, checks=CHECKS)

    (calls if DEEP else seed(0)(calls))()
    report(f"API: {CALLS} generated calls on {connection.vendor}, 0 against the document, 0 of 500: {statuses}")
    assert {200, 422, *share(deep=[201], quick=[])} <= statuses.keys()


def _steered(case: Any, app: App, luck: int) -> str:
    """Let most calls be about the app's verification, and some begin one. Return their bearer."""
    if not luck:
        return UNKNOWN
    if "verification_id" in (case.path_parameters or {}):
        case.path_parameters["verification_id"] = app.verification["id"]
        return app.secret
    if luck > 4 and isinstance(case.body, dict):
        case.body["phone_number"] = f"+1201555{luck}{luck}{luck}{luck}"
    return app.key
