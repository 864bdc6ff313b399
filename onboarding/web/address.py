"""The client's IP address, which budgets count by: the peer's, or the one that a trusted proxy forwards."""

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from onboarding.domain.budgets import Address

NO_ADDRESS = ip_address("0.0.0.0")  # noqa: S104 - of a peer on a Unix socket


def of(request: HttpRequest) -> Address:
    """Return the peer, or for a trusted proxy the TRUSTED_PROXY_COUNT-th address from the right of X-Forwarded-For."""
    peer = parse(request.META.get("REMOTE_ADDR", "")) or NO_ADDRESS
    if not settings.TRUSTED_PROXY_COUNT or not _is_trusted(peer):
        return peer
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    if len(hops) < settings.TRUSTED_PROXY_COUNT:
        return peer
    return parse(hops[-settings.TRUSTED_PROXY_COUNT]) or peer


def parse(text: str) -> Address | None:
    """Return the address, without a zone id, or None if `text` is none. An IPv4-mapped IPv6 address is IPv4."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_trusted(peer: Address) -> bool:
    return any(peer in ip_network(cidr, strict=False) for cidr in settings.TRUSTED_PROXY_CIDRS)
