"""`make bench`: prints the CPU time that the product needs for one onboarding, as a JSON object.

It runs whole flows (page, start, device check, code page, code, last page) against the production server, with the
sandbox in a process of its own. The CPU time is that of the product's processes without their start-up.
`in_bare_requests` is its ratio to a request without work (/healthz) in the same run, so that machines can be compared.
`flows_per_s` also depends on the browsers and the sandbox, which share the machine.
"""

import json
import re
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests

from tests.browser.driver.site import Site, WithStandaloneSandbox
from tests.device import PretendDevice, over_http

FLOWS, CONCURRENCY, BARE_REQUESTS = 200, 8, 2000
JSON = {"Accept": "application/json"}


class Visitor:
    """A fast browser that checks no page but the last."""

    def __init__(self, site: Site) -> None:
        self.site, self.http, self.page = site, requests.Session(), ""
        self.http.headers["Origin"] = site.origin

    def get(self, path: str) -> None:
        self.page = self._call("GET", path).text

    def post(self, path: str, **fields: str) -> requests.Response:
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', self.page))
        return self._call("POST", path, data={**hidden, **fields}, headers=JSON)

    def _call(self, method: str, path: str, **content: Any) -> requests.Response:
        answer = self.http.request(method, self.site.origin + path, timeout=30, **content)
        answer.raise_for_status()
        for cookie in self.http.cookies:
            cookie.secure = False  # browsers count loopback as secure, requests does not
        return answer

    def onboard(self, number: str) -> None:
        self.get("/")
        token = self.post("/start/", phone=number).json()["auth_token"]
        PretendDevice(self.site.origin).authenticate(token, over_http(self.http))
        self.get(self.post("/device/").json()["next"])
        self.post("/code/", code=str(self.site.read("messages.json", to=number)[0]["code"]))
        self.get("/done/")
        assert "is linked" in self.page


def cpu_s() -> float:
    """Return the CPU seconds of all child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cost(work: Callable[[WithStandaloneSandbox], None]) -> tuple[float, float]:
    """Return the CPU seconds of the product, start-up included, and the wall seconds of the work."""
    with (
        tempfile.TemporaryDirectory() as folder,
        WithStandaloneSandbox.running(Path(folder), LIMITS_WATCH_ONLY="1") as site,
    ):
        before = cpu_s()
        started = time.perf_counter()
        work(site)
        wall = time.perf_counter() - started
        site.product.close()
        return cpu_s() - before, wall


def flows(site: Site) -> None:
    numbers = [f"+1201555{last:04}" for last in range(FLOWS)]
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(lambda number: Visitor(site).onboard(number), numbers))


def bare_requests(site: Site) -> None:
    with requests.Session() as http:
        for _ in range(BARE_REQUESTS):
            http.get(f"{site.origin}/healthz", timeout=30)


def main() -> None:
    idle, _ = cost(lambda _site: None)
    bare_cpu, _ = cost(bare_requests)
    flow_cpu, wall = cost(flows)
    a_request, a_flow = (bare_cpu - idle) / BARE_REQUESTS, (flow_cpu - idle) / FLOWS
    figures = {"bench": "onboarding", "flows": FLOWS, "concurrency": CONCURRENCY, "flows_per_s": round(FLOWS / wall, 1)}
    figures |= {"cpu_ms_per_flow": round(a_flow * 1000, 2), "cpu_ms_bare_request": round(a_request * 1000, 3)}
    figures |= {"in_bare_requests": round(a_flow / a_request, 1)}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
