"""While too many requests wait for a turn, newcomers are told to come back; people in mid-journey go on."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from onboarding.turns import TURNS
from onboarding.web import middleware
from tests.journey.visitor import Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"


@pytest.fixture
def crowded(settings: Any) -> Callable[[], None]:
    """Let no request wait any more."""

    def crowd() -> None:
        settings.PROVEFLOW = {**settings.PROVEFLOW, "REQUESTS_WAITING": 0}

    return crowd


def test_a_newcomer_is_told_when_to_come_back_and_the_page_does_so_by_itself(
    client: Client, crowded: Callable[[], None]
) -> None:
    crowded()
    page = client.get("/", secure=True)
    assert page.status_code == 503 and 5 <= int(page["Retry-After"]) < 10
    assert page["Refresh"] == page["Retry-After"]
    assert "Nothing is lost" in page.content.decode()


def test_the_script_of_a_page_is_told_in_json(client: Client, crowded: Callable[[], None]) -> None:
    crowded()
    answer = client.post("/start/", secure=True, headers={"Accept": "application/json"})
    assert answer.status_code == 503 and "start_key" in answer.json() and answer["Retry-After"]


def test_a_newcomer_over_the_api_is_told_as_a_problem(client: Client, crowded: Callable[[], None]) -> None:
    crowded()
    answer = client.post("/api/v1/verifications", secure=True, headers={"Authorization": "Bearer x"})
    assert answer.status_code == 503 and answer["Content-Type"] == "application/problem+json"
    assert client.get("/api/v1/verifications/x", secure=True, headers={"Authorization": "Bearer x"}).status_code != 503


def test_a_person_in_mid_journey_goes_on(visitor: Visitor, crowded: Callable[[], None]) -> None:
    visitor.starts(NUMBER)
    code = visitor.code(E164)
    crowded()
    assert visitor.types_code(code).path == "/done/"


def test_health_checks_and_static_files_are_answered(client: Client, crowded: Callable[[], None], db: None) -> None:
    crowded()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_a_body_that_arrives_slowly_holds_no_turn() -> None:
    free: list[int] = []

    class Slow(BytesIO):
        def read(self, *arguments: Any) -> bytes:
            free.append(TURNS._free)
            return super().read(*arguments)

    request = RequestFactory().post("/start/", data=b"a=b", content_type="text/plain")
    request._stream = Slow(b"a=b")
    before = TURNS._free
    handler = middleware.admission(lambda _request: HttpResponse(str(TURNS._free)))
    assert int(handler(request).content) == before - 1
    assert free and min(free) == before


def test_a_request_that_gets_no_turn_in_time_is_told_when_to_come_back(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "REQUEST_LIMIT", timedelta(0))
    with all_turns_taken():
        assert client.get("/", secure=True).status_code == 503


@contextmanager
def all_turns_taken() -> Iterator[None]:
    free = TURNS._free
    TURNS._free = 0
    try:
        yield
    finally:
        TURNS._free = free


def test_a_body_that_never_comes_is_no_server_error() -> None:
    class Gone(BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise ConnectionResetError

    request = RequestFactory().post("/start/", data=b"a=b", content_type="text/plain")
    request._stream = Gone()
    assert middleware.admission(lambda _request: HttpResponse())(request).status_code == 400


@pytest.mark.parametrize("path", ["/start/", "/api/v1/initialize"])
def test_a_bearer_token_where_a_journey_begins_makes_nobody_less_of_a_newcomer(
    client: Client, crowded: Callable[[], None], path: str
) -> None:
    crowded()
    assert client.post(path, secure=True, headers={"Authorization": "Bearer x"}).status_code == 503


@pytest.mark.django_db(transaction=True)
def test_no_request_of_another_origin_waits_in_line_with_a_database_connection(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(connection, "close", lambda: seen.append("close"))

    def query(run: Callable[..., Any], *what: Any) -> Any:
        seen.append("query")
        return run(*what)

    def turn(limit: timedelta) -> Any:
        seen.append("turn")
        return nullcontext(limit)

    monkeypatch.setattr(TURNS, "turn", turn)
    with connection.execute_wrapper(query):
        client.post("/api/v1/verifications", secure=True, headers={"Origin": "https://shop.example.com"})
    before = seen[: seen.index("turn")] if "turn" in seen else seen
    assert "query" in before and before[-1] == "close"
