"""What a scenario is, and the list of all."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.closed_sets.actors import Actors


@dataclass(frozen=True)
class Scenario:
    """`run` is its function. `says` is on the last page, `reaches` are members of closed sets."""

    run: Callable[[Actors], object]
    says: str
    reaches: tuple[StrEnum, ...]

    def __str__(self) -> str:
        return self.run.__name__


SCENARIOS: list[Scenario] = []
Run = Callable[[Actors], object]


def scenario(says: str, *reaches: StrEnum) -> Callable[[Run], Run]:
    def register(run: Run) -> Run:
        SCENARIOS.append(Scenario(run, says, reaches))
        return run

    return register
