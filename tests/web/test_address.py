"""The client's address: the peer's, or the one that a trusted proxy reports, in any spelling."""

from ipaddress import IPv4Address, IPv6Address
from itertools import product
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


V6_CLIENT = "2001:db8:cafe::17"
# How gateways write a client, by its address: https://nginx.org/en/docs/http/ngx_http_proxy_module.html
# (`$proxy_add_x_forwarded_for`), https://docs.haproxy.org/dev/configuration.html (`option forwardfor`),
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html (with client ports),
# https://learn.microsoft.com/en-us/azure/application-gateway/how-application-gateway-works (ip:port),
# https://cloud.google.com/load-balancing/docs/https#x-forwarded-for_header,
# https://developers.cloudflare.com/fundamentals/reference/http-headers/, https://www.fastly.com/documentation/,
# https://doc.traefik.io/traefik/, https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers
V4_ENTRIES = [
    CLIENT,
    f" {CLIENT} ",
    f"\t{CLIENT}",
    f"{CLIENT}:51234",
    f'"{CLIENT}:51234"',
    f'"{CLIENT}"',
    f"[{CLIENT}]",
]
V4_ENTRIES += [f"::ffff:{CLIENT}", f"[::ffff:{CLIENT}]:443", f"{CLIENT}:_port"]
V6_ENTRIES = [V6_CLIENT, V6_CLIENT.upper(), f"[{V6_CLIENT}]", f"[{V6_CLIENT}]:443", f'"[{V6_CLIENT}]:443"']
V6_ENTRIES += [f'"{V6_CLIENT}"', f"{V6_CLIENT}%eth0", "2001:0db8:cafe:0000:0000:0000:0000:0017", f"[{V6_CLIENT}]:_port"]
ELEMENTS = ["for={}", "For={}", "FOR={}", "for={};proto=https;by=203.0.113.43", "proto=https; for={} ;host=example.com"]
# What strangers put in front of it.
FOREIGN = ["", "1.2.3.4", "unknown", '"', '"1.2.3.4', 'for="', 'for="[::1', "for=1.2.3.4;", ",,", "x" * 3000, "_hidden"]
FOREIGN += ['for="1.2.3.4, for=5.6.7.8"', "1.2.3.4:80", "\\", '\\"', "[", "for=", ";;=;="]
UNREADABLE = [
    "unknown",
    "_hidden",
    '"_gazonk"',
    "nonsense",
    "",
    "[::1",
    "203.0.113",
    "203.0.113.9:80:80",
    "[]",
    '""',
    ":443",
]


def client_address(peer: str, **headers: str) -> str:
    return str(address.of(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)))


@pytest.fixture
def behind_proxies(settings: Any) -> Any:
    settings.TRUSTED_PROXY_COUNT, settings.TRUSTED_PROXY_CIDRS = 1, ["10.0.0.0/8", "fd00::/8"]
    return settings


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "_told_at", float("-inf"))


def joined(*entries: str) -> str:
    return ", ".join(entry for entry in entries if entry)


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


@pytest.mark.parametrize("client", [CLIENT, V6_CLIENT])
def test_a_client_is_read_as_each_gateway_writes_it_whatever_strangers_put_before_it(
    behind_proxies: Any, client: str
) -> None:
    for foreign, entry in product(FOREIGN, V4_ENTRIES if client == CLIENT else V6_ENTRIES):
        assert client_address(PROXY, **{"X-Forwarded-For": joined(foreign, entry)}) == client, (foreign, entry)


@pytest.mark.parametrize("client", [CLIENT, V6_CLIENT])
def test_forwarded_is_read_if_it_is_the_proxys_header(settings: Any, behind_proxies: Any, client: str) -> None:
    settings.FORWARDED_HEADER = "Forwarded"
    written = (
        [client, f'"{client}"', f'"{client}:51234"'] if client == CLIENT else [f'"[{client}]"', f'"[{client}]:443"']
    )
    for foreign, entry, element in product(FOREIGN, written, ELEMENTS):
        header = joined(foreign, element.format(entry))
        assert client_address(PROXY, **{"Forwarded": header, "X-Forwarded-For": "1.2.3.4"}) == client, header


def test_the_name_of_the_header_may_be_written_in_any_case(settings: Any, behind_proxies: Any) -> None:
    for name in ("forwarded", "FORWARDED", "x-forwarded-for"):
        settings.FORWARDED_HEADER = name
        entry = CLIENT if name.startswith("x-") else f"for={CLIENT}"
        assert client_address(PROXY, **{name: entry}) == CLIENT


def test_forwarded_counts_for_nothing_if_the_proxy_writes_the_other_header(behind_proxies: Any) -> None:
    assert client_address(PROXY, **{"Forwarded": "for=1.2.3.4", "X-Forwarded-For": CLIENT}) == CLIENT


@pytest.mark.parametrize(
    "entries",
    [
        (f"{CLIENT}:51234", "35.191.0.1"),  # Google Cloud: the client, then the load balancer
        (f"{CLIENT}", "198.51.100.7:443"),  # Cloudflare, then AWS or Azure
        (f"{CLIENT}", '"[2001:db8::7]:443"'),
        (f"{CLIENT}", "unknown"),
    ],
)
def test_of_two_proxies_the_second_entry_from_the_right_is_the_client(
    settings: Any, behind_proxies: Any, entries: tuple[str, ...]
) -> None:
    settings.TRUSTED_PROXY_COUNT = 2
    assert client_address(PROXY, **{"X-Forwarded-For": joined("1.2.3.4", *entries)}) == CLIENT


@pytest.mark.parametrize("entry", UNREADABLE)
def test_an_entry_of_a_trusted_proxy_that_cannot_be_read_is_told_without_its_text(
    behind_proxies: Any, entry: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert client_address(PROXY, **{"X-Forwarded-For": entry}) == PROXY
    assert "X-Forwarded-For of a trusted proxy has" in caplog.text and (not entry or entry not in caplog.text)


def test_fewer_entries_than_proxies_are_told(
    settings: Any, behind_proxies: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TRUSTED_PROXY_COUNT = 2
    assert client_address(PROXY, **{"X-Forwarded-For": CLIENT}) == PROXY
    assert "fewer entries than TRUSTED_PROXY_COUNT" in caplog.text


def test_it_is_told_once_a_minute(
    behind_proxies: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for now in (0.0, 0.1, 59.9, 60.1, 61.0):
        monkeypatch.setattr("time.monotonic", lambda now=now: now)
        client_address(PROXY, **{"X-Forwarded-For": "unknown"})
    assert len(caplog.records) == 2


def test_a_client_that_is_read_is_not_told_about(behind_proxies: Any, caplog: pytest.LogCaptureFixture) -> None:
    client_address(PROXY, **{"X-Forwarded-For": f"{CLIENT}:51234"})
    client_address(CLIENT, **{"X-Forwarded-For": "unknown"})
    assert not caplog.records


def test_without_the_header_the_proxy_itself_is_the_client(behind_proxies: Any) -> None:
    assert client_address(PROXY) == PROXY


def test_peers_without_an_address_share_one_budget() -> None:
    assert client_address("") == "0.0.0.0"
