"""Load for a deployment: simulated people who link their numbers over real sockets, each with a new number."""

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from urllib.parse import urlsplit

import requests

from tests.deep.servers.deployment import Deployment
from tests.device import DeviceFailed, PretendDevice, over_http

PEOPLE = 6
MOST_STEPS = 40
PAUSE_S = 0.2
TIMEOUT_S = 60  # on a busy machine; a lost answer shows at once
CSRF = "__Host-csrftoken"


class SimulatedPerson:
    """Does what each page asks for, until the number is linked or after MOST_STEPS."""

    def __init__(self, deployment: Deployment, number: str) -> None:
        self.deployment, self.number = deployment, number
        self.secrets: set[str] = set()  # codes and authTokens
        self.browser = requests.Session()
        self.browser.trust_env = False
        self.statuses: set[int] = set()
        self.requests = 0
        self.failures: list[str] = []  # requests without an answer, and answers that could not be used
        self.browser.hooks["response"].append(self._record)
        self.device = PretendDevice(deployment.origin)

    def _record(self, answer: requests.Response, **_options: object) -> None:
        """Record the status, and drop Secure from cookies: unlike browsers, requests keeps them from plain loopback."""
        self.statuses.add(answer.status_code)
        self.requests += 1
        headers = answer.raw._original_response.msg  # type: ignore[union-attr]
        cookies = headers.get_all("Set-Cookie", [])
        del headers["Set-Cookie"]
        for cookie in cookies:
            headers["Set-Cookie"] = cookie.replace("; Secure", "")

    def onboards(self) -> bool:
        """Take the journey; return whether the last page says that the number is linked."""
        for _ in range(MOST_STEPS):
            try:
                path = self._current_path()
                if path == "/done/":
                    return True
                self._act_on(path)
            except (requests.RequestException, DeviceFailed, ValueError, KeyError) as error:
                self.failures.append(repr(error))
                time.sleep(PAUSE_S)
        return False

    def _current_path(self) -> str:
        answer = self.opens("/")
        answer.raise_for_status()
        if "Refresh" in answer.headers:
            time.sleep(PAUSE_S)
        if '"/unlink/"' in self.opens("/done/").text:
            return "/done/"
        return urlsplit(answer.url).path

    def _act_on(self, path: str) -> None:
        if path == "/code/":
            code = self.deployment.code(self.number)
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
        """Start from the phone page. Raises requests.RequestException if there is no response."""
        if CSRF not in self.browser.cookies:
            self.opens("/")
        return self._posts("/start/", script=True, phone=self.number, start_key=str(uuid.uuid4()))

    def opens(self, path: str) -> requests.Response:
        return self.browser.get(self.deployment.origin + path, timeout=TIMEOUT_S)

    def _posts(self, path: str, *, script: bool = False, **fields: str) -> requests.Response:
        token = {"csrfmiddlewaretoken": self.browser.cookies.get(CSRF) or ""}
        headers = {"Accept": "application/json"} if script else {}
        return self.browser.post(self.deployment.origin + path, token | fields, headers=headers, timeout=TIMEOUT_S)


class Load:
    """Simulated people in PEOPLE threads.

    `numbers` are those that were tried, `linked` those whose last page said that they are linked, `secrets` the codes
    and authTokens, `statuses` those of all responses.
    """

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.linked: list[str] = []
        self.numbers: list[str] = []
        self.secrets: set[str] = set()
        self.statuses: set[int] = set()
        self._new_numbers = (f"+1415{2_000_000 + n * 13}" for n in count())
        self._stopping, self._lock = threading.Event(), threading.Lock()

    @contextmanager
    def running(self) -> Iterator["Load"]:
        self._threads = [threading.Thread(target=self._run) for _ in range(PEOPLE)]
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self.stop()

    def stop(self) -> None:
        """Let everybody finish their journey, and wait for them."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                number = next(self._new_numbers)
                self.numbers.append(number)
            person = SimulatedPerson(self.deployment, number)
            is_linked = person.onboards()
            with self._lock:
                self.secrets |= person.secrets
                self.statuses |= person.statuses
                if is_linked:
                    self.linked.append(number)
