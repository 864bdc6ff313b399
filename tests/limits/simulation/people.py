"""Honest people and attackers on the budgets alone, by a seeded random generator, without a database or a vendor."""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from ipaddress import IPv4Address
from random import Random

from onboarding.domain import budgets
from onboarding.domain.budgets import HOUR, Address, Charge
from onboarding.domain.phone import Number
from tests.limits.simulation.cells import Cells

PROVE_CENTS = TEXT_CENTS = 5
NUMBER_CENTS = 10  # what an attacker pays for a number that receives texts
RESEND_S, TEXT_TO_CODE_S, ATTACK_EVERY_S = 35, (10, 70), 60
# Of honest people: how many need a second and a third text, never enter a code, or first enter a wrong one.
SECOND_TEXT, THIRD_TEXT, NEVER, MISTYPED = 0.10, 0.02, 0.05, 0.05
GUESSES = 5  # per code


@dataclass
class World:
    """The budgets, a queue of events by time, and what came of honest people, by hour."""

    random: Random
    cells: Cells = field(default_factory=Cells)
    people: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    spent_cents: int = 0  # by attackers, of our money
    _queue: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0

    def at(self, time: float, act: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (time, self._count, act))

    def run(self, until: float) -> None:
        while self._queue and self._queue[0][0] <= until:
            self.cells.now, _, act = heapq.heappop(self._queue)
            act()

    def number(self) -> Number:
        area, rest = self.random.randrange(201, 990), self.random.randrange(2_000_000, 10_000_000)
        return Number(f"+1{area}{rest}")

    def worst_hour(self) -> float:
        """Return the largest share of honest people that was refused in an hour."""
        return max((self.refused[hour] / people for hour, people in self.people.items()), default=0.0)


@dataclass
class Person:
    """Somebody honest who signs up once."""

    world: World
    address: Address
    sends: int = 0
    hour: int = 0
    number: Number = field(init=False)

    def __post_init__(self) -> None:
        self.number = self.world.number()
        self.hour = int(self.world.cells.now // HOUR)
        self.world.people[self.hour] += 1

    def starts(self) -> None:
        """Start, and get a text a few seconds later."""
        if self._may(budgets.starts(self.number, self.address, cents=PROVE_CENTS)):
            self._later(3, self._gets_a_text)

    def _gets_a_text(self) -> None:
        if not self._may(budgets.sends(self.number, self.address, cents=TEXT_CENTS)):
            return
        self.sends += 1
        needed = self.world.random.random()
        if needed < NEVER:
            return
        if self.sends < 2 and needed < NEVER + SECOND_TEXT or self.sends < 3 and needed < NEVER + THIRD_TEXT:
            self._later(RESEND_S * self.sends, self._gets_a_text)
        else:
            self._later(self.world.random.uniform(*TEXT_TO_CODE_S), partial(self._types_a_code, is_first=True))

    def _types_a_code(self, *, is_first: bool) -> None:
        if not self._may(budgets.guesses(self.number, self.address, is_first=is_first)):
            return
        if is_first and self.world.random.random() < MISTYPED:
            self._later(8, partial(self._types_a_code, is_first=False))
            return
        succeeds(self.world, self.number, self.address, self.sends)

    def _may(self, charges: Iterator[Charge]) -> bool:
        admitted = self.world.cells.charge(charges, self.address)
        self.world.refused[self.hour] += not admitted
        return admitted

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self.world.at(self.world.cells.now + seconds, act)


def succeeds(world: World, number: Number, address: Address, sends: int) -> None:
    """Give back what a right code and a link give back."""
    if world.cells.charge(budgets.successes(number), address):
        world.cells.refund(budgets.owed_for_code(number, address, sends=sends, cents=TEXT_CENTS))
        world.cells.refund(budgets.owed_for_link(number, address, cents=PROVE_CENTS))


@dataclass
class Attacker:
    """Asks for texts to other people's numbers from one address, guesses their codes, and uses numbers of its own."""

    world: World
    address: Address
    numbers: list[Number]  # its own, which receive texts

    def acts(self) -> None:
        """Do all that is admitted now, and come back."""
        is_own = bool(self.numbers)
        number = self.numbers.pop() if is_own else self.world.number()
        if self._gets_a_text(number):
            if is_own:
                succeeds(self.world, number, self.address, 1)
            else:
                self._guesses(number)
        self.world.at(self.world.cells.now + ATTACK_EVERY_S, self.acts)

    def _gets_a_text(self, number: Number) -> bool:
        cells = self.world.cells
        if not cells.charge(budgets.starts(number, self.address, cents=PROVE_CENTS), self.address):
            return False
        self.world.spent_cents += PROVE_CENTS
        if cells.charge(budgets.sends(number, self.address, cents=TEXT_CENTS), self.address):
            self.world.spent_cents += TEXT_CENTS
            return True
        cells.charge(budgets.refusals(number, self.address), self.address)
        return False

    def _guesses(self, number: Number) -> None:
        for guess in range(GUESSES):
            self.world.cells.charge(budgets.guesses(number, self.address, is_first=guess == 0), self.address)


def people_arrive(world: World, per_hour: int, hours: int, address: Callable[[], Address]) -> None:
    """Let people arrive at random times."""
    time = 0.0
    while (time := time + world.random.expovariate(per_hour / HOUR)) < hours * HOUR:
        world.at(time, lambda: Person(world, address()).starts())


def attackers_come(world: World, addresses: int, dollars: int) -> None:
    """Let an attacker begin on so many addresses, who has bought numbers for all of the money."""
    bought = dollars * 100 // NUMBER_CENTS // addresses
    for n in range(addresses):
        attacker = Attacker(world, IPv4Address("10.0.0.0") + n, [world.number() for _ in range(bought)])
        world.at(world.random.uniform(0, ATTACK_EVERY_S), attacker.acts)


def own_address(world: World) -> Callable[[], Address]:
    """Return a function that gives each person an address of their own."""
    return lambda: IPv4Address("11.0.0.0") + world.random.randrange(1 << 24)
