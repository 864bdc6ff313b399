"""The middlewares: bodies that are too large, headers of every response, session keys, and database errors."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client

from tests.journey.conftest import Sandbox
from tests.journey.visitor import JSON, Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
LIMIT = 16 * 1024  # bytes
PATHS = ["/", "/nowhere", "/healthz", "/admin/login/", "/static/proveflow/site.css", "/sandbox/"]


def answers(path: str) -> Mapping[str, str]:
    response = Client().get(path)
    if response.streaming:
        response.getvalue()  # a file, which is closed at its end
    return response.headers


@pytest.mark.parametrize(("size", "status"), [(LIMIT - 10, 400), (LIMIT + 1, 413), (3_000_000, 413)])
def test_a_body_of_more_than_16_kib_is_refused(visitor: Visitor, size: int, status: int) -> None:
    visitor.opens()
    answer = visitor.client.post("/start/", b"a" * size, "application/x-www-form-urlencoded", headers=JSON)
    assert answer.status_code in (status, 403 if status == 400 else status)


def test_a_body_with_a_too_large_content_length_is_refused_unread(visitor: Visitor) -> None:
    class Unread:
        def read(self, *_: int) -> bytes:
            pytest.fail("read")

        readline = read

    environ: dict[str, Any] = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(LIMIT + 1)}
    refused = visitor.client.generic("POST", "/start/", **environ)
    assert refused.status_code == 413
    assert refused.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("site", ["same-origin", "none", None])
def test_posts_of_our_own_pages_and_of_old_browsers_are_accepted(visitor: Visitor, site: str | None) -> None:
    visitor.opens()
    headers = {**JSON, **({"Sec-Fetch-Site": site} if site else {})}
    form = {"phone": NUMBER, **visitor._hidden()}
    assert visitor.client.post("/start/", form, headers=headers).status_code == 200


def test_a_link_from_another_site_still_opens_the_page(visitor: Visitor) -> None:
    assert visitor.client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_every_response_denies_other_sites_and_powerful_features(db: None, path: str) -> None:
    headers = answers(path)
    policy = dict(feature.split("=") for feature in headers["Permissions-Policy"].split(", "))
    ours = {"otp-credentials", "publickey-credentials-create", "publickey-credentials-get"}
    assert {feature for feature, who in policy.items() if who != "()"} == ours
    assert policy["camera"] == policy["geolocation"] == "()"
    assert headers["Cross-Origin-Resource-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY" and "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_pages_answer_head_as_they_answer_get(visitor: Visitor) -> None:
    for path in ("/", "/healthz", "/readyz"):
        assert visitor.client.head(path).status_code == 200


# --- Cookies ---------------------------------------------------------------------------------------------------------


def key(visitor: Visitor) -> str:
    return visitor.client.cookies[settings.SESSION_COOKIE_NAME].value


def test_each_step_of_the_journey_gives_the_browser_a_new_session_key(visitor: Visitor) -> None:
    visitor.links("+12015550199", "+12015550199")
    linked = key(visitor)
    visitor.starts(NUMBER)
    started = key(visitor)
    visitor.rebinds()
    moved = key(visitor)
    visitor.types_code(visitor.code(E164))
    assert visitor.page.path == "/done/"
    assert len({linked, started, moved, key(visitor)}) == 4


def test_a_session_key_that_somebody_else_chose_is_never_used(visitor: Visitor) -> None:
    chosen = "a" * 32
    visitor.client.cookies[settings.SESSION_COOKIE_NAME] = chosen
    visitor.starts(NUMBER)
    assert key(visitor) != chosen
    attacker = Visitor()
    attacker.client.cookies[settings.SESSION_COOKIE_NAME] = chosen
    assert attacker.opens("/code/").path == "/"


# --- The database ----------------------------------------------------------------------------------------------------


def is_unavailable(*_: object) -> None:
    raise OperationalError("the connection is closed +12015550123")


@pytest.mark.parametrize("path", ["/", "/code/", "/done/", "/admin/"])
def test_while_the_database_is_unavailable_pages_say_how_long_to_wait(visitor: Visitor, path: str) -> None:
    visitor.starts(NUMBER)
    visitor.client.raise_request_exception = False
    with connection.execute_wrapper(is_unavailable):
        answer = visitor.client.get(path)
        assert visitor.client.get("/healthz").status_code == 200
        assert visitor.client.get("/readyz").status_code == 503
    assert answer.status_code == 503 and int(answer["Retry-After"]) > 0
    assert "Nothing is lost" in answer.content.decode() and "0123" not in answer.content.decode()
    assert visitor.opens("/code/").path == "/code/"


def test_while_the_database_is_unavailable_the_script_of_the_page_gets_json(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    visitor.client.raise_request_exception = False
    visitor.client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    with connection.execute_wrapper(is_unavailable):
        answer = visitor.fetches("/start/", phone=NUMBER)
    assert answer.status_code == 503 and "Nothing is lost" in answer.json()["error"]
    assert sandbox.calls("prove.unify") == []


def test_any_other_exception_gives_a_plain_page_without_its_message(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("+12015550123")

    monkeypatch.setattr("onboarding.web.gate.current", breaks)
    visitor.client.raise_request_exception = False
    answer = visitor.client.get("/")
    assert answer.status_code == 500
    assert "0123" not in answer.content.decode() and "ZeroDivision" not in answer.content.decode()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL's own limits")
def test_postgresql_has_timeouts_for_statements_and_locks(db: None) -> None:
    with connection.cursor() as cursor:
        for name, limit in [("statement", "3s"), ("lock", "2s")]:
            cursor.execute(f"SHOW {name}_timeout")
            assert cursor.fetchone() == (limit,)
