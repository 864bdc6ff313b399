"""Whose request it is, for the budgets: the peer's address, or what proxies that are trusted say of it."""

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from onboarding.domain.budgets import Address

NOBODY = ip_address("0.0.0.0")  # noqa: S104 - a peer without an address, as over a Unix socket


def of(request: HttpRequest) -> Address:
    """The peer. If it is a trusted proxy: the TRUSTED_PROXY_COUNT-th address from the right of X-Forwarded-For."""
    peer = read(request.META.get("REMOTE_ADDR", "")) or NOBODY
    if not settings.TRUSTED_PROXY_COUNT or not _is_trusted(peer):
        return peer
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    if len(hops) < settings.TRUSTED_PROXY_COUNT:
        return peer
    return read(hops[-settings.TRUSTED_PROXY_COUNT]) or peer


def read(text: str) -> Address | None:
    """Without a zone id; IPv4 that is written as IPv6 is IPv4. None for what is no address."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(peer: Address) -> bool:
    return any(peer in ip_network(cidr, strict=False) for cidr in settings.TRUSTED_PROXY_CIDRS)
