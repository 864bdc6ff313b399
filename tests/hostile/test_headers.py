"""Generated odd headers, sent to the WSGI application as a server does: no response is a 500."""

from collections.abc import Iterator
from contextlib import contextmanager
from encodings.aliases import aliases
from io import BytesIO
from random import Random
from typing import Any
from unittest.mock import patch
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from tests.deep.conftest import report, share
from tests.hostile import corpus
from tests.hostile.paths import ALL, OURS
from tests.hostile.sender import STATUSES
from tests.journey.visitor import Visitor

with patch.dict("os.environ"):  # its directory of metrics is not for the other tests of this process
    from proveflow.wsgi import application

REQUESTS = share(deep=10_000, quick=300)
CHARSETS = sorted({*aliases, *aliases.values(), "nonsense", "", " ", "\xff", "undefined", "utf-8-sig", "rot13", "\0"})
SHAPES = (
    *(
        "charset={}",
        "CHARSET={}",
        'charset="{}"',
        "charset*={}'en'x",
        "charset*0={}",
        "charset*0*={}''x",
        "charset={0}",
    ),
    *("boundary=b; charset={}", "charset=utf-8; charset={}", "x*=nonsense''%ff; charset={}", "charset*={}'x"),
)
TYPES = ("text/plain", corpus.FORM, corpus.JSON, corpus.MULTIPART, "multipart/mixed", "x", "", "/")
NAMES = sorted({name for name, _ in corpus.HEADERS} | {"HTTP_ACCEPT_ENCODING", "HTTP_COOKIE", "HTTP_HOST", "HTTP_VIA"})
QUERIES = ("", "a=1", "%ff=%fe", "next=/admin/", "language=%E4")


@contextmanager
def one_connection() -> Iterator[None]:
    """The test's transaction stays open: a request must not close its connection, as it would on a server."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)


def status_of(method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> int:
    """Return the status of the response. Raises what the application raises: for a server that is a bare 500."""
    started: list[str] = []
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REMOTE_ADDR": "198.18.0.9",
        "HTTP_HOST": "testserver",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        **headers,
    }
    setup_testing_defaults(environ)
    with one_connection():
        response = application(environ, lambda status, _headers, *_: started.append(status))  # type: ignore[arg-type]
        assert b"".join(response) is not None
        response.close()
    return int(started[0].split()[0])


def content_type(random: Random) -> str:
    kind, shape, charset = random.choice(TYPES), random.choice(SHAPES), random.choice(CHARSETS)
    return f"{kind}; {shape.format(charset)}" if random.random() < 0.8 else random.choice(corpus.CONTENT_TYPES)


def odd_value(random: Random) -> str:
    """Return a header value: one of the corpus, or Latin-1 characters, as WSGI has them."""
    if random.random() < 0.5:
        return random.choice(corpus.HEADERS)[1]
    return "".join(chr(random.randrange(256)) for _ in range(random.randrange(40)))


@pytest.fixture
def cookies(visitor: Visitor) -> dict[str, str]:
    """The headers of a linked person's browser, with which requests get past the CSRF check."""
    visitor.links("201 555 0123", "+12015550123")
    cookies = {name: morsel.value for name, morsel in visitor.client.cookies.items()}
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {"HTTP_COOKIE": cookie, "HTTP_X_CSRFTOKEN": cookies["csrftoken"]}


def test_no_odd_header_causes_a_server_error(cookies: dict[str, str], settings: Any) -> None:
    settings.LIMITS_WATCH_ONLY = True
    random, problems = Random("20261129 headers"), list[str]()
    for _ in range(REQUESTS):
        headers = {**cookies, "CONTENT_TYPE": content_type(random)}
        headers |= {random.choice(NAMES): odd_value(random) for _ in range(random.randrange(4))}
        method, query = random.choice(("GET", "POST", "POST", "HEAD", *corpus.METHODS)), random.choice(QUERIES)
        body = random.choice([*corpus.RAW_BODIES, *corpus.MULTIPART_BODIES])
        path = random.choice([*OURS, *ALL])
        try:
            status = status_of(method, path, query, body, **headers)
        except Exception as error:  # noqa: BLE001 - see status_of
            problems.append(f"{method} {path}?{query} {headers}: {error!r}")
        else:
            known = STATUSES | ({401} if path.startswith(("/sandbox/", "/api/")) else set())
            problems += [f"{method} {path}?{query} {headers}: {status}"] if status not in known - {503} else []
    assert problems == []
    report(f"hostile: {REQUESTS} requests with odd headers, 0 answers of 500")


@pytest.mark.parametrize(
    "charset",
    ["charset=rot13", "charset=utf-16", "charset=nonsense", 'charset=""', "charset*=nonsense''x", "charset=\0"],
)
def test_a_request_in_another_charset_is_refused(db: None, charset: str) -> None:
    for path in ("/", "/start/", "/code/", "/admin/login/", "/nowhere", "/healthz"):
        for method in ("GET", "POST", "HEAD", "PUT"):
            status = status_of(method, path, "a=1", b"phone=1", CONTENT_TYPE=f"text/plain; {charset}")
            assert status == 400, (method, path)


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_utf_8_is_accepted_in_every_spelling(db: None, charset: str) -> None:
    assert status_of("GET", "/", "a=1", CONTENT_TYPE=f"text/plain; charset={charset}") == 200


def test_the_page_says_which_charset_to_use(db: None) -> None:
    refused = Client().generic("POST", "/start/", b"phone=1", "text/plain; charset=nonsense")
    assert refused.status_code == 400 and "UTF-8" in refused.content.decode()
    assert refused.headers["X-Frame-Options"] == "DENY"
