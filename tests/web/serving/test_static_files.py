"""Static files as in production: named by their content, cached for a year, compressed and small."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.files.storage import FileSystemStorage
from django.http import HttpResponse
from django.test import Client, RequestFactory

from proveflow.static_files import Middleware, Storage
from tests.processes import (
    copy_migrated_database,
    free_port,
    product_environment,
    running,
    static_files,
    vendor_environment,
)

SCRIPTS, STYLES = ("device.js", "code.js", "done.js", "follow.js", "handoff.js"), ("site.css", "desk.css")
OURS = [f"proveflow/{name}" for name in (*SCRIPTS, *STYLES)]
SDK = "prove/prove-auth.js"
CLOSED_PORT = "http://127.0.0.1:9"
KIB = 1024  # bytes
YEAR_S = timedelta(days=365).total_seconds()


@dataclass(frozen=True)
class Production:
    """The product in a process of its own, and the names under which it serves its static files."""

    origin: str
    names: dict[str, str]

    def url(self, name: str) -> str:
        return f"{self.origin}/static/{self.names[name]}"

    def sent(self, url: str, encoding: str = "gzip") -> bytes:
        """Return the body as it is sent, before any decompression."""
        with requests.get(url, headers={"Accept-Encoding": encoding}, stream=True, timeout=10) as answer:
            assert answer.headers.get("Content-Encoding", "identity") in (encoding, "identity")
            return bytes(answer.raw.read(decode_content=False))

    def size(self, *names: str) -> int:
        """Return the number of bytes sent for all these files."""
        return sum(len(self.sent(self.url(f"proveflow/{name}"))) for name in names)


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """Nobody answers at the vendors' addresses: no test here calls them."""
    folder, port = tmp_path_factory.mktemp("production"), free_port()
    static, vendors = static_files(), vendor_environment(prove=CLOSED_PORT, twilio=CLOSED_PORT)
    environment = product_environment(folder, DEBUG="0", STATIC_ROOT=str(static), **vendors)
    copy_migrated_database(folder)
    origin = f"http://127.0.0.1:{port}"
    gunicorn = ["-m", "gunicorn", "proveflow.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1"]
    with running(gunicorn, environment=environment, url=f"{origin}/healthz", log=folder / "log"):
        yield Production(origin, json.loads((static / "staticfiles.json").read_text())["paths"])


@pytest.mark.parametrize("name", [*OURS, "proveflow/icon.svg", SDK])
def test_a_static_file_is_named_by_its_content_and_cached_for_a_year(production: Production, name: str) -> None:
    assert re.search(r"\.[0-9a-f]{12}\.\w+$", production.names[name])
    answer = requests.head(production.url(name), timeout=10)
    assert {"public", "immutable"} < set(answer.headers["Cache-Control"].split(", "))
    assert int(re.findall(r"max-age=(\d+)", answer.headers["Cache-Control"])[0]) >= YEAR_S
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", [*OURS, SDK])
@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_it_is_compressed_if_the_browser_accepts_that(production: Production, name: str, encoding: str) -> None:
    url = production.url(name)
    answer = requests.get(url, headers={"Accept-Encoding": encoding}, timeout=10)
    plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=10)
    assert (answer.headers["Content-Encoding"], plain.headers.get("Content-Encoding")) == (encoding, None)
    assert answer.content == plain.content and len(production.sent(url, encoding)) < len(plain.content)
    assert "Accept-Encoding" in answer.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]


def test_a_page_is_compressed_and_refers_to_files_by_those_names_only(production: Production) -> None:
    answer = requests.get(production.origin, headers={"Accept-Encoding": "gzip"}, timeout=10)
    assert answer.headers["Content-Encoding"] == "gzip"
    names = set(re.findall(r'(?:src|<link[^>]* href)="/static/([^"]+)"', answer.text))
    assert names and names <= set(production.names.values())


