"""The client's address: the peer's, or the one that a trusted proxy reports, in any spelling."""

from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from onboarding.domain.budgets import networks
from onboarding.web import address

V4, V6 = st.ip_addresses(v=4), st.ip_addresses(v=6).filter(lambda a: not getattr(a, "ipv4_mapped", None))
FORGED = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP")
PROXY, CLIENT = "10.0.0.7", "203.0.113.9"


def client_address(peer: str, **headers: str) -> str:
    return str(address.of(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)))


@pytest.fixture
def behind_proxies(settings: Any) -> Any:
    settings.TRUSTED_PROXY_COUNT, settings.TRUSTED_PROXY_CIDRS = 1, ["10.0.0.0/8", "fd00::/8"]
    return settings


@given(V4)
def test_an_ipv4_address_mapped_to_ipv6_is_the_same_address(client: IPv4Address) -> None:
    mapped = IPv6Address(f"::ffff:{client}")
    assert {address.parse(text) for text in (str(client), str(mapped), mapped.exploded, f" {client} ")} == {client}


@given(V6, st.integers(0, 2**64 - 1))
def test_ipv6_addresses_of_one_64_share_a_budget(client: IPv6Address, host: int) -> None:
    neighbour = IPv6Address(int(client) >> 64 << 64 | host)
    assert neighbour.ipv4_mapped or networks(client) == networks(neighbour)


@given(V6, st.integers(0, 2**16 - 1))
def test_ipv6_addresses_of_one_48_share_the_wider_budget(client: IPv6Address, subnet: int) -> None:
    neighbour = IPv6Address(int(client) >> 80 << 80 | subnet << 64)
    assert networks(client)[1] == networks(neighbour)[1]
    assert (networks(client)[0] == networks(neighbour)[0]) == (int(client) >> 64 == int(neighbour) >> 64)


@given(V6)
def test_letter_case_leading_zeros_and_zones_do_not_change_an_ipv6_address(client: IPv6Address) -> None:
    spellings = {client.compressed, client.exploded, client.exploded.upper(), f"{client}%eth0"}
    assert {address.parse(text) for text in spellings} == {client}


@pytest.mark.parametrize("text", ["", "unknown", "1.2.3", "1.2.3.4:80", "[::1]", "::ffff:1.2.3.400", "²²", "1.2.3.4,5"])
def test_a_malformed_address_is_read_as_none(text: str) -> None:
    assert address.parse(text) is None


@pytest.mark.parametrize("header", FORGED)
def test_headers_of_an_untrusted_peer_are_ignored(settings: Any, behind_proxies: Any, header: str) -> None:
    assert client_address(CLIENT, **{header: "1.2.3.4"}) == CLIENT
    settings.TRUSTED_PROXY_COUNT = 0
    assert client_address(PROXY, **{header: "1.2.3.4"}) == PROXY


@pytest.mark.parametrize(
    ("count", "header", "client"),
    [
        (1, CLIENT, CLIENT),
        (1, f"1.2.3.4, {CLIENT}", CLIENT),
        (1, f"1.2.3.4, 5.6.7.8,{CLIENT}", CLIENT),
        (2, f"1.2.3.4, {CLIENT}, 10.0.0.8", CLIENT),
        (2, CLIENT, PROXY),
        (1, "nonsense", PROXY),
        (1, f"::ffff:{CLIENT}", CLIENT),
        (1, "2001:DB8::1%eth0", "2001:db8::1"),
    ],
)
def test_x_forwarded_for_of_a_trusted_proxy_is_read_from_the_right(
    settings: Any, behind_proxies: Any, count: int, header: str, client: str
) -> None:
    settings.TRUSTED_PROXY_COUNT = count
    assert client_address(PROXY, **{"X-Forwarded-For": header}) == client


def test_without_the_header_the_proxy_itself_is_the_client(behind_proxies: Any) -> None:
    assert client_address(PROXY) == PROXY


def test_peers_without_an_address_share_one_budget() -> None:
    assert client_address("") == "0.0.0.0"
