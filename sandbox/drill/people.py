"""The people of a drill: each has a phone with the pretend app, and tries again until their number is linked."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from statistics import quantiles

from sandbox.app.app import PretendApp, Refused, Storage
from sandbox.app.device import PretendDevice
from sandbox.app.network import Trouble
from sandbox.drill.site import PUBLIC, Site

LINKED = ("linked", "recognized")
FOR_GOOD = ("declined", "in_review")
LONGEST_WAIT_S = 5.0
TRIES_AGAIN_AFTER_S = 1.0


class OutOfTime(Exception):
    """The person has given up."""


@dataclass
class Person:
    """`told` counts how their tries ended, by status or by the code of the refusal."""

    site: Site
    key: str
    n: int
    device: PretendDevice = field(default_factory=lambda: PretendDevice(PUBLIC))
    types_for_s: float = 0
    told: Counter[str] = field(default_factory=Counter)
    is_linked: bool = False
    finished: float = 0

    @property
    def number(self) -> str:
        return f"+1202{4_200_000 + self.n * 10_007}"  # alike only in their area, as those of other people are

    @property
    def address(self) -> str:
        return f"198.{18 + self.n // 40_000}.{self.n // 200 % 200}.{self.n % 200 + 1}"

    def app(self, ends: float, number: str = "") -> PretendApp:
        """Return an app that gives up at `ends`, by time.monotonic()."""

        def waits(seconds: float) -> None:
            if time.monotonic() > ends:
                raise OutOfTime
            time.sleep(min(seconds, LONGEST_WAIT_S))

        def reads_code(number: str) -> str:
            waits(self.types_for_s)
            return self.site.code(number) or "000000"

        def told(_line: str) -> None:
            waits(0)

        return PretendApp(
            root=f"{PUBLIC}/api/v1/", key=self.key, number=number or self.number,
            send=self.site.sender(self.address), reads_code=reads_code, trouble=Trouble(Random(self.n)),  # noqa: S311
            waits=waits, told=told, storage=Storage(device=self.device),
        )  # fmt: skip

    def onboards(self, within_s: float) -> None:
        """Begin verifications until one has linked the number, or until the time is over."""
        ends, self.is_linked = time.monotonic() + within_s, False
        while not self.is_linked and time.monotonic() < ends:
            try:
                status = str(self.app(ends).runs()["status"])
            except Refused as refused:
                status = str(refused)
            except OutOfTime:
                break
            self.told[status] += 1
            self.is_linked, self.finished = status in LINKED, time.monotonic()
            if status in FOR_GOOD:
                break
            if not self.is_linked:
                time.sleep(TRIES_AGAIN_AFTER_S)


@dataclass
class Crowd:
    """Makes people, each with a number and an address of their own, and lets them onboard in threads."""

    site: Site
    key: str
    people: list[Person] = field(default_factory=list)
    _n: Iterator[int] = field(default_factory=count)

    def make(self, number: int, *, types_for_s: float = 0) -> list[Person]:
        made = [Person(self.site, self.key, next(self._n), types_for_s=types_for_s) for _ in range(number)]
        self.people += made
        return made

    @contextmanager
    def onboarding(self, people: Sequence[Person], *, within_s: float, over_s: float = 0) -> Iterator[None]:
        """Let them begin, spread over `over_s` seconds; at the end of the block, wait for all."""
        threads = [threading.Thread(target=person.onboards, args=(within_s,)) for person in people]

        def begin() -> None:
            for thread in threads:
                thread.start()
                time.sleep(over_s / len(threads))

        begins = threading.Thread(target=begin)
        begins.start()
        try:
            yield
        finally:
            begins.join()
            for thread in threads:
                thread.join()


@contextmanager
def measured(act: Callable[[], object], every_s: float = 0.25) -> Iterator[list[float]]:
    """Repeat `act` in the background until the end of the block; yield the seconds that it took each time."""
    took: list[float] = []
    is_over = threading.Event()

    def repeat() -> None:
        while not is_over.wait(every_s):
            began = time.monotonic()
            act()
            took.append(time.monotonic() - began)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield took
    finally:
        is_over.set()
        thread.join()


def p95(seconds: Sequence[float]) -> float:
    """Return the 95th percentile; 0 of nothing."""
    return quantiles([*seconds, *seconds], n=20, method="inclusive")[18] if seconds else 0
