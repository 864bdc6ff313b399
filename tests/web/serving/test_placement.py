"""The pages below a path, and the static files at a CDN: with the production server."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.processes import (
    copy_migrated_database,
    free_port,
    product_environment,
    running,
    static_files,
    vendor_environment,
)

CLOSED_PORT = "http://127.0.0.1:9"
CDN = "https://cdn.example.com/static/"
REFERENCE = re.compile(r'(?:href|src|action)="([^"#]+)"')
BROWSER = {"X-Forwarded-Proto": "https", "Host": "verify.example.com"}


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[str]:
    """Run the production server; yield its origin."""
    vendors = vendor_environment(prove=CLOSED_PORT, twilio=CLOSED_PORT)
    hosts = {"ALLOWED_HOSTS": "verify.example.com", "DEBUG": "0", "STATIC_ROOT": str(static_files())}
    proxy = {"BEHIND_TLS_PROXY": "1", "TRUSTED_PROXY_COUNT": "1", "TRUSTED_PROXY_CIDRS": "127.0.0.0/8"}
    environment = product_environment(folder, **vendors, **hosts, **proxy, **settings)
    copy_migrated_database(folder)
    origin = f"http://127.0.0.1:{free_port()}"
    gunicorn = ["-m", "gunicorn", "proveflow.wsgi", "--bind", origin.removeprefix("http://"), "--workers", "1"]
    with running(gunicorn, environment=environment, url=f"{origin}/healthz", log=folder / "log"):
        yield origin


@pytest.fixture(scope="module")
def below_a_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("path"), PATH_PREFIX="/verify/") as origin:
        yield origin


@pytest.fixture(scope="module")
def with_a_cdn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("cdn"), STATIC_URL=CDN) as origin:
        yield origin


@pytest.mark.parametrize("prefix", ["/verify", ""], ids=["kept", "removed_by_the_proxy"])
def test_below_a_path_all_that_a_page_refers_to_is_there(below_a_path: str, prefix: str) -> None:
    page = requests.get(f"{below_a_path}{prefix}/", headers=BROWSER, timeout=10)
    references = {reference for reference in REFERENCE.findall(page.text) if not reference.startswith("http")}
    assert page.status_code == 200 and len(references) > 5
    for reference in references:
        assert reference.startswith("/verify/"), reference
        path = prefix + reference.removeprefix("/verify")
        answer = requests.get(below_a_path + path, headers=BROWSER, allow_redirects=False, timeout=10)
        assert answer.status_code in (200, 302, 405), reference


def test_below_a_path_redirects_stay_there_and_health_checks_answer(below_a_path: str) -> None:
    led = requests.get(f"{below_a_path}/verify/code/", headers=BROWSER, allow_redirects=False, timeout=10)
    assert led.headers["Location"] == "/verify/"
    for path in ("/healthz", "/readyz", "/verify/healthz", "/verify/readyz"):
        assert requests.get(below_a_path + path, allow_redirects=False, timeout=10).status_code == 200


def test_files_of_a_cdn_are_allowed_by_the_page_and_loadable_from_there(with_a_cdn: str) -> None:
    page = requests.get(with_a_cdn, headers=BROWSER, timeout=10)
    files = re.findall(rf"{re.escape(CDN)}[^\"]+", page.text)
    policy = dict(each.strip().split(" ", 1) for each in page.headers["Content-Security-Policy"].split(";"))
    assert len(files) > 3
    for directive in ("script-src", "style-src", "img-src", "font-src"):
        assert policy[directive].split() == ["'self'", "https://cdn.example.com"]
    for url in files:
        found = requests.get(url.replace("https://cdn.example.com", with_a_cdn), headers=BROWSER, timeout=10)
        assert found.status_code == 200 and found.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert found.headers["Access-Control-Allow-Origin"] == "*"
    assert page.headers["Cross-Origin-Resource-Policy"] == "same-origin"
