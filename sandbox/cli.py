"""The command line of the stand-alone sandbox, as `manage.py sandbox` and as a console command of its own."""

import errno
import os
import re
import signal
import sqlite3
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, TextIO

import django
from django.conf import settings
from django.core.management.base import OutputWrapper

from sandbox.server import LOOPBACK, Server, dead_address, server
from sandbox.state.records import TABLES
from sandbox.state.store import transaction

DESCRIPTION = "Emulates the HTTP APIs of Prove and Twilio, with a page that shows the emulated phones."
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on
ORIGIN = r"https?://[^/?#@\s]+"


class CannotStart(Exception):
    """The sandbox cannot be started with these arguments. The message says why, and what to do."""


def main(arguments: Sequence[str] | None = None) -> None:
    """The console command. Exits with 1 if the sandbox cannot be started, with 2 if the arguments are not valid."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "sandbox.settings"
    django.setup()
    parser = ArgumentParser("proveflow-sandbox", description=DESCRIPTION)
    add_arguments(parser)
    try:
        run(vars(parser.parse_args(arguments)), sys.stdout)
    except CannotStart as error:
        parser.exit(1, f"{error}\n")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("port", type=int, nargs="?", default=9090, help="0: any free one; default: 9090")
    parser.add_argument("--host", default=LOOPBACK, help=f"the address to listen on; default: {LOOPBACK}")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="another host name or address by which clients reach it; may be repeated; *: any",
    )  # fmt: skip
    parser.add_argument("--public-url", default="", metavar="URL", help="how browsers reach it: scheme, host and port")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="PEM files: speak https instead of http")
    parser.add_argument(
        "--dead", action="append", default=[], metavar="ADDRESS",
        help="an address of this machine, such as ::1, at which connections to the same port hang; may be repeated",
    )  # fmt: skip


def run(options: dict[str, Any], out: TextIO | OutputWrapper) -> None:
    """Serves until it is interrupted or terminated. Raises CannotStart. The first line on `out` has the address."""
    allow_hosts(options)
    _require_store()
    with ExitStack() as stack:
        listening = _listening(options)
        stack.callback(listening.server_close)
        for address in options["dead"]:
            with _explained(f"--dead {address}"):
                stack.enter_context(dead_address(address, listening.server_port))
        origin = options["public_url"].rstrip("/") or _origin(listening)
        out.write(f"Sandbox on {origin}/sandbox/  Prove: {origin}/sandbox/prove  Twilio: {origin}/sandbox/twilio\n")
        out.flush()
        _serve(listening)


def allow_hosts(options: dict[str, Any]) -> None:
    """Allows the hosts that the options name. Raises CannotStart if --public-url is not one."""
    url = options["public_url"].rstrip("/")
    if url and not re.fullmatch(ORIGIN, url):
        raise CannotStart(f"--public-url {url}: give scheme, host and port only, such as https://sandbox.example")
    named = [*options["allow_host"], *([_host_of(url)] if url else [])]
    if options["host"] not in ANY_ADDRESS:
        named.append(_bracketed(options["host"]))
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, *map(_bracketed, named)]
    settings.SANDBOX_PUBLIC_URL = url


def _host_of(url: str) -> str:
    return re.sub(r":\d+$", "", url.partition("://")[2])


def _bracketed(host: str) -> str:
    """The host as a URL has it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _require_store() -> None:
    file = settings.SANDBOX_STORE
    try:
        with transaction(file, TABLES):
            pass
    except (OSError, sqlite3.Error) as error:
        raise CannotStart(f"SANDBOX_STORE {file}: {error}. Set SANDBOX_STORE to a file that can be written.") from error


def _listening(options: dict[str, Any]) -> Server:
    host, port, tls = options["host"], options["port"], options["tls"]
    if tls:
        with _explained(f"--tls {tls[0]} {tls[1]}"):
            return server(port, host, tuple(tls))
    with _explained(f"Port {port} of {host}"):
        return server(port, host)


@contextmanager
def _explained(what: str) -> Iterator[None]:
    """Raises CannotStart with `what` and the reason for an OSError or OverflowError."""
    try:
        yield
    except (OSError, OverflowError) as error:
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        cure = ". Choose another port, or 0 for any free one." if in_use else ""
        raise CannotStart(f"{what}: {error}{cure}") from error


def _origin(listening: Server) -> str:
    host = str(listening.server_address[0])
    scheme = "https" if listening.tls else "http"
    return f"{scheme}://{LOOPBACK if host in ANY_ADDRESS else _bracketed(host)}:{listening.server_port}"


def _serve(listening: Server) -> None:
    signal.signal(signal.SIGTERM, _interrupt)  # as the first process of a container, it would be ignored otherwise
    try:
        listening.serve_forever()
    except KeyboardInterrupt:
        return


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
