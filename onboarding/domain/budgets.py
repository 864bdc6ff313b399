"""The budgets: how often an act is allowed, and for which subject it is counted. Pure: no Django, no network, no clock.

GCRA: `burst` acts at once, then one more every `every_s` seconds; so fewer than `burst + T / every_s` in any time T.

Acts that turn out well are given back: a budget counts those that come to nothing. A shared budget could still be used
up by a few people to refuse all others, so an address may use only a share of it, the smaller the more of its own texts
or guesses came to nothing (SHARES). docs/design.md has the figures that follow for attackers and shared addresses.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_network

from onboarding.domain.phone import Number

IPAddress = IPv4Address | IPv6Address

MINUTE, HOUR, DAY = 60, 3600, 86_400  # seconds
NEAR, WIDE = 64, 48  # bits of an IPv6 prefix: one line, one site
LINES_IN_A_PREFIX = 4  # digits after the prefix
# What a success gives back besides what it cost. An attacker's own successes must not pay for many failures.
MORE_TO_BRAKES, MORE_TO_ADDRESSES, MORE_GUESSES = 4, 1, 0.25
SHARES = (1.0, 0.7, 0.6, 0.04)  # of a shared budget, by the address's unanswered texts or wrong guesses: 0, 1, 2, more
WIDE_SHARES = 20  # so many times as many are allowed to an IPv6 /48
LEAST_SHARE = min(SHARES)
LEAST_UNITS = 5  # of any shared budget, so that a small one is of use to everybody
REFUSED_SHARE = 0.8  # of any budget, for an address that was refused within a minute: it lets others go first


@dataclass(frozen=True)
class App:
    """An app on a device, which calls the API: it counts for itself, and its address as a site does.

    So people who share a carrier's address do not share one line's budgets. `key` is the publishable key with what it
    allows an hour, or empty.
    """

    address: IPAddress
    device: str  # within the key; empty if the app names none
    key: str = ""
    starts_per_hour: int = 0
    sends_per_hour: int = 0


Address = IPAddress | App  # where a request comes from


@dataclass(frozen=True)
class Budget:
    """One budget. `shared`: many people use one cell. With `watch_only` it refuses nobody and only logs.

    The setting LIMITS changes fields by `name`.
    """

    name: str
    burst: int
    every_s: float
    why: str
    watch_only: bool = False
    shared: bool = False


@dataclass(frozen=True)
class Charge:
    """An act that costs `cost` of the budget of `subject`. Only a keyed hash of the subject is stored.

    A `forced` charge is never refused, and is counted if it fits. One that `needs_empty` is refused unless the cell is
    empty.
    """

    budget: Budget
    subject: str
    cost: float = 1
    forced: bool = False
    needs_empty: bool = False


MONEY = Budget("money", 30_000, DAY / 30_000, "In cents: what vendors cost and comes to nothing.", shared=True)
MONEY_ALARM = Budget("money_alarm", 15_000, DAY / 15_000, "In cents: half of that is told in the log.", True)

STARTS_ADDRESS = Budget("starts_address", 60, MINUTE, "Prove flows: 60 at once, 60 an hour.")
STARTS_NETWORK = Budget("starts_network", 600, MINUTE / 10, "The same for an IPv6 /48: 600.")
STARTS_PAIR = Budget("starts_pair", 10, 6 * MINUTE, "Flows of one number from one address: 10 at once, 10 an hour.")

UNLISTED_ADDRESS = Budget("unlisted_address", 3, 4 * HOUR, "Numbers in no numbering plan: 3 at once, 8 in a day.")

HANDOFFS_ADDRESS = Budget("handoffs_address", 60, MINUTE, "QR codes: 60 at once, 60 an hour.")
HANDOFFS_NETWORK = Budget("handoffs_network", 600, MINUTE / 10, "The same for an IPv6 /48: 600.")

STARTS_KEY = Budget("starts_key", 600, 6, "Flows by a publishable key: its own figure, 600 by default.", shared=True)
SENDS_KEY = Budget("sends_key", 600, 6, "Unanswered texts by a publishable key: its own figure.", shared=True)

SENDS_NUMBER_HOUR = Budget("sends_number_hour", 3, HOUR, "At most 3 texts to a number in any hour.")
SENDS_NUMBER_DAY = Budget("sends_number_day", 4, 12 * HOUR, "At most 5 texts to a number in any 24 hours.")
SENDS_PAIR = Budget("sends_pair", 4, DAY, "Of these, at most one a day for good from one address.")
SENDS_ADDRESS = Budget("sends_address", 40, 12 * HOUR, "Unanswered texts from an address: 40 at once, then 2 a day.")
SENDS_NETWORK = Budget("sends_network", 800, 36 * MINUTE, "The same for an IPv6 /48: 800, then 40 a day.")
BRAKE_PREFIX = Budget("brake_prefix", 50, DAY / 50, "Unanswered texts to numbers alike but for 4 digits.", shared=True)
BRAKE_COUNTRY = Budget("brake_country", 5_000, DAY / 5_000, "Unanswered texts to a country.", shared=True)

GUESSES_NUMBER_HOUR = Budget("guesses_number_hour", 10, HOUR, "At most 10 wrong codes for a number in any hour.")
GUESSES_NUMBER_DAY = Budget("guesses_number_day", 15, 4 * HOUR, "At most 20 in any 24 hours.")
GUESSES_NUMBER = Budget("guesses_number", 100, 365 * DAY, "100 since the last right one (NIST SP 800-63B 3.2.2).")
GUESSES_ELSEWHERE = Budget("guesses_elsewhere", 2, 10 * MINUTE, "Of a code that another browser got: 2 in 10 minutes.")
GUESSES_ADDRESS = Budget("guesses_address", 100, 12 * HOUR, "Wrong codes from an address: 100 at once, then 2 a day.")
GUESSES_NETWORK = Budget("guesses_network", 2_000, 36 * MINUTE, "The same for an IPv6 /48: 2,000, then 40 a day.")
GUESSES_ALL = Budget("guesses_all", 5_000, DAY / 5_000, "Wrong codes for all numbers.", shared=True)

GIVEN_BACK = Budget("given_back", 20, HOUR, "Successes of a number that are given back: 20 at once, 24 a day.")
REFUSED_ADDRESS = Budget("refused_address", 30, MINUTE, "Refusals of an address; REFUSED_SHARE holds meanwhile.")
REFUSED_PAIR = Budget("refused_pair", 30, MINUTE, "After a refusal, an address waits a minute more for that number.")

LOGINS_ACCOUNT = Budget("logins_account", 5, 5 * MINUTE, "Reviewers: 5 wrong log-ins in 5 minutes, 17 in an hour.")
LOGINS_ACCOUNT_DAY = Budget("logins_account_day", 26, HOUR, "At most 50 in any 24 hours.")
LOGINS_ADDRESS = Budget("logins_address", 5, 5 * MINUTE, "The same by address, whatever the account.")
LOGINS_ADDRESS_DAY = Budget("logins_address_day", 26, HOUR, "At most 50 in any 24 hours.")
LOGINS_NETWORK = Budget("logins_network", 10, 3 * MINUTE, "An IPv6 /48: 10 wrong log-ins at once, 30 in an hour.")

REVEALS = Budget("reveals", 10, 6 * MINUTE, "Reviewers: 10 whole numbers at once, then 10 an hour.")
EXPORTS = Budget("exports", 6, 10 * MINUTE, "Reviewers: 6 lists downloaded at once, then 6 an hour.")
FINDS = Budget("finds", 30, 2 * MINUTE, "Reviewers: 30 numbers looked up at once, then 30 an hour.")

NUMBER_OWNER = Budget("number_owner", 1, 10 * MINUTE, "One browser at a time gets codes for a number, till they end.")

BUDGETS = {budget.name: budget for budget in list(globals().values()) if isinstance(budget, Budget)}
BROKEN = "broken"  # stands for a budget while the database cannot count


def starts(number: Number, address: Address, *, cents: int) -> Iterator[Charge]:
    """Return the charges for one flow at Prove."""
    yield from _by_address(STARTS_ADDRESS, STARTS_NETWORK, address)
    yield Charge(STARTS_PAIR, _pair(number, address))
    yield from _by_key(STARTS_KEY, address)
    yield from _money(cents)


def unlisted(address: Address) -> Iterator[Charge]:
    """Return the charge for a start with a number that no numbering plan has."""
    yield Charge(UNLISTED_ADDRESS, networks(address)[0])


def handoffs(address: Address) -> Iterator[Charge]:
    yield from _by_address(HANDOFFS_ADDRESS, HANDOFFS_NETWORK, address)


def sends(number: Number, address: Address, *, cents: int) -> Iterator[Charge]:
    """Return the charges for one text or call, and the look-up before it."""
    yield Charge(SENDS_NUMBER_HOUR, number.subscriber)
    yield Charge(SENDS_NUMBER_DAY, number.subscriber)
    yield Charge(SENDS_PAIR, _pair(number, address))
    yield Charge(REFUSED_PAIR, _pair(number, address), cost=0, needs_empty=True)
    yield from _by_address(SENDS_ADDRESS, SENDS_NETWORK, address)
    yield from _by_key(SENDS_KEY, address)
    yield Charge(BRAKE_PREFIX, _prefix(number))
    yield Charge(BRAKE_COUNTRY, str(number.region))
    yield from _money(cents)


def guesses(number: Number, address: Address, *, is_first: bool) -> Iterator[Charge]:
    """Return the charges for one guess, which counts as wrong until it turns out right.

    The first guess of a code is not refused because of other people's guesses.
    """
    yield from guesses_of(number)
    yield from _by_address(GUESSES_ADDRESS, GUESSES_NETWORK, address, forced=is_first)
    yield Charge(GUESSES_ALL, "", forced=is_first)


def guesses_elsewhere(number: Number) -> Iterator[Charge]:
    """Return the charge for a guess in a browser that did not ask for the code, so that strangers cannot use it up."""
    yield Charge(GUESSES_ELSEWHERE, number.subscriber)


def guesses_of(number: Number) -> Iterator[Charge]:
    """Return the charges of the number alone, which a right code resets."""
    yield Charge(GUESSES_NUMBER_HOUR, number.subscriber)
    yield Charge(GUESSES_NUMBER_DAY, number.subscriber)
    yield Charge(GUESSES_NUMBER, number.subscriber)


def successes(number: Number) -> Iterator[Charge]:
    """Return the charge for giving a success back. A number that succeeds without end gets nothing back."""
    yield Charge(GIVEN_BACK, number.subscriber)


def owed_for_link(number: Number, address: Address, *, cents: int) -> Iterator[Charge]:
    """Return what a linked or recognised number gives back: the flow, and more of the address's."""
    yield from _by_address(STARTS_ADDRESS, STARTS_NETWORK, address, 1 + MORE_TO_ADDRESSES)
    yield Charge(STARTS_PAIR, _pair(number, address))
    yield from _by_key(STARTS_KEY, address, 1 + MORE_TO_ADDRESSES)
    yield from _money(cents)


