"""Two people at once on a bad network: each gets their own answers, and what fails ends with its cause."""

import itertools
import random
import socket
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test import Client

from onboarding.domain.states import State
from onboarding.models import Binding, OnboardingSession, of_number
from onboarding.models.number import number_hash
from onboarding.upstream.prove import prove
from onboarding.upstream.twilio import twilio
from tests.deep.conftest import report, share
from tests.deep.networks.hosts import Host
from tests.device import Post, through
from tests.journey.visitor import Visitor
from tests.upstream.transport.test_connect import black_hole

PAIRS = share(deep=250, quick=7)  # of people, on each of four networks: 2,000 journeys
MOST_STEPS = 60
LONGEST_OUTAGE_S = 15
PAUSES_S = (0, 0, 0, 1, 10, 29, 31, 59, 61, 240, 351, 3600)
GATEWAY_FORGETS_S = 60
OPENS_THE_CIRCUIT = 6  # persons who fail
NUMBERS = (f"+1415{2_000_000 + n * 13}" for n in itertools.count())

pytestmark = pytest.mark.skipif(
    connection.vendor == "postgresql", reason="about connections to vendors: once is enough"
)


class Clock:
    """The product's clock of connections and circuits, which a test advances."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._now, self._ahead = time.monotonic, 0.0
        monkeypatch.setattr("time.monotonic", lambda: self._now() + self._ahead)

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


class Network:
    """The hosts that the vendors' name leads to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def lead_to(self, *addresses: tuple[str, int]) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]
        self._monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def network(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Network:
    settings.PROVE_BASE_URL = "http://localhost:1/sandbox/prove"
    settings.TWILIO_BASE_URL = "http://localhost:1/sandbox/twilio"
    settings.LIMITS_WATCH_ONLY = True
    prove.cache_clear()
    twilio.cache_clear()
    return Network(monkeypatch)


class Person:
    """Does what each page asks for, a step at a time, until the number is linked."""

    def __init__(self) -> None:
        self.visitor, self.number, self.is_done = Visitor(), next(NUMBERS), False

    def goes_on(self) -> bool:
        """Take one step; return whether it led to another page."""
        before = self.visitor.opens("/").path
        if before == "/code/":
            after = self._enters_code()
        elif before == "/bind/":
            after = self.visitor.submits("/bind/").path
        else:
            after = self._starts()
        self.is_done = after == "/done/"
        return after != before

    def links(self) -> bool:
        """Take steps while they lead on; return whether the number is linked."""
        while not self.is_done and self.goes_on():
            pass
        return self.is_done

    def _enters_code(self) -> str:
        codes = [message["code"] for message in self.visitor.messages(self.number) if message["code"]]
        return (self.visitor.types_code(codes[0]) if codes else self.visitor.submits("/code/send/")).path

    def _starts(self) -> str:
        answer = self.visitor.fetches("/start/", phone=self.number).json()
        if "auth_token" not in answer:
            return "/"
        self.visitor.device.authenticate(answer["auth_token"], over_sandbox(self.visitor.client))
        return self.visitor.opens(self.visitor.fetches("/device/").json().get("next", "/")).path


def over_sandbox(client: Client) -> Post:
    """Return a Post to the sandbox's path, whatever origin the authToken names."""
    return lambda url, body, headers: through(client)("http://sandbox" + urlsplit(url).path, body, headers)


def link_in_turns(clock: Clock, pauses: Iterable[float]) -> tuple[Person, Person]:
    """Let two people link their numbers, a step in turn, with pauses between the steps."""
    people = Person(), Person()
    waits = iter(pauses)
    for person in itertools.islice(itertools.cycle(people), MOST_STEPS):
        if not person.is_done:
            clock.advance(next(waits))
            person.goes_on()
    return people


def check(people: list[Person]) -> None:
    """Each has their own number at their own key, and nobody shares a person or an answer."""
    for person in people:
        binding = Binding.objects.get(of_number(person.number), confirmed=True)
        (registration,) = person.visitor.device.registrations.values()
        assert binding.device_id == registration.device_id, person.number
    linked = Binding.objects.filter(number_hash__in=[number_hash(person.number) for person in people])
    assert linked.count() == linked.values("user_id").distinct().count() == len(people)


def states(people: list[Person]) -> Counter[str]:
    numbers = [person.number for person in people]
    return Counter(
        OnboardingSession.objects.filter(number_hash__in=map(number_hash, numbers)).values_list("state", flat=True)
    )


def pauses() -> Iterator[float]:
    chance = random.Random(7)  # noqa: S311
    while True:
        yield chance.choice(PAUSES_S)


QUIET = {"forgets_after_s": GATEWAY_FORGETS_S}


@pytest.mark.parametrize(
    "bad",
    [{"hints": True}, QUIET, {**QUIET, "resets": True}, {**QUIET, "hints": True}],
    ids=["informational", "idle_and_silent", "idle_and_reset", "both"],
)
def test_two_people_get_their_own_answers_and_nothing_is_lost(
    network: Network, clock: Clock, bad: dict[str, Any]
) -> None:
    with Host(**bad).listening() as host:
        network.lead_to(host.address)
        waits = pauses()
        people = [person for _ in range(PAIRS) for person in link_in_turns(clock, waits)]
    assert all(person.is_done for person in people)
    check(people)
    assert states(people) == {State.BOUND: len(people)}  # no bind_unknown, and nobody had to start again
    report(f"{bad}: {len(people)} journeys in turns, {host.connections} connections, {host.answered} answers")


def test_a_dead_address_stops_nobody(network: Network, clock: Clock) -> None:
    with Host().listening() as host, black_hole() as dead:
        network.lead_to(dead.getsockname(), host.address)
        people = [person for _ in range(share(100, 2)) for person in link_in_turns(clock, pauses())]
    check(people)
    assert states(people) == {State.BOUND: len(people)}


@pytest.mark.parametrize("old", share(["away", "resets", "silent"], ["away", "resets"]))  # silence takes deadlines
def test_when_the_name_moves_the_outage_ends_with_its_cause(network: Network, clock: Clock, old: str) -> None:
    """The old host answers 503 on connections that it keeps, resets them, or says nothing any more."""
    outages = [outage_s(network, clock, old) for _ in range(share(3 if old == "silent" else 20, 1))]
    assert max(outages) <= LONGEST_OUTAGE_S
    report(f"old host {old}: the outage ends within {max(outages):.1f} s")


def outage_s(network: Network, clock: Clock, old: str) -> float:
    """Let both vendors fail, and then their name move; return the seconds until somebody links a number again."""
    with Host().listening() as first, Host().listening() as second:
        network.lead_to(first.address)
        check([*link_in_turns(clock, pauses())])
        first.away, first.dead, first.resets = old == "away", old != "away", old == "resets"
        for _ in range(1 if old == "silent" else OPENS_THE_CIRCUIT):
            Person().goes_on()
        network.lead_to(second.address)
        moved = time.monotonic()
        while not (person := Person()).links():
            clock.advance(1)
        check([person])
        return time.monotonic() - moved
