"""The client's IP address, which budgets count by: the peer's, or the one that a trusted proxy forwards."""

import logging
import re
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from itertools import islice

from django.http import HttpRequest

from onboarding.conf import conf
from onboarding.domain.budgets import IPAddress

NO_ADDRESS = ip_address("0.0.0.0")  # noqa: S104 - of a peer on a Unix socket
FORWARDED = "forwarded"
# An address with or without a port, which may be obfuscated (RFC 7239, section 6), and with or without quotes.
NODE = re.compile(r'"?(?:\[(?P<v6>[^\]]+)\](?::[\w.-]+)?|(?P<v4>[\d.]+):[\w.-]+|(?P<bare>[^"\[\]]+))"?', re.ASCII)
TOLD_EVERY_S = 60.0

log = logging.getLogger(__name__)
_lock = threading.Lock()
_told_at = float("-inf")


def of(request: HttpRequest) -> IPAddress:
    """Return the peer, or for a trusted proxy the TRUSTED_PROXY_COUNT-th address from the right of its header.

    FORWARDED_HEADER is the header. If it cannot be read, that is logged, and the peer counts for all clients behind it.
    """
    peer = parse(request.META.get("REMOTE_ADDR", "")) or NO_ADDRESS
    if not conf.TRUSTED_PROXY_COUNT or not _is_trusted(peer):
        return peer
    header = request.headers.get(conf.FORWARDED_HEADER, "")
    forwarded = next(islice(_from_the_right(header), conf.TRUSTED_PROXY_COUNT - 1, None), "")
    client = _node(_for(forwarded) if conf.FORWARDED_HEADER.lower() == FORWARDED else forwarded)
    if client is None:
        _tell("has no address" if forwarded else "has fewer entries than TRUSTED_PROXY_COUNT")
    return client or peer


def is_forwarded(request: HttpRequest) -> bool:
    """Return whether a trusted proxy sent the request, so that its headers can be believed."""
    peer = parse(request.META.get("REMOTE_ADDR", "")) or NO_ADDRESS
    return bool(conf.TRUSTED_PROXY_COUNT) and _is_trusted(peer)


def parse(text: str) -> IPAddress | None:
    """Return the address, without a zone id, or None if `text` is none. An IPv4-mapped IPv6 address is IPv4."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _from_the_right(header: str) -> Iterator[str]:
    """Yield the entries, the last first. A comma in quotes ends none.

    What is at the left may be a stranger's: a quote that is open there changes no entry at its right.
    """
    parts = header.split(",") if header else []
    while parts:
        entry = parts.pop()
        while entry.count('"') % 2 and parts:
            entry = f"{parts.pop()},{entry}"
        yield entry


def _for(element: str) -> str:
    """Return the `for` of an element of Forwarded, or "". https://www.rfc-editor.org/rfc/rfc7239#section-4"""
    pairs = (pair.partition("=") for pair in element.split(";"))
    return next((value for name, _, value in pairs if name.strip().lower() == "for"), "")


def _node(text: str) -> IPAddress | None:
    """Return the address of an entry, as proxies write it; None for `unknown` and the like."""
    found = NODE.fullmatch(text.strip())
    return parse(found["v6"] or found["v4"] or found["bare"]) if found else None


def _is_trusted(peer: IPAddress) -> bool:
    return any(peer in ip_network(cidr, strict=False) for cidr in conf.TRUSTED_PROXY_CIDRS)


def _tell(what: str) -> None:
    """Log it, once a minute at most."""
    global _told_at  # noqa: PLW0603 - of the process
    with _lock:
        if time.monotonic() - _told_at < TOLD_EVERY_S:
            return
        _told_at = time.monotonic()
    log.warning("%s of a trusted proxy %s: its visitors share one budget", conf.FORWARDED_HEADER, what)
