"""What many rows cost: the latency of the pages of the desk, and the CPU of an onboarding."""

import re
import secrets
import subprocess
import sys
import time
from statistics import quantiles

import psycopg
import requests

from tests.authenticator import code_of
from tests.bench.servers import Server
from tests.browser.driver.reviewer import Reviewer
from tests.processes import ROOT, inherited_environment
from tests.seed import TABLES

SIZES = (10_000, 1_000_000)
EXPORTS = 5  # a reviewer may download no more at once
LISTS = "/admin/proveflow/onboardingsession/", "/admin/proveflow/binding/"
FILTERS = (
    *("state=in_review", "review=waiting", "reason=9136", "notice=opted_out", "rebind=True", "q=%2B12010007919"),
    *("country=US", "age=week", "age=older", "step=code", "step=code-last", "failed=code"),
)
FIGURES = f"{LISTS[0]}figures/", f"{LISTS[0]}figures/?days=30"
PAGES = (
    "/admin/",
    *FIGURES,
    *LISTS,
    *(f"{LISTS[0]}?{query}" for query in FILTERS),
    f"{LISTS[1]}?q=%2B12010007919",
    f"{LISTS[0]}queue/",
    "a case",
    "the first bytes of a CSV",
)


def seed(environment: dict[str, str], sessions: int) -> None:
    """Let the database have so many sessions, and no people besides theirs."""
    with psycopg.connect(environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # the event log may be emptied here
        connection.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
    command = [sys.executable, "-m", "tests.seed", str(sessions)]
    subprocess.run(command, cwd=ROOT, env=inherited_environment() | environment, check=True)


def desk(server: Server, loads: int) -> dict[str, float]:
    """Return the 95th percentile of the latency of each page, in ms, when it is loaded so many times."""
    http = _logged_in(server)
    first = re.search(
        r'href="(/admin/proveflow/onboardingsession/[0-9a-f-]{36}/change/)"', _get(http, server, LISTS[0])
    )
    assert first is not None, "The list is empty."
    return {page: _late(http, server, first[1] if page == "a case" else page, loads) for page in PAGES}


def _late(http: requests.Session, server: Server, page: str, loads: int) -> float:
    times = []
    for _ in range(loads if page.startswith("/") else EXPORTS):
        token = {} if page.startswith("/") else _token(http, server)
        started = time.perf_counter()
        if page.startswith("/"):
            _get(http, server, page)
        else:
            _begin_csv(http, server, token)
        times.append((time.perf_counter() - started) * 1000)
    return quantiles(times, n=20, method="inclusive")[18]


def _logged_in(server: Server) -> requests.Session:
    reviewer = Reviewer.created_in(server.environment)
    http = requests.Session()
    http.trust_env = False
    http.headers["Referer"] = http.headers["Origin"] = server.origin
    http.headers["X-Forwarded-For"] = f"198.18.0.{1 + secrets.randbelow(250)}"
    page = _get(http, server, "/admin/login/")
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    form |= {"username": reviewer.name, "password": reviewer.password, "otp_token": code_of(reviewer.key)}
    answer = http.post(f"{server.origin}/admin/login/", data=form, timeout=60, allow_redirects=False)
    assert answer.status_code == 302, "The reviewer is not logged in."  # noqa: PLR2004
    _send_cookies(http)
    return http


def _get(http: requests.Session, server: Server, path: str) -> str:
    answer = http.get(server.origin + path, timeout=60)
    answer.raise_for_status()
    _send_cookies(http)
    return answer.text


def _token(http: requests.Session, server: Server) -> dict[str, str]:
    """Return the field that a form of the list sends against forged requests."""
    page = _get(http, server, LISTS[0])
    return dict(re.findall(r'<input type="hidden" name="(csrfmiddlewaretoken)" value="([^"]*)"', page))


def _begin_csv(http: requests.Session, server: Server, token: dict[str, str]) -> None:
    """Read the first bytes of a list that is downloaded."""
    with http.post(f"{server.origin}{LISTS[0]}export/", data=token, timeout=60, stream=True) as answer:
        answer.raise_for_status()
        assert answer.headers["Content-Type"].startswith("text/csv"), "That is no CSV."
        assert next(answer.iter_content(100)), "The CSV is empty."


def _send_cookies(http: requests.Session) -> None:
    """Let cookies go over plain loopback, as browsers do."""
    for cookie in http.cookies:
        cookie.secure = False
