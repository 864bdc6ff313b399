"""The HTTP client of all calls to vendors: addresses, responses, errors, and what they may not hold."""

import gzip
import io
import json
import logging
import pickle
import tomllib
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import chain as chain_of
from itertools import repeat
from pathlib import Path

import pytest
import requests
import responses
from django.conf import LazySettings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from onboarding.domain.errors import Busy, Garbled, Refused, Uncertain, Unreachable, UpstreamError
from onboarding.upstream.http import Upstream
from onboarding.upstream.prove import Prove
from onboarding.upstream.response import BODY_LIMIT
from onboarding.upstream.twilio import Twilio
from tests.upstream.loopback import EMPTY_OBJECT, JSON_HEAD, responding, serving

BASE = "https://platform.example"
DEADLINES = {"unify": timedelta(seconds=5)}
CANARIES = ("2001004014", "731942", "token-canary", "secret-canary", "words-canary")


@pytest.fixture
def upstream(vendor: responses.RequestsMock) -> Upstream:
    return Upstream("prove", BASE, DEADLINES)


def http_response(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([JSON_HEAD + b"Content-Length: %d" % len(body), *headers, b"", b""]) + body


# --- Responses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (401, Refused), (404, Refused), (429, Busy), (500, Uncertain), (502, Uncertain), (503, Uncertain)],
)
@pytest.mark.parametrize("body", [b'{"code": 1001}', b"", b"<html>", b"\xff", b"[]", b"[" * 100_000])
def test_the_status_decides_the_kind_of_error_whatever_the_body_is(
    upstream: Upstream, vendor: responses.RequestsMock, status: int, kind: type[UpstreamError], body: bytes
) -> None:
    vendor.post(f"{BASE}/unify", status=status, body=body, content_type="application/json")
    with pytest.raises(kind) as caught:
        upstream.post("/unify", json={})
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.code == (1001 if body.startswith(b"{") else None)


@pytest.mark.parametrize(("code", "read"), [("60200", 60200), (60200, 60200), ("E1", None), (None, None), ([], None)])
def test_an_error_code_is_read_as_a_number_even_if_it_is_quoted(
    upstream: Upstream, vendor: responses.RequestsMock, code: object, read: int | None
) -> None:
    vendor.post(f"{BASE}/unify", status=400, json={"code": code})
    with pytest.raises(Refused) as caught:
        upstream.post("/unify", json={})
    assert caught.value.code == read


@pytest.mark.parametrize(("header", "read"), [("RQ1f-2_a", "RQ1f-2_a"), ("a b", None), ("x" * 65, None), ("", None)])
def test_a_request_id_is_kept_if_it_is_well_formed(
    upstream: Upstream, vendor: responses.RequestsMock, header: str, read: str | None
) -> None:
    vendor.post(f"{BASE}/unify", status=400, json={}, headers={"X-Request-Id": header})
    with pytest.raises(Refused) as caught:
        upstream.post("/unify", json={})
    assert caught.value.request_id == read


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, 1),
        ("", 1),
        ("soon", 1),
        ("-5", 1),
        ("0", 1),
        ("1.5", 1),
        ("30", 30),
        ("86400", 3600),
        ("9" * 30, 3600),
        ("9" * 5000, 3600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
        ("Fri, 31 Dec 9999 23:59:59", 1),
    ],
)
def test_retry_after_is_read_as_1_to_3600_seconds(
    upstream: Upstream, vendor: responses.RequestsMock, header: str | None, seconds: int
) -> None:
    headers = {} if header is None else {"Retry-After": header}
    vendor.post(f"{BASE}/unify", status=429, json={}, headers=headers)
    with pytest.raises(Busy) as caught:
        upstream.post("/unify", json={})
    assert caught.value.retry_after == timedelta(seconds=seconds)


def test_a_date_in_retry_after_is_read_against_the_date_of_the_answer(
    upstream: Upstream, vendor: responses.RequestsMock
) -> None:
    """Our own clock may be wrong."""
    headers = {"Date": "Wed, 21 Oct 2015 07:28:00 GMT", "Retry-After": "Wed, 21 Oct 2015 07:28:07 GMT"}
    vendor.post(f"{BASE}/unify", status=429, json={}, headers=headers)
    with pytest.raises(Busy) as caught:
        upstream.post("/unify", json={})
    assert caught.value.retry_after == timedelta(seconds=7)


