"""People who onboard over real sockets while things die around them; each number is one person's first visit."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlsplit

import requests

from tests.deep.fleet.fleet import Fleet
from tests.device import DeviceFailed, PretendDevice, over_http

PEOPLE = 6
MOST_STEPS = 40
BREATH_S = 0.2
PATIENCE_S = 15
CSRF = "__Host-csrftoken"


class Person:
    """Does what the page at hand asks for, until linked or tired."""

    def __init__(self, fleet: Fleet, number: str) -> None:
        self.fleet, self.number = fleet, number
        self.secrets: set[str] = set()  # codes and authTokens
        self.browser = requests.Session()
        self.browser.trust_env = False
        self.statuses: set[int] = set()
        self.browser.hooks["response"].append(self._takes_in)
        self.device = PretendDevice(fleet.origin)

    def _takes_in(self, answer: requests.Response, **_options: object) -> None:
        """Browsers count loopback as secure, requests does not: it would keep cookies that are to go by https only."""
        self.statuses.add(answer.status_code)
        headers = answer.raw._original_response.msg  # type: ignore[union-attr]
        cookies = headers.get_all("Set-Cookie", [])
        del headers["Set-Cookie"]
        for cookie in cookies:
            headers["Set-Cookie"] = cookie.replace("; Secure", "")

    def onboards(self) -> bool:
        """Whether the page at the end says that the number is linked."""
        for _ in range(MOST_STEPS):
            try:
                path = self._stands_at()
                if path == "/done/":
                    return True
                self._does_what_is_due(path)
            except (requests.RequestException, DeviceFailed, ValueError, KeyError):
                time.sleep(BREATH_S)
        return False

    def _stands_at(self) -> str:
        answer = self.opens("/")
        answer.raise_for_status()
        if "Refresh" in answer.headers:
            time.sleep(BREATH_S)
        if '"/unlink/"' in self.opens("/done/").text:
            return "/done/"
        return urlsplit(answer.url).path

    def _does_what_is_due(self, path: str) -> None:
        if path == "/code/":
            code = self.fleet.code(self.number)
            self.secrets.add(code)
            self._posts("/code/", code=code) if code else self._posts("/code/send/")
        elif path == "/bind/":
            self._posts("/bind/")
        else:
            token = self.starts().json()["auth_token"]
            self.secrets.add(token)
            self.device.authenticate(token, over_http(self.browser))
            self._posts("/device/", script=True)

    def starts(self) -> requests.Response:
        """From the phone page; raises requests.RequestException if no answer comes."""
        if CSRF not in self.browser.cookies:
            self.opens("/")
        return self._posts("/start/", script=True, phone=self.number, start_key=str(uuid.uuid4()))

    def opens(self, path: str) -> requests.Response:
        return self.browser.get(self.fleet.origin + path, timeout=PATIENCE_S)

    def _posts(self, path: str, *, script: bool = False, **fields: str) -> requests.Response:
        token = {"csrfmiddlewaretoken": self.browser.cookies.get(CSRF) or ""}
        headers = {"Accept": "application/json"} if script else {}
        return self.browser.post(self.fleet.origin + path, token | fields, headers=headers, timeout=PATIENCE_S)


class Crowd:
    """`linked`: the numbers whose person saw that they are; `seen`: all; `secrets`: their codes and authTokens;
    `statuses`: of all answers.
    """

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.linked: list[str] = []
        self.seen: list[str] = []
        self.secrets: set[str] = set()
        self.statuses: set[int] = set()
        self._numbers = (f"+1415{2_000_000 + n * 13}" for n in count())
        self._over, self._lock = threading.Event(), threading.Lock()

    @contextmanager
    def walking(self) -> Iterator["Crowd"]:
        self._threads = [threading.Thread(target=self._walk) for _ in range(PEOPLE)]
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self.ends()

    def ends(self) -> None:
        """Everybody finishes what they are at."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _walk(self) -> None:
        while not self._over.is_set():
            with self._lock:
                number = next(self._numbers)
                self.seen.append(number)
            person = Person(self.fleet, number)
            through = person.onboards()
            with self._lock:
                self.secrets |= person.secrets
                self.statuses |= person.statuses
                if through:
                    self.linked.append(number)
