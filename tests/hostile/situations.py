"""The situations in which a hostile request may arrive: how a browser gets there, and what its page sends."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from django.test import Client

from onboarding.journey import handoff
from onboarding.models import Binding, Handoff, OnboardingSession, of_number
from tests.deep.any_order import desk
from tests.deep.any_order.invariants import BIND, CHECK, SEND, STATUS, UNIFY
from tests.device import through
from tests.journey.conftest import Sandbox
from tests.journey.test_handoff import COMPUTER, PHONE, Screen
from tests.journey.visitor import Visitor


@dataclass
class PreparedBrowser:
    """A browser in its situation, and its person's number."""

    visitor: Visitor
    number: str
    rows: Mapping[str, str] = field(default_factory=dict)  # part of a path to the id that follows it

    @property
    def client(self) -> Client:
        return self.visitor.client

    def fields(self, random: Random) -> dict[str, str]:
        """Return valid values for the fields of all forms."""
        offered = Handoff.objects.order_by("-expires_at").first()
        texts = [message["code"] for message in self.visitor.messages(self.number) if message["code"]]
        return {
            "csrfmiddlewaretoken": self.csrf_token(),
            "start_key": str(uuid.UUID(int=random.getrandbits(128))),
            "phone": self.number,
            "code": str(texts[0]) if texts else "000000",
            "channel": "sms",
            "answer": "yes",
            "number": str(offered.match_number) if offered else self.number,
            "reason": desk.REASON,
            "language": "es",
            "next": "/",
        }

    def path(self, path: str) -> str:
        """Return the path with ids in place of its parameters."""
        for part, key in self.rows.items():
            path = path.replace(f"/{part}/x/", f"/{part}/{key}/")
        return path

    def csrf_token(self) -> str:
        if "csrftoken" not in self.client.cookies:
            self.client.get("/")
        return str(self.client.cookies["csrftoken"].value)


@dataclass(frozen=True)
class Situation:
    """`posts` are the paths that its page posts to, `reaches` the vendor calls that hostile requests must reach."""

    name: str
    prepare: Callable[[str, Sandbox], PreparedBrowser]
    posts: tuple[str, ...]
    reaches: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def _without_a_session(number: str, _: Sandbox) -> PreparedBrowser:
    visitor = Visitor()
    visitor.opens()
    return PreparedBrowser(visitor, number)


def _at_the_device_check(number: str, sandbox: Sandbox) -> PreparedBrowser:
    prepared = _without_a_session(number, sandbox)
    answer = prepared.visitor.fetches("/start/", phone=number).json()
    prepared.visitor.device.authenticate(answer["auth_token"], through(prepared.client))
    return prepared


def _at_the_code(number: str, _: Sandbox) -> PreparedBrowser:
    visitor = Visitor()
    visitor.starts(number)
    return PreparedBrowser(visitor, number)


def _at_the_bind(number: str, sandbox: Sandbox) -> PreparedBrowser:
    sandbox.inject_fault(BIND, "refuse", times=1)
    return _linked(number, sandbox)


def _linked(number: str, _: Sandbox) -> PreparedBrowser:
    visitor = Visitor()
    visitor.links(number, number)
    return PreparedBrowser(visitor, number)


def _remembered(number: str, sandbox: Sandbox) -> PreparedBrowser:
    prepared = _linked(number, sandbox)
    prepared.visitor.submits("/remember/")
    prepared.client.cookies.pop("sessionid")
    return prepared


def _offered_a_rebind(number: str, sandbox: Sandbox) -> PreparedBrowser:
    prepared = _linked(f"+1212{number[5:]}", sandbox)
    prepared.visitor.starts(number)
    return PreparedBrowser(prepared.visitor, number)


def _at_a_computer(number: str, _: Sandbox) -> PreparedBrowser:
    """A computer whose QR code a phone has scanned."""
    computer = Screen(COMPUTER)
    Screen(PHONE).scans(computer.offers())
    return PreparedBrowser(computer, number)