def owed_for_code(number: Number, address: Address, *, sends: int, cents: int) -> Iterator[Charge]:
    """Return what a right code gives back after `sends` texts: these, its guess, and more of what is shared."""
    yield Charge(SENDS_NUMBER_HOUR, number.subscriber, sends)
    yield Charge(SENDS_NUMBER_DAY, number.subscriber, sends)
    yield Charge(SENDS_PAIR, _pair(number, address), sends)
    yield from _by_address(SENDS_ADDRESS, SENDS_NETWORK, address, sends + MORE_TO_ADDRESSES)
    yield from _by_key(SENDS_KEY, address, sends + MORE_TO_ADDRESSES)
    yield from _by_address(GUESSES_ADDRESS, GUESSES_NETWORK, address, 1 + MORE_GUESSES)
    yield Charge(GUESSES_ALL, "", 1 + MORE_GUESSES)
    yield Charge(BRAKE_PREFIX, _prefix(number), sends + MORE_TO_BRAKES)
    yield Charge(BRAKE_COUNTRY, str(number.region), sends + MORE_TO_BRAKES)
    yield from _money(2 * cents * sends)


def security_texts(*, cents: int) -> Iterator[Charge]:
    """Return the charges for one text that is no code. Nobody can have it refused by using up the money."""
    yield from _money(cents, forced=True)


