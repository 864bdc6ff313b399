"""A site for one drill: nodes behind a balancer, the emulated vendors, and what happened there."""

import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from sandbox.app.network import Answer, Lost, Send
from sandbox.drill.processes import Process

PUBLIC = "http://site.drill"  # stands for the balancer's address
TIMEOUT_S = 30
PAUSE_S = 0.2  # before an app tries again after a lost answer
UNIFY, STATUS, BIND = "prove.unify", "prove.unify_status", "prove.unify_bind"
PROVE = ("prove.token", UNIFY, STATUS, BIND)
SEND, CHECK, FIND = "twilio.verification", "twilio.verification_check", "twilio.verification_fetch"


@dataclass(frozen=True)
class Traffic:
    """One request to the site. `status` is 0 if its answer was lost."""

    began: float
    took_s: float
    status: int
    path: str


@dataclass
class Site:
    """`serving` are the nodes that the balancer sends requests to."""

    nodes: Sequence[Process]
    vendors: Process
    environment: dict[str, str]
    secrets: Path
    serving: list[Process] = field(default_factory=list)
    traffic: list[Traffic] = field(default_factory=list)
    _turn: Iterator[int] = field(default_factory=count)

    def sender(self, address: str) -> Send:
        """Return the way to the site, and past it to Prove, for an app with this address."""

        def send(method: str, url: str, body: Any, headers: Mapping[str, str]) -> Answer:
            if not url.startswith(PUBLIC):
                return _read(_request(method, url, body, headers))
            forwarded = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "Connection": "close"}
            return self._balanced(method, url.removeprefix(PUBLIC), body, {**headers, **forwarded})

        return send

    def _balanced(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        """Return a node's answer. One that refuses the connection is passed over. Raises Lost."""
        began, turn = time.monotonic(), next(self._turn)
        nodes = list(self.serving)
        try:
            for node in nodes[turn % len(nodes) :] + nodes[: turn % len(nodes)]:
                try:
                    answer = _request(method, node.origin + path, body, headers)
                except requests.ConnectionError as error:
                    if not isinstance(getattr(error.args[0], "reason", None), NewConnectionError):
                        raise
                else:
                    self.traffic.append(Traffic(began, time.monotonic() - began, answer.status_code, path))
                    return _read(answer)
        except requests.RequestException:
            self.traffic.append(Traffic(began, time.monotonic() - began, 0, path))
        time.sleep(PAUSE_S)
        raise Lost

    def opens(self, path: str, address: str = "198.18.0.1") -> int:
        """Return the status of a page."""
        headers = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "Connection": "close"}
        return _request("GET", self.serving[0].origin + path, None, headers).status_code

    @contextmanager
    def fault(self, *routes: str, kind: str, **options: object) -> Iterator[None]:
        """Let calls of these routes fail until the end of the block."""
        for route in routes:
            self.control("faults", {"route": route, "kind": kind, **options})
        yield
        self.control("faults/clear", {})

    def control(self, call: str, body: object) -> Any:
        answer = requests.post(f"{self.vendors.origin}/sandbox/control/{call}", json=body, timeout=TIMEOUT_S)
        answer.raise_for_status()
        return answer.json()

    def code(self, number: str) -> str:
        """Return the newest code on the phone, or ""."""
        url = f"{self.vendors.origin}/sandbox/messages.json"
        texts = requests.get(url, params={"to": number}, timeout=TIMEOUT_S).json()
        return next((str(text["code"]) for text in texts if text["code"]), "")

    def calls(self, *routes: str) -> list[Mapping[str, Any]]:
        """Return what the vendors were asked for by calls of these routes."""
        url = f"{self.vendors.origin}/sandbox/control/ledger.json"
        return [call for call in requests.get(url, timeout=TIMEOUT_S).json() if call["route"] in routes]

    def write_secret(self, name: str, value: str) -> None:
        (self.secrets / name).write_text(value)

    def secret(self, name: str) -> str:
        return (self.secrets / name).read_text()


def environment(database: str, vendors: str, folder: Path) -> dict[str, str]:
    """Return the operator's environment with the sandbox as vendors, a scratch database, and secrets in `folder`."""
    own = {
        "DEBUG": "0", "ALLOWED_HOSTS": "127.0.0.1", "ALLOWED_COUNTRIES": "US", "PATH_PREFIX": "",
        "BEHIND_TLS_PROXY": "1", "TRUSTED_PROXY_COUNT": "1", "TRUSTED_PROXY_CIDRS": "127.0.0.0/8",
        "FORWARDED_HEADER": "X-Forwarded-For", "TRACES": "0", "DATABASE_URL": database,
        "PROVE_BASE_URL": f"{vendors}/sandbox/prove", "PROVE_CLIENT_ID": "sandbox",
        "PROVE_DEVICE_ORIGINS": "", "PROVE_REGION": "all", "PROVE_EU_CLIENT_ID": "", "PROVE_EU_CLIENT_SECRET": "",
        "PROVE_EU_BASE_URL": "", "PROVE_EU_DEVICE_ORIGINS": "", "PROVE_CHECK_REPUTATION": "0", "TWILIO_LOOKUP": "0",
        "TWILIO_BASE_URL": f"{vendors}/sandbox/twilio", "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_API_KEY_SID": "", "TWILIO_VERIFY_SERVICE_SID": "VA" + "0" * 32,
    }  # fmt: skip
    in_files = {
        "SECRET_KEY": secrets.token_urlsafe(50), "SECRET_KEY_FALLBACKS": "",
        "LASTING_KEY": secrets.token_urlsafe(50), "LASTING_KEY_FALLBACKS": "",
        "PROVE_CLIENT_SECRET": "sandbox", "TWILIO_AUTH_TOKEN": "sandbox", "TWILIO_API_KEY_SECRET": "",
    }  # fmt: skip
    for name, value in in_files.items():
        (folder / name).write_text(value)
    files = {f"{name}_FILE": str(folder / name) for name in in_files} | {f"{name}_FILE": "" for name in own}
    theirs = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return theirs | dict.fromkeys(in_files, "") | own | files


def _request(method: str, url: str, body: Any, headers: Mapping[str, str]) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, json=body, headers=dict(headers), timeout=TIMEOUT_S, allow_redirects=False)


def _read(answer: requests.Response) -> Answer:
    try:
        body = answer.json() if answer.content else {}
    except ValueError:
        body = {"code": str(answer.status_code)}
    return Answer(answer.status_code, answer.headers, body)
