"""Where a hostile request may strike: each place with a browser that stands there, and what it may rightly send."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from django.test import Client

from onboarding.journey import handoff
from onboarding.models import Binding, Handoff, OnboardingSession
from tests.deep.any_order import desk
from tests.deep.any_order.ledger import BIND, CHECK, SEND, STATUS, UNIFY
from tests.device import through
from tests.journey.conftest import Sandbox
from tests.journey.test_handoff import COMPUTER, PHONE, Screen
from tests.journey.visitor import Visitor


@dataclass
class Standing:
    """A browser, and its person's number."""

    visitor: Visitor
    number: str
    rows: Mapping[str, str] = field(default_factory=dict)  # what a path takes, by its own part of the path

    @property
    def client(self) -> Client:
        return self.visitor.client

    def fields(self, random: Random) -> dict[str, str]:
        """Of all forms that there are, filled in rightly."""
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
        """With what belongs where the URLconf takes something."""
        for part, key in self.rows.items():
            path = path.replace(f"/{part}/x/", f"/{part}/{key}/")
        return path

    def csrf_token(self) -> str:
        if "csrftoken" not in self.client.cookies:
            self.client.get("/")
        return str(self.client.cookies["csrftoken"].value)


@dataclass(frozen=True)
class Place:
    """`sends` are the paths that pages here post to; `heard` is what vendors must have heard of a hostile crowd."""

    name: str
    take: Callable[[str, Sandbox], Standing]
    sends: tuple[str, ...]
    heard: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


def _nowhere(number: str, _: Sandbox) -> Standing:
    visitor = Visitor()
    visitor.opens()
    return Standing(visitor, number)


def _at_the_device_check(number: str, sandbox: Sandbox) -> Standing:
    standing = _nowhere(number, sandbox)
    answer = standing.visitor.asks("/start/", phone=number).json()
    standing.visitor.device.authenticate(answer["auth_token"], through(standing.client))
    return standing


def _at_the_code(number: str, _: Sandbox) -> Standing:
    visitor = Visitor()
    visitor.starts(number)
    return Standing(visitor, number)


def _at_the_bind(number: str, sandbox: Sandbox) -> Standing:
    sandbox.has(BIND, "refuse", times=1)
    return _linked(number, sandbox)


def _linked(number: str, _: Sandbox) -> Standing:
    visitor = Visitor()
    visitor.links(number, number)
    return Standing(visitor, number)


def _remembered(number: str, sandbox: Sandbox) -> Standing:
    standing = _linked(number, sandbox)
    standing.visitor.submits("/remember/")
    standing.client.cookies.pop("sessionid")
    return standing


def _asked_about_a_move(number: str, sandbox: Sandbox) -> Standing:
    standing = _linked(f"+1212{number[5:]}", sandbox)
    standing.visitor.starts(number)
    return Standing(standing.visitor, number)


def _at_a_computer(number: str, _: Sandbox) -> Standing:
    """A phone has scanned its code."""
    computer = Screen(COMPUTER)
    Screen(PHONE).scans(computer.offers())
    return Standing(computer, number)


def _at_a_phone(number: str, _: Sandbox) -> Standing:
    phone = Screen(PHONE)
    phone.opens(Screen(COMPUTER).offers())
    return Standing(phone, number, {"h": handoff.token(Handoff.objects.latest("expires_at"))})


def _at_the_desk(number: str, sandbox: Sandbox) -> Standing:
    sandbox.has(STATUS, "answer", times=1, body={"success": "true", "proveId": "p", "phoneNumber": "+12025550102"})
    Visitor().starts(number)
    _linked(f"+1212{number[5:]}", sandbox)
    visitor = Visitor()
    visitor.client = desk.reviewer(f"ada{number[-4:]}")
    visitor.client.handler.enforce_csrf_checks = True
    rows = {"onboardingsession": str(OnboardingSession.objects.get(number=number).pk)}
    return Standing(visitor, number, rows | {"binding": str(Binding.objects.latest("pk").pk)})


STAMPS = (
    *(f"/admin/onboarding/onboardingsession/x/{act}/" for act in ("approve", "decline", "reveal", "change")),
    *(f"/admin/onboarding/binding/x/{act}/" for act in ("revoke", "reveal", "change")),
    *("/admin/onboarding/onboardingsession/find/", "/admin/onboarding/binding/find/"),
)
PLACES = (
    Place("a stranger", _nowhere, ("/start/", "/handoff/offer/", "/language/"), (UNIFY,)),
    Place("at the device check", _at_the_device_check, ("/device/", "/start/"), (STATUS, SEND)),
    Place("at the code", _at_the_code, ("/code/", "/code/", "/code/send/", "/restart/"), (CHECK, BIND)),
    Place("at the bind", _at_the_bind, ("/bind/",), (BIND,)),
    Place("linked", _linked, ("/remember/", "/unlink/", "/unlink/others/", "/start/"), (UNIFY,)),
    Place("remembered", _remembered, ("/recall/", "/forget/"), (UNIFY,)),
    Place("asked about a move", _asked_about_a_move, ("/moved/", "/restart/"), (UNIFY,)),
    Place("at a computer", _at_a_computer, ("/handoff/", "/handoff/offer/")),
    Place("at a phone", _at_a_phone, ("/handoff/answer/", "/h/x/")),
    Place("a reviewer", _at_the_desk, STAMPS),
)


# Paths that no page posts to. They refuse a POST, or ignore its form.
READ_ONLY = ("/", "/done/", "/expired/", "/handoff/phone/", "/healthz", "/readyz", "/unverified/")


def numbered(n: int) -> str:
    """A number that nobody here had before."""
    return f"+1201555{n % 10_000:04}"


def lines(sandbox: Sandbox) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = Client().get("/sandbox/control/ledger.json").json()
    return told