def logins(account: str, address: Address) -> Iterator[Charge]:
    """Return the charges for one log-in. It counts as wrong until it turns out right."""
    yield from logins_of(account)
    yield from logins_from(address)


def logins_of(account: str) -> Iterator[Charge]:
    """Return the charges of the account, which a right log-in resets."""
    yield Charge(LOGINS_ACCOUNT, account)
    yield Charge(LOGINS_ACCOUNT_DAY, account)


def logins_from(address: Address) -> Iterator[Charge]:
    """Return the charges of the address, of which a right log-in refunds its own."""
    yield from _by_address(LOGINS_ADDRESS, LOGINS_NETWORK, address)
    yield Charge(LOGINS_ADDRESS_DAY, networks(address)[0])


def refusals(number: Number, address: Address) -> Iterator[Charge]:
    """Return the charges for a refusal. An address that keeps asking is behind others when a budget opens again."""
    yield Charge(REFUSED_ADDRESS, networks(address)[0], forced=True)
    yield Charge(REFUSED_PAIR, _pair(number, address), forced=True)


def standing(address: Address) -> Iterator[Charge]:
    """Return the cells that `share` is made of."""
    yield from _by_address(SENDS_ADDRESS, SENDS_NETWORK, address)
    yield from _by_address(GUESSES_ADDRESS, GUESSES_NETWORK, address)
    yield Charge(REFUSED_ADDRESS, networks(address)[0])