def test_retry_after_may_be_a_date(upstream: Upstream, vendor: responses.RequestsMock) -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(minutes=5), usegmt=True)
    vendor.post(f"{BASE}/unify", status=429, json={}, headers={"Retry-After": then})
    with pytest.raises(Busy) as caught:
        upstream.post("/unify", json={})
    assert timedelta(minutes=4) < caught.value.retry_after <= timedelta(minutes=5)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html>",
        b'{"a": ',
        b"[]",
        b'"text"',
        b"null",
        b"true",
        b"7",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"a": "\xff"}',
        b'{"a":' * 50_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b"\x1f\x8b\x08",
    ],
)
def test_a_body_that_is_no_json_object_or_cannot_be_stored_is_garbled(
    upstream: Upstream, vendor: responses.RequestsMock, body: bytes
) -> None:
    vendor.post(f"{BASE}/unify", body=body, content_type="application/json")
    with pytest.raises(Garbled):
        upstream.post("/unify", json={})


@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "application/octet-stream"])
def test_another_content_type_than_json_is_garbled(
    upstream: Upstream, vendor: responses.RequestsMock, content_type: str
) -> None:
    vendor.post(f"{BASE}/unify", body=b"{}", content_type=content_type)
    with pytest.raises(Garbled):
        upstream.post("/unify", json={})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with serving(responding(EMPTY_OBJECT)) as elsewhere:
        head = (
            b"HTTP/1.1 %d Moved\r\nLocation: %b/unify\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        )
        with serving(responding(head % (status, elsewhere.url.encode()))) as server, pytest.raises(Garbled):
            Upstream("prove", server.url, DEADLINES).post("/unify", json={"phoneNumber": "+12001004014"})
        assert len(server.requests) == 1
        assert elsewhere.requests == []


# --- Size ----------------------------------------------------------------------------------------------------------


def test_a_response_of_exactly_the_limit_is_read() -> None:
    with serving(responding(http_response(b"{}".ljust(BODY_LIMIT)))) as server:
        assert Upstream("prove", server.url, DEADLINES).post("/unify", json={}) == {}


def test_a_response_over_the_limit_is_garbled_even_if_the_rest_is_blank() -> None:
    with serving(responding(http_response(b"{}".ljust(BODY_LIMIT + 1)))) as server, pytest.raises(Garbled):
        Upstream("prove", server.url, DEADLINES).post("/unify", json={})


@pytest.mark.parametrize("status", [b"200 OK", b"500 Error"])
def test_a_compressed_response_of_200_megabytes_is_not_unpacked(status: bytes) -> None:
    compressed = http_response(gzip.compress(bytes(200_000_000), compresslevel=9), b"Content-Encoding: gzip")
    with serving(responding(compressed.replace(b"200 OK", status, 1))) as server:
        prove = Upstream("prove", server.url, DEADLINES)
        tracemalloc.start()
        try:
            with pytest.raises((Garbled, Uncertain)):
                prove.post("/unify", json={})
            assert tracemalloc.get_traced_memory()[1] < 4_000_000  # bytes
        finally:
            tracemalloc.stop()


def test_a_response_that_is_falsely_declared_as_gzip_is_garbled() -> None:
    with serving(responding(http_response(b"{}", b"Content-Encoding: gzip"))) as server, pytest.raises(Garbled):
        Upstream("prove", server.url, DEADLINES).post("/unify", json={})


@pytest.mark.parametrize(("status", "kind"), [(b"503 Busy", Uncertain), (b"429 Slow", Busy), (b"400 Bad", Refused)])
@pytest.mark.parametrize("encoding", [b"gzip", b"br"])
def test_the_status_decides_also_if_the_body_cannot_be_unpacked(
    status: bytes, kind: type[UpstreamError], encoding: bytes
) -> None:
    answer = http_response(b"<html>", b"Content-Encoding: " + encoding, b"Retry-After: 7")
    with serving(responding(answer.replace(b"200 OK", status, 1))) as server, pytest.raises(kind) as caught:
        Upstream("prove", server.url, DEADLINES).post("/unify", json={})
    assert not isinstance(caught.value, Busy) or caught.value.retry_after == timedelta(seconds=7)


def test_a_media_type_may_be_written_in_capitals(upstream: Upstream, vendor: responses.RequestsMock) -> None:
    vendor.post(f"{BASE}/unify", body=b'{"a": 1}', content_type="Application/JSON")
    assert upstream.post("/unify", json={}) == {"a": 1}


def test_a_compressed_response_is_read() -> None:
    with serving(responding(http_response(gzip.compress(b'{"a": 1}'), b"Content-Encoding: gzip"))) as server:
        assert Upstream("prove", server.url, DEADLINES).post("/unify", json={}) == {"a": 1}


# --- Addresses -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    ["https://platform.uat.proveapis.com", "http://127.0.0.1:9090/sandbox/prove", "http://localhost:1", "http://[::1]"],
)
def test_https_anywhere_and_http_to_this_machine_are_allowed(url: str) -> None:
    Upstream("prove", url, DEADLINES)