def test_the_sdk_matches_the_integrity_hash_in_the_page(production: Production) -> None:
    page = requests.get(production.origin, timeout=10).text
    tag = re.search(rf'<script src="/static/{re.escape(production.names[SDK])}"[^>]*>', page)
    assert tag
    served = hashlib.sha384(requests.get(production.url(SDK), timeout=10).content).digest()
    assert f'integrity="sha384-{base64.b64encode(served).decode()}"' in tag[0]


def test_our_scripts_have_at_most_8_kib_together(production: Production) -> None:
    assert production.size(*SCRIPTS) <= 8 * KIB


def test_our_styles_have_at_most_8_kib_together(production: Production) -> None:
    assert production.size(*STYLES) <= 8 * KIB


def test_the_first_page_needs_at_most_40_kib_before_it_can_be_used(production: Production) -> None:
    """Without the SDK: it is loaded last, and needed only after the button is pressed."""
    page = production.sent(production.origin)
    assert len(page) + production.size("device.js", "site.css", "icon.svg") <= 40 * KIB


BRAND = """@font-face { font-family: Acme; src: url("acme.woff2"); }
/*# sourceMappingURL=brand.css.map */
"""


def test_a_brand_may_load_its_fonts_and_name_a_source_map_that_is_not_there(tmp_path: Path, db: None) -> None:
    (tmp_path / "brand.css").write_text(BRAND)
    (tmp_path / "acme.woff2").write_bytes(b"font")
    storage, given = Storage(location=tmp_path, base_url="/static/"), FileSystemStorage(location=tmp_path)
    done = storage.post_process({name: (given, name) for name in ("brand.css", "acme.woff2")})
    problems = [problem for _name, _hashed, problem in done if isinstance(problem, Exception)]
    assert problems == []
    [css] = [each.read_text() for each in tmp_path.glob("brand.*.css")]
    assert re.search(r'url\("acme\.[0-9a-f]{12}\.woff2"\)', css)
    assert "font-src 'self'" in Client().get("/")["Content-Security-Policy"]


# --- Two releases at once ---------------------------------------------------------------------------------------------


@pytest.fixture
def process(db: None, tmp_path: Path, settings: Any) -> Middleware:
    """Return the middleware of a process that began before the other release collected its files.

    To close a response is the end of a request for Django, which looks after its database connections then.
    """
    settings.STATIC_ROOT, settings.WHITENOISE_AUTOREFRESH, settings.WHITENOISE_USE_FINDERS = str(tmp_path), False, False
    (tmp_path / "onboarding").mkdir()
    (tmp_path / "onboarding/site.0ldre1ea5e00.css").write_text("old")
    (tmp_path.parent / "outside.css").write_text("outside")
    return Middleware(lambda _request: HttpResponse(status=404))


def served(process: Middleware, path: str) -> tuple[int, bytes]:
    with closing(process(RequestFactory().get("/static/" + path))) as answer:
        return answer.status_code, answer.getvalue()


def test_files_that_another_release_collects_are_served_and_those_of_before_stay(
    process: Middleware, tmp_path: Path
) -> None:
    assert served(process, "onboarding/site.newrelea5e00.css")[0] == 404
    (tmp_path / "onboarding/site.newrelea5e00.css").write_text("new")
    assert served(process, "onboarding/site.newrelea5e00.css") == (200, b"new")
    assert served(process, "onboarding/site.0ldre1ea5e00.css") == (200, b"old")


@pytest.mark.parametrize(
    "path",
    [
        *("", "onboarding", "onboarding/", "../outside.css", "onboarding/../../outside.css", "%2e%2e/outside.css"),
        *("/etc/passwd", "..%5coutside.css", "a%00b", "a" * 5000, "onboarding/site.0ldre1ea5e00.css/x"),
    ],
)
def test_what_is_no_static_file_is_not_found(process: Middleware, path: str) -> None:
    assert served(process, path)[0] == 404
