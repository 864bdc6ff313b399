"""Vendors with several addresses, of which some do not answer. On real sockets: each address is a port of loopback."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from onboarding.domain.errors import Uncertain, Unreachable
from onboarding.upstream.http import Upstream
from tests.upstream.loopback import EMPTY_OBJECT, answering, responding, serving

NO_FAMILY = 44  # of addresses, to no kernel
FAILING = b"HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"


def listener(host: str = "127.0.0.1") -> socket.socket:
    """Return a listener whose connections the kernel accepts and nobody answers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, 0), family=family)


@contextmanager
def black_hole() -> Iterator[socket.socket]:
    """Yield a listener with a full backlog: the kernel drops further SYNs."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as fillers:
        for _ in range(4):
            filler = fillers.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        yield full


def refusing() -> tuple[str, int]:
    with listener() as closed:
        host, port = closed.getsockname()
    return host, port


def was_tried(hanging: socket.socket) -> bool:
    hanging.setblocking(False)
    try:
        hanging.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def family(address: tuple[Any, ...]) -> int:
    return {4: socket.AF_INET6, 2: socket.AF_INET}.get(len(address), NO_FAMILY)


def name_leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[Any, ...]) -> None:
    """Let all names have these addresses, in this order."""
    found = [(family(each), socket.SOCK_STREAM, 6, "", each) for each in addresses]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: found)


def address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


def upstream(scheme: str = "http") -> Upstream:
    return Upstream("prove", f"{scheme}://127.0.0.1", {"unify": timedelta(seconds=5)})


def test_an_address_that_does_not_answer_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(responding(EMPTY_OBJECT)) as good, black_hole() as dead:
        name_leads_to(monkeypatch, dead.getsockname(), address(good.url))
        assert upstream().post("/unify", json={}) == {}


def test_an_address_that_refuses_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(responding(EMPTY_OBJECT)) as good:
        name_leads_to(monkeypatch, refusing(), refusing(), address(good.url))
        assert upstream().post("/unify", json={}) == {}


def test_a_family_that_this_machine_does_not_have_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(responding(EMPTY_OBJECT)) as good:
        name_leads_to(monkeypatch, ("2001:db8::1",), address(good.url))
        assert upstream().post("/unify", json={}) == {}


def test_four_dead_addresses_leave_time_for_the_fifth(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(responding(EMPTY_OBJECT)) as good, black_hole() as dead:
        name_leads_to(monkeypatch, *[dead.getsockname()] * 4, address(good.url))
        assert upstream().post("/unify", json={}) == {}


def test_if_no_address_answers_the_vendor_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    with black_hole() as dead:
        name_leads_to(monkeypatch, refusing(), dead.getsockname())
        with pytest.raises(Unreachable):
            upstream().post("/unify", json={})


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def test_an_address_whose_tls_handshake_hangs_is_passed_by_and_not_tried_first_again(
    monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, trusted: None
) -> None:
    with serving(responding(EMPTY_OBJECT), tls) as good, listener() as hanging:
        name_leads_to(monkeypatch, hanging.getsockname(), address(good.url))
        prove = upstream("https")
        assert prove.post("/unify", json={}) == {}
        assert was_tried(hanging)
        assert prove.post("/unify", json={}) == {}
        assert not was_tried(hanging)
    assert len(good.requests) == 2


def test_an_address_that_gives_server_errors_is_not_preferred_any_more(
    monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, trusted: None
) -> None:
    with serving(answering([EMPTY_OBJECT, FAILING]), tls) as old, serving(responding(EMPTY_OBJECT), tls) as new:
        name_leads_to(monkeypatch, address(old.url), address(new.url))
        prove = upstream("https")
        prove.post("/unify", json={})
        name_leads_to(monkeypatch, address(new.url), address(old.url))
        with pytest.raises(Uncertain):
            prove.post("/unify", json={})
        assert prove.post("/unify", json={}) == {}
    assert len(new.requests) == 1


def test_an_address_with_an_untrusted_certificate_is_passed_by_and_gets_no_request(
    monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, trusted: None
) -> None:
    untrusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with serving(responding(EMPTY_OBJECT), untrusted) as stranger, serving(responding(EMPTY_OBJECT), tls) as good:
        name_leads_to(monkeypatch, address(stranger.url), address(good.url))
        assert upstream("https").post("/unify", json={}) == {}
    assert stranger.requests == []


def test_the_families_take_turns(monkeypatch: pytest.MonkeyPatch, tls: ssl.SSLContext, trusted: None) -> None:
    """Of two addresses of the first family that hang, one is tried before the other family."""
    with serving(responding(EMPTY_OBJECT), tls) as good, listener("::1") as first, listener("::1") as second:
        name_leads_to(monkeypatch, first.getsockname(), second.getsockname(), address(good.url))
        assert upstream("https").post("/unify", json={}) == {}
        assert was_tried(first) and not was_tried(second)