@pytest.mark.parametrize(
    "url",
    [
        "http://platform.uat.proveapis.com",
        "http://127.0.0.1.example",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://localhost@platform.example",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "platform.uat.proveapis.com",
        "https://",
        "",
    ],
)
def test_any_other_address_is_a_misconfiguration(url: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        Upstream("prove", url, DEADLINES)


def test_a_sandbox_address_is_allowed_only_if_an_adapter_is_mounted(settings: LazySettings) -> None:
    settings.UPSTREAM_ADAPTERS = {}
    with pytest.raises(ImproperlyConfigured):
        Upstream("prove", "sandbox://embedded/sandbox/prove", DEADLINES)


class EchoAdapter(requests.adapters.HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        answer = requests.Response()
        answer.status_code, answer.headers["Content-Type"] = 200, "application/json"
        answer.raw = io.BytesIO(json.dumps({"url": request.url}).encode())
        return answer


def test_an_adapter_that_settings_mount_answers_in_place_of_the_network(settings: LazySettings) -> None:
    settings.UPSTREAM_ADAPTERS = {"echo://": f"{__name__}.EchoAdapter"}
    answer = Upstream("prove", "echo://here/prove", DEADLINES).post("/v3/unify", json={})
    assert answer == {"url": "echo://here/prove/v3/unify"}


def test_the_environments_proxy_and_netrc_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with serving(responding(EMPTY_OBJECT)) as proxy, serving(responding(EMPTY_OBJECT)) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        Upstream("prove", server.url, DEADLINES).post("/unify", json={})
    assert proxy.requests == []
    assert b"authorization" not in server.requests[0].lower()


def test_cookies_are_not_kept() -> None:
    with serving(responding(http_response(b"{}", b"Set-Cookie: a=b", b"Connection: close"))) as server:
        prove = Upstream("prove", server.url, DEADLINES)
        prove.post("/unify", json={})
        prove.post("/unify", json={})
    assert all(b"cookie" not in request.lower() for request in server.requests)


def test_every_request_names_the_product_and_its_version(upstream: Upstream, vendor: responses.RequestsMock) -> None:
    vendor.post(f"{BASE}/unify", json={})
    upstream.post("/unify", json={})
    version = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]
    assert vendor.calls[-1].request.headers["User-Agent"] == f"proveflow/{version}"


def test_an_operation_without_a_deadline_is_a_programming_error(upstream: Upstream) -> None:
    with pytest.raises(KeyError):
        upstream.post("/forgotten", json={})


# --- The database --------------------------------------------------------------------------------------------------


@pytest.fixture
def other_database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[BaseDatabaseWrapper]:
    """A database in a file, whose connection can be closed (closing SQLite's in-memory one would lose it)."""
    sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(tmp_path / "aside.sqlite3"), "OPTIONS": {}}
    connections.settings["aside"] = {**connections.settings["default"], **sqlite}
    with django_db_blocker.unblock():
        yield connections["aside"]
        connections["aside"].close()
    del connections.settings["aside"], connections["aside"]


