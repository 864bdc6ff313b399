"""Prove's regions. The country of a number says which one serves it. Pure: no Django, no network, no clock.

https://developer.prove.com/reference/unify-request
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum


class ProveRegion(StrEnum):
    """Which of Prove's hosts serves a session or a key."""

    NORTH_AMERICA = "na"
    EUROPE = "eu"  # and all countries outside of North America
    ALL = "all"  # the only host that is configured, where it serves all countries


# The countries of the North American Numbering Plan (+1), by ISO 3166. Europe serves all others.
NORTH_AMERICAN = frozenset(
    ("AG", "AI", "AS", "BB", "BM", "BS", "CA", "DM", "DO", "GD", "GU", "JM", "KN", "KY", "LC", "MP", "MS", "PR", "SX")
    + ("TC", "TT", "US", "VC", "VG", "VI")
)
# The base URLs of Prove's own hosts: of the test environment (UAT), and of production.
HOSTS: Sequence[Mapping[ProveRegion, str]] = (
    {
        ProveRegion.NORTH_AMERICA: "https://platform.uat.proveapis.com",
        ProveRegion.EUROPE: "https://platform.uat.eu.proveapis.com",
    },
    {
        ProveRegion.NORTH_AMERICA: "https://platform.proveapis.com",
        ProveRegion.EUROPE: "https://platform.eu.proveapis.com",
    },
)


def region_of(country: str | None) -> ProveRegion:
    """Return the region that serves the numbers of a country (ISO 3166)."""
    return ProveRegion.NORTH_AMERICA if country in NORTH_AMERICAN else ProveRegion.EUROPE


def serving(country: str | None, regions: Collection[str]) -> ProveRegion | None:
    """Return which of these regions serves the numbers of a country, or None if none does."""
    region = ProveRegion.ALL if ProveRegion.ALL in regions else region_of(country)
    return region if region in regions else None


def region_of_host(base_url: str) -> ProveRegion:
    """Return the region of one of Prove's own hosts. Any other, as a sandbox or a gateway, serves ALL."""
    regions = {url: region for hosts in HOSTS for region, url in hosts.items()}
    return regions.get(base_url, ProveRegion.ALL)


def european_host(base_url: str) -> str:
    """Return the base URL of Europe in the environment of this North American one, or "" if it is not Prove's own."""
    return next((hosts[ProveRegion.EUROPE] for hosts in HOSTS if hosts[ProveRegion.NORTH_AMERICA] == base_url), "")
