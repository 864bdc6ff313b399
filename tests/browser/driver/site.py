"""The product in processes of its own: with the sandbox built in, or as in production with a standalone sandbox."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import requests

from tests.authenticator import code_of
from tests.browser.driver.reviewer import Reviewer
from tests.processes import (
    SESSION_TIMES,
    copy_migrated_database,
    free_port,
    product_environment,
    running,
    static_files,
    vendor_environment,
)

LEGAL_NOTICES = {f"{name}_URL": f"https://example.com/{name.lower()}" for name in ("SUPPORT", "PRIVACY", "TERMS")}
LEGAL_NOTICES["CONTINUE_URL"] = "https://example.com/account/"
LEGAL_NOTICES["CARRIER_CONSENT"] = "You authorize your mobile carrier to tell us whether this number is yours."
PROVE_CALLS = ("prove.unify", "prove.unify_status", "prove.unify_bind")


class Site(ABC):
    """A running product. `origin` is its own, `sandbox` that of the sandbox."""

    def __init__(self, folder: Path, *, origin: str, sandbox: str) -> None:
        self.folder, self.origin, self.sandbox = folder, origin, sandbox
        self.reviewer_cookies: list[Any] = []  # of a reviewer who is logged in

    @classmethod
    @abstractmethod
    def running(cls, folder: Path) -> Any: ...

    @abstractmethod
    def prove_goes_down(self) -> None:
        """Let calls to Prove be refused."""

    @abstractmethod
    def prove_is_back(self) -> None: ...

    def reset(self) -> None:
        """Delete all data of the product and of the sandbox."""
        self.control("POST", "reset", {})
        self._execute("INSERT INTO proveflow_removal VALUES (1)")  # so that events can be deleted
        for table in ("event", "onboardingsession", "binding", "handoff"):
            self._execute(f"DELETE FROM onboarding_{table}")
        self._execute("DELETE FROM proveflow_removal")
        self.reset_limits()

    def reset_limits(self) -> None:
        """Reset all budgets and leases."""
        self._execute("DELETE FROM onboarding_cell")
        self._execute("DELETE FROM onboarding_lease")

    @cached_property
    def reviewer(self) -> Reviewer:
        """Return the reviewer, who is the same for all tests."""
        return Reviewer.created(self.folder)

    @cached_property
    def colleague(self) -> Reviewer:
        """Return another reviewer, who is the same for all tests, too."""
        return Reviewer.created(self.folder)

    def reviewer_code(self) -> str:
        """Return a code of the authenticator; allow that it is used again at once, as another test may need it."""
        self._execute("UPDATE otp_totp_totpdevice SET last_t = -1, throttling_failure_count = 0")
        return code_of(self.reviewer.key)

    def make_older(self, *, minutes: int) -> None:
        """Make every session so many minutes older."""
        columns = ", ".join(
            f"{each} = strftime('%Y-%m-%d %H:%M:%f', {each}, '-{minutes} minutes')" for each in SESSION_TIMES
        )
        self._execute(f"UPDATE onboarding_onboardingsession SET {columns}")
        moved = f"strftime('%Y-%m-%d %H:%M:%f', code_sent_at, '-{minutes} minutes')"
        self._execute(f"UPDATE onboarding_lease SET code_sent_at = {moved}")

    def begin_figures(self) -> None:
        """Let the dashboard show the events of the last hour, as after a first run of `recover`."""
        hour_ago = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 hour')"
        self._execute(f"INSERT OR REPLACE INTO proveflow_rollup (id, until) VALUES (1, {hour_ago})")

    def _execute(self, statement: str) -> None:
        with closing(sqlite3.connect(self.folder / "product.sqlite3", timeout=20)) as database, database:
            database.execute(statement)

    def control(self, method: str, what: str, order: dict[str, Any]) -> None:
        url = f"{self.sandbox}/sandbox/control/{what}"
        requests.request(method, url, json=order, timeout=5).raise_for_status()

    def read(self, what: str, **query: str) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = requests.get(f"{self.sandbox}/sandbox/{what}", params=query, timeout=5).json()
        return answer


class WithBuiltInSandbox(Site):
    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Self]:
        environment = product_environment(folder, DEBUG="1")
        copy_migrated_database(folder)
        port = free_port()
        origin = f"http://127.0.0.1:{port}"
        server = ["manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
        with running(server, environment=environment, url=f"{origin}/healthz", log=folder / "log"):
            yield cls(folder, origin=origin, sandbox=origin)

    def prove_goes_down(self) -> None:
        for route in PROVE_CALLS:
            self.control("POST", "faults", {"route": route, "kind": "refuse"})

    def prove_is_back(self) -> None:
        self.control("DELETE", "faults", {})


class WithStandaloneSandbox(Site):
    """Two sandboxes on one store, so that Prove can be down while Twilio is up. `more` are environment variables."""

    environment: dict[str, str]
    prove_port: int
    prove: ExitStack
    product: ExitStack

    @classmethod
    @contextmanager
    def running(cls, folder: Path, **more: str) -> Iterator[Self]:
        port, prove, twilio = free_port(), free_port(), free_port()
        site = cls(folder, origin=f"http://127.0.0.1:{port}", sandbox=f"http://127.0.0.1:{twilio}")
        site.prove_port, site.prove, site.product = prove, ExitStack(), ExitStack()
        site.environment = product_environment(
            folder,
            DEBUG="0",
            DESKTOP_ALLOWED="1",
            ALLOWED_COUNTRIES="BR,CA,DE,EG,ES,FR,GB,US",
            **LEGAL_NOTICES,
            **vendor_environment(prove=f"http://127.0.0.1:{prove}", twilio=site.sandbox),
            TWILIO_FROM_NUMBER="+12025550100",
            PROVE_EU_BASE_URL=f"http://127.0.0.1:{prove}/sandbox/prove-eu",
            PROVE_EU_CLIENT_ID="sandbox-eu",
            PROVE_EU_CLIENT_SECRET="sandbox-eu",
            STATIC_ROOT=str(static_files()),
            **more,
        )
        copy_migrated_database(folder)
        with site.sandbox_at(twilio), site.prove, site.product:
            site.product_at(port)
            site.prove_is_back()
            yield site

    def product_at(self, port: int, **more: str) -> str:
        gunicorn = ["gunicorn", "proveflow.wsgi", "--bind", f"127.0.0.1:{port}", "--config", "proveflow/gunicorn.py"]
        origin, environment, log = f"http://127.0.0.1:{port}", self.environment | more, self.folder / f"log-{port}"
        command, url = ["-m", *gunicorn], f"{origin}/healthz"
        self.product.enter_context(running(command, environment=environment, url=url, log=log))
        return origin

    @cached_property
    def strict_origin(self) -> str:
        """Return the origin of a second server that requires a phone, and has a cooling-off time after rebinds."""
        return self.product_at(free_port(), DESKTOP_ALLOWED="0", REBIND_COOLING_OFF_HOURS="24")

    def sandbox_at(self, port: int) -> AbstractContextManager[str]:
        url, log = f"http://127.0.0.1:{port}/sandbox/", self.folder / f"sandbox-{port}.log"
        return running(["manage.py", "sandbox", str(port)], environment=self.environment, url=url, log=log)

    def prove_goes_down(self) -> None:
        self.prove.close()

    def prove_is_back(self) -> None:
        self.prove.enter_context(self.sandbox_at(self.prove_port))