def test_a_call_releases_the_database_connection(
    upstream: Upstream, vendor: responses.RequestsMock, other_database: BaseDatabaseWrapper
) -> None:
    vendor.post(f"{BASE}/unify", json={})
    other_database.ensure_connection()
    with upstream.call("unify", "+12015550100"):
        upstream.post("/unify", json={})
    assert other_database.connection is None


def test_a_call_in_a_transaction_is_a_programming_error_and_sends_nothing(
    upstream: Upstream, vendor: responses.RequestsMock, other_database: BaseDatabaseWrapper
) -> None:
    with transaction.atomic(using="aside"), pytest.raises(RuntimeError), upstream.call("unify", "+12015550100"):
        upstream.post("/unify", json={})
    assert len(vendor.calls) == 0


# --- Secrets -------------------------------------------------------------------------------------------------------

FAILURES = {
    "refused": b"HTTP/1.1 400 words-canary\r\nContent-Type: application/json\r\n\r\n"
    b'{"code": 60200, "message": "words-canary +12001004014 731942"}',
    "busy": b"HTTP/1.1 429 words-canary\r\nRetry-After: words-canary\r\n\r\nwords-canary",
    "uncertain": b"HTTP/1.1 500 words-canary\r\nX-Request-Id: words canary\r\n\r\nwords-canary",
    "garbled": http_response(b'{"access_token": "token-canary", "success": "words-canary"'),
    "malformed": http_response(b'{"success": "words-canary", "status": "words-canary", "sid": "2001004014"}'),
    "bad_gzip": http_response(b"words-canary", b"Content-Encoding: gzip"),
    "bad_length": JSON_HEAD + b"Content-Length: words-canary\r\nContent-Length: 7\r\n\r\n{}",
    "not_http": b"words-canary\r\n\r\n",
    "cut": JSON_HEAD + b"Content-Length: 900\r\n\r\nwords-canary",
}
TOKEN = http_response(
    b'{"access_token": "token-canary", "expires_in": 3600, "token_type": "Bearer"}', b"Connection: close"
)


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error, then its cause or context, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("wrong", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("operation", ["token", "unify", "bind", "start", "check"])
def test_no_error_and_no_log_line_holds_a_number_a_code_a_token_or_the_vendors_words(
    caplog: pytest.LogCaptureFixture, operation: str, wrong: bytes
) -> None:
    caplog.set_level(logging.DEBUG)
    responses_in_turn = chain_of([TOKEN] if operation in ("unify", "bind") else [], repeat(wrong))
    with serving(lambda connection: connection.sendall(next(responses_in_turn))) as server:
        prove = Prove(server.url, "client", "secret-canary")
        twilio = Twilio(server.url, "AC1", "secret-canary", "AC1", "VA1")
        with pytest.raises(UpstreamError) as caught:
            match operation:
                case "token" | "unify":
                    prove.unify("+12001004014", "1")
                case "bind":
                    prove.unify_bind("1", "+12001004014", "1")
                case "start":
                    twilio.start("+12001004014")
                case "check":
                    twilio.check("VE1", "+12001004014", "731942")
    written = [caplog.text, *(f"{error} {error!r} {vars(error)}" for error in chain(caught.value))]
    assert [canary for canary in CANARIES if canary in " ".join(written)] == []
    assert all(isinstance(error, UpstreamError) for error in chain(caught.value))


def test_the_error_of_an_unreachable_vendor_holds_nothing_of_the_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Unreachable) as caught:
        Upstream("prove", "http://127.0.0.1:9", DEADLINES).post("/unify", json={"phoneNumber": "+12001004014"})
    assert list(chain(caught.value)) == [caught.value]
    assert "2001004014" not in f"{caplog.text} {caught.value!r}"


def test_an_error_can_be_chained_pickled_and_used_as_a_key() -> None:
    with pytest.raises(Busy) as caught:
        raise Busy("twilio", "Verifications", 429, 20429, "RQ1", timedelta(seconds=9)) from KeyError("cause")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == "Busy twilio Verifications status 429 code 20429 request_id RQ1"
    assert copy.retry_after == timedelta(seconds=9)
    assert {caught.value: 1}[caught.value] == 1
