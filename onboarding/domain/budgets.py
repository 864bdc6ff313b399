"""The budgets: how often an act is allowed, and for which subject it is counted. Pure: no Django, no network, no clock.

GCRA: `burst` acts at once, then one more every `every_s` seconds; so fewer than `burst + T / every_s` in any time T.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network

from onboarding.domain.phone import Number

Address = IPv4Address | IPv6Address

MINUTE, HOUR, DAY = 60, 3600, 86_400  # seconds
NEAR, WIDE = 64, 48  # bits of an IPv6 prefix: one line, one site
LINES_IN_A_PREFIX = 4  # digits after the prefix
SENDS_PER_APPROVAL = 5  # refunded to the brakes, so that they refuse if fewer than 20 % are approved


@dataclass(frozen=True)
class Budget:
    """One budget. With `watch_only` it refuses nobody and only logs. The setting LIMITS changes fields by `name`."""

    name: str
    burst: int
    every_s: float
    why: str
    watch_only: bool = False


@dataclass(frozen=True)
class Charge:
    """An act that costs `cost` of the budget of `subject`. Only a keyed hash of the subject is stored."""

    budget: Budget
    subject: str
    cost: int = 1


STARTS_ADDRESS = Budget("starts_address", 20, 3 * MINUTE, "A Prove flow costs money: 20 at once, 20 an hour.")
STARTS_NETWORK = Budget("starts_network", 60, MINUTE, "The same for an IPv6 /48.")

UNLISTED_ADDRESS = Budget(
    "unlisted_address", 3, 4 * HOUR, "Numbers in no numbering plan: 3 at once, 8 in any 24 hours."
)

HANDOFFS_ADDRESS = Budget("handoffs_address", 20, 3 * MINUTE, "Codes to scan: 20 at once, 20 an hour.")
HANDOFFS_NETWORK = Budget("handoffs_network", 60, MINUTE, "The same for an IPv6 /48.")

SENDS_NUMBER_HOUR = Budget("sends_number_hour", 3, HOUR, "At most 3 texts to a number in any hour.")
SENDS_NUMBER_DAY = Budget("sends_number_day", 4, 12 * HOUR, "At most 5 texts to a number in any 24 hours.")
SENDS_ADDRESS = Budget("sends_address", 10, 72 * MINUTE, "At most 10 in any hour and 30 in any 24 hours.")
SENDS_NETWORK = Budget("sends_network", 30, 48 * MINUTE, "At most 60 from an IPv6 /48 in any 24 hours.")
SENDS_PREFIX = Budget("sends_prefix", 10, 6 * MINUTE, "At most 20 in any hour to numbers alike but for 4 digits.")
BRAKE_PREFIX = Budget("brake_prefix", 50, DAY / 50, "50 texts that nobody enters the code of stop their prefix.")
SENDS_COUNTRY = Budget("sends_country", 500, DAY / 500, "At most 1,000 to a country in any 24 hours.")
BRAKE_COUNTRY = Budget("brake_country", 200, DAY / 200, "200 texts that nobody enters the code of stop their country.")
SENDS_MONEY = Budget("sends_money", 5_000, DAY / 5_000, "In cents: at most $100 in any 24 hours.")
SENDS_MONEY_ALARM = Budget("sends_money_alarm", 2_500, DAY / 2_500, "In cents: half of that is told in the log.", True)

GUESSES_NUMBER_HOUR = Budget("guesses_number_hour", 10, HOUR, "At most 10 wrong codes for a number in any hour.")
GUESSES_NUMBER_DAY = Budget("guesses_number_day", 15, 4 * HOUR, "At most 20 in any 24 hours.")
GUESSES_NUMBER = Budget("guesses_number", 100, 365 * DAY, "100 since the last right one (NIST SP 800-63B 3.2.2).")
GUESSES_ALL = Budget("guesses_all", 500, DAY / 500, "At most 1,000 wrong codes for all numbers in any 24 hours.")

LOGINS_ACCOUNT = Budget("logins_account", 5, 5 * MINUTE, "Reviewers: 5 wrong log-ins in 5 minutes, 17 in an hour.")
LOGINS_ACCOUNT_DAY = Budget("logins_account_day", 26, HOUR, "At most 50 in any 24 hours.")
LOGINS_ADDRESS = Budget("logins_address", 5, 5 * MINUTE, "The same by address, whatever the account.")
LOGINS_ADDRESS_DAY = Budget("logins_address_day", 26, HOUR, "At most 50 in any 24 hours.")

REVEALS = Budget("reveals", 10, 6 * MINUTE, "Reviewers: 10 whole numbers at once, then 10 an hour.")
FINDS = Budget("finds", 30, 2 * MINUTE, "Reviewers: 30 numbers looked up at once, then 30 an hour.")

NUMBER_OWNER = Budget("number_owner", 1, 10 * MINUTE, "One browser at a time gets codes for a number, till they end.")

BUDGETS = {budget.name: budget for budget in list(globals().values()) if isinstance(budget, Budget)}


def starts(address: Address) -> Iterator[Charge]:
    yield from _by_address(STARTS_ADDRESS, STARTS_NETWORK, address)


def unlisted(address: Address) -> Iterator[Charge]:
    """Return the charge for a start with a number that no numbering plan has."""
    yield Charge(UNLISTED_ADDRESS, networks(address)[0])


def handoffs(address: Address) -> Iterator[Charge]:
    yield from _by_address(HANDOFFS_ADDRESS, HANDOFFS_NETWORK, address)


def sends(number: Number, address: Address, *, cents: int) -> Iterator[Charge]:
    """Return the charges for one text. Shared budgets come last: their rows are locked for the shortest time."""
    prefix, country = number.subscriber[:-LINES_IN_A_PREFIX], str(number.region)
    yield Charge(SENDS_NUMBER_HOUR, number.subscriber)
    yield Charge(SENDS_NUMBER_DAY, number.subscriber)
    yield from _by_address(SENDS_ADDRESS, SENDS_NETWORK, address)
    yield Charge(SENDS_PREFIX, prefix)
    yield Charge(BRAKE_PREFIX, prefix)
    yield Charge(SENDS_COUNTRY, country)
    yield Charge(BRAKE_COUNTRY, country)
    yield Charge(SENDS_MONEY, "", cents)
    yield Charge(SENDS_MONEY_ALARM, "", cents)


def guesses(number: Number) -> Iterator[Charge]:
    """Return the charges for one guess. It counts as wrong until it turns out right."""
    yield from guesses_of(number)
    yield Charge(GUESSES_ALL, "")


def guesses_of(number: Number) -> Iterator[Charge]:
    """Return the charges of the number alone, which a right code resets."""
    yield Charge(GUESSES_NUMBER_HOUR, number.subscriber)
    yield Charge(GUESSES_NUMBER_DAY, number.subscriber)
    yield Charge(GUESSES_NUMBER, number.subscriber)


def owed_to(number: Number) -> Iterator[Charge]:
    """Return the shared charges that a right code refunds: its guess, and texts to the number's prefix and country."""
    yield Charge(GUESSES_ALL, "")
    yield Charge(BRAKE_PREFIX, number.subscriber[:-LINES_IN_A_PREFIX], SENDS_PER_APPROVAL)
    yield Charge(BRAKE_COUNTRY, str(number.region), SENDS_PER_APPROVAL)


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
    near, *_ = networks(address)
    yield Charge(LOGINS_ADDRESS, near)
    yield Charge(LOGINS_ADDRESS_DAY, near)


def networks(address: Address) -> list[str]:
    """Return the subjects of an address: itself in IPv4; its /64, then its /48, in IPv6."""
    if isinstance(address, IPv4Address):
        return [str(address)]
    return [str(ip_network((address, bits), strict=False)) for bits in (NEAR, WIDE)]


def _by_address(near: Budget, wide: Budget, address: Address) -> Iterator[Charge]:
    for budget, network in zip((near, wide), networks(address), strict=False):
        yield Charge(budget, network)