def share(levels: Mapping[str, float], budget: Budget) -> float:
    """Return the share of `budget` for an address whose cells are at `levels` (budget name to units in use)."""
    refused = REFUSED_SHARE if levels.get(REFUSED_ADDRESS.name, 0) > 0 else 1.0
    if not budget.shared:
        return refused
    near, wide = (GUESSES_ADDRESS, GUESSES_NETWORK) if budget is GUESSES_ALL else (SENDS_ADDRESS, SENDS_NETWORK)
    failures = max(levels.get(near.name, 0), levels.get(wide.name, 0) / WIDE_SHARES)
    return min(refused, SHARES[min(math.ceil(failures), len(SHARES) - 1)])


def site(address: Address) -> str:
    """Return what an address and its neighbours of one household share: itself in IPv4, its /64 in IPv6."""
    return networks(address.address if isinstance(address, App) else address)[0]


def networks(address: Address) -> list[str]:
    """Return the subjects of an address: itself in IPv4; its /64, then its /48, in IPv6; of an app, device and site."""
    if isinstance(address, App):
        site = networks(address.address)[-1]
        return [f"{address.key} {address.device or site}", site]
    if isinstance(address, IPv4Address):
        return [str(address)]
    return [str(ip_network((address, bits), strict=False)) for bits in (NEAR, WIDE)]


def _by_address(
    near: Budget, wide: Budget, address: Address, cost: float = 1, *, forced: bool = False
) -> Iterator[Charge]:
    for budget, network in zip((near, wide), networks(address), strict=False):
        yield Charge(budget, network, cost, forced)


def _by_key(budget: Budget, address: Address, cost: float = 1) -> Iterator[Charge]:
    """Yield the charge to the publishable key, by its own figure."""
    if isinstance(address, App) and address.key:
        an_hour = max(1, address.starts_per_hour if budget is STARTS_KEY else address.sends_per_hour)
        yield Charge(replace(budget, burst=an_hour, every_s=HOUR / an_hour), address.key, cost)


def _money(cents: int, *, forced: bool = False) -> Iterator[Charge]:
    yield Charge(MONEY, "", cents, forced)
    yield Charge(MONEY_ALARM, "", cents)


def _pair(number: Number, address: Address) -> str:
    """Return the subject for what one site does with one number. An IPv6 site has many addresses."""
    return f"{number.subscriber} {networks(address)[-1]}"


def _prefix(number: Number) -> str:
    return number.subscriber[:-LINES_IN_A_PREFIX]
