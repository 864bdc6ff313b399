"""The tables of docs/design.md on attackers and on shared addresses, from the budgets. They take some minutes.

To update them: manage.py shell -c "from tests.limits.simulation.figures import update; update()"
"""

from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from random import Random

from onboarding.domain.budgets import HOUR, Address
from tests.limits.simulation.people import World, attackers_come, own_address, people_arrive

DESIGN = Path(__file__).parents[3] / "docs/design.md"
BEGIN, END = "<!-- figures of the budgets -->\n", "<!-- /figures of the budgets -->\n"
ATTACK_HOURS, PEOPLE_HOURS, PER_HOUR = 24, 2, 300
RATES = (250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000)  # people an hour
ADDRESSES, DOLLARS = (1, 10, 1_000), (10, 100, 1_000)
FEW = 0.01


def attack(addresses: int, dollars: int) -> str:
    """Return the row of an attacker."""
    world = World(Random(0))
    people_arrive(world, PER_HOUR, ATTACK_HOURS, own_address(world))
    attackers_come(world, addresses, dollars)
    world.run(ATTACK_HOURS * HOUR)
    hours = sum(world.refused[hour] > FEW * people for hour, people in world.people.items())
    share = f"{world.worst_hour():.1%}" if world.worst_hour() else "nobody"
    return f"| {addresses:,} | ${dollars:,} | ${world.spent_cents / 100:,.0f} | {share} | {hours} |\n"


def most_an_hour(address: Callable[[Random], Address]) -> int:
    """Return the largest of RATES at which fewer than one person in a hundred is refused; 0 if there is none."""
    most = 0
    for rate in RATES:
        world = World(Random(0))
        people_arrive(world, rate, PEOPLE_HOURS, partial(address, world.random))
        world.run(PEOPLE_HOURS * HOUR)
        if world.worst_hour() >= FEW:
            break
        most = rate
    return most


def one_ipv4(_random: Random) -> Address:
    return IPv4Address("192.0.2.1")


def one_line(random: Random) -> Address:
    return IPv6Address("2001:db8::") + random.randrange(1 << 32)


def one_site(random: Random) -> Address:
    return IPv6Address("2001:db8::") + (random.randrange(1 << 16) << 64) + random.randrange(1 << 32)


def tables() -> Iterator[str]:
    """Return the lines of both tables."""
    yield "| addresses | their money | ours, in 24 hours | refused in the worst hour | hours with over 1 % |\n"
    yield "| ---: | ---: | ---: | ---: | ---: |\n"
    for addresses in ADDRESSES:
        for dollars in DOLLARS:
            yield attack(addresses, dollars)
    yield "\n| honest people, all behind | carried in an hour |\n| --- | ---: |\n"
    for name, address in (("one IPv4 address", one_ipv4), ("one IPv6 /64", one_line), ("one IPv6 /48", one_site)):
        yield f"| {name} | {most_an_hour(address):,} |\n"


def written() -> str:
    """Return the tables as docs/design.md has them."""
    return DESIGN.read_text().split(BEGIN)[1].split(END)[0]


def update() -> None:
    """Write the tables into docs/design.md."""
    text = DESIGN.read_text()
    DESIGN.write_text(text.replace(BEGIN + written(), BEGIN + "".join(tables())))