def _at_a_phone(number: str, _: Sandbox) -> PreparedBrowser:
    phone = Screen(PHONE)
    phone.opens(Screen(COMPUTER).offers())
    return PreparedBrowser(phone, number, {"h": handoff.token(Handoff.objects.latest("expires_at"))})


def _held(number: str, sandbox: Sandbox) -> PreparedBrowser:
    """A browser whose session waits for a reviewer, because Prove answered about another number."""
    answer = {"success": "true", "proveId": "p", "phoneNumber": "+12025550102"}
    sandbox.inject_fault(STATUS, "answer", times=1, body=answer)
    visitor = Visitor()
    visitor.starts(number)
    return PreparedBrowser(visitor, number)


def _cleared(number: str, sandbox: Sandbox) -> PreparedBrowser:
    prepared = _held(number, sandbox)
    session = OnboardingSession.objects.get(of_number(number))
    desk.act(desk.reviewer(f"eve{number[-4:]}"), "approve", session)
    return prepared


def _at_the_desk(number: str, sandbox: Sandbox) -> PreparedBrowser:
    _held(number, sandbox)
    _linked(f"+1212{number[5:]}", sandbox)
    visitor = Visitor()
    visitor.client = desk.reviewer(f"ada{number[-4:]}")
    visitor.client.handler.enforce_csrf_checks = True
    rows = {"onboardingsession": str(OnboardingSession.objects.get(of_number(number)).pk)}
    return PreparedBrowser(visitor, number, rows | {"binding": str(Binding.objects.latest("pk").pk)})


ACTS = (
    *(f"/admin/proveflow/onboardingsession/x/{act}/" for act in ("approve", "decline", "reveal", "change")),
    *(f"/admin/proveflow/binding/x/{act}/" for act in ("revoke", "reveal", "change")),
    *("/admin/proveflow/onboardingsession/find/", "/admin/proveflow/binding/find/"),
)
SITUATIONS = (
    Situation("a stranger", _without_a_session, ("/start/", "/handoff/offer/", "/language/"), (UNIFY,)),
    Situation("at the device check", _at_the_device_check, ("/device/", "/start/"), (STATUS, SEND)),
    Situation(
        "at the code", _at_the_code, ("/code/", "/code/", "/code/send/", "/code/find/", "/restart/"), (CHECK, BIND)
    ),
    Situation("at the bind", _at_the_bind, ("/bind/",), (BIND,)),
    Situation(
        "linked",
        _linked,
        ("/remember/", "/log-out/", "/confirm/", "/unlink/", "/unlink/others/", "/devices/unlink/", "/start/"),
        (UNIFY,),
    ),
    Situation("remembered", _remembered, ("/recall/", "/forget/"), (UNIFY,)),
    Situation("asked about a move", _offered_a_rebind, ("/moved/", "/restart/"), (UNIFY,)),
    Situation("waits for a reviewer", _held, ("/unverified/text/", "/resume/")),
    Situation("cleared", _cleared, ("/resume/", "/unverified/text/"), (UNIFY,)),
    Situation("at a computer", _at_a_computer, ("/handoff/", "/handoff/offer/", "/handoff/here/")),
    Situation("at a phone", _at_a_phone, ("/handoff/answer/", "/h/x/")),
    Situation("a reviewer", _at_the_desk, ACTS),
)


# Paths that no page posts to. They refuse a POST, or ignore its form.
READ_ONLY = (
    "/",
    "/devices/",
    "/done/",
    "/expired/",
    "/handoff/phone/",
    "/healthz",
    "/logged-out/",
    "/readyz",
    "/version",
    "/unlinked/",
    "/unverified/",
)


def number_of(n: int) -> str:
    """Return another number for each n."""
    return f"+1201555{n % 10_000:04}"


def vendor_calls(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return all calls that the sandbox received."""
    calls: list[dict[str, Any]] = Client().get("/sandbox/control/ledger.json").json()
    return calls
