"""Nodes of the product behind nginx, on sockets that outlive their servers, as a service manager keeps them."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psutil
import requests

from tests.bench.servers import GUNICORN, Prepared
from tests.processes import ROOT, free_port, inherited_environment

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
START_LIMIT_S = 60
CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events {{ worker_connections 1024; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream nodes {{ {nodes} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://nodes; proxy_http_version 1.1; proxy_set_header Connection close;
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $http_x_forwarded_for;
    }}
  }}
}}"""


@dataclass
class Node:
    """One gunicorn. Its socket listens on while it is stopped: connections wait there."""

    product: Prepared
    listener: socket.socket
    process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def start(self) -> None:
        """Start the server; return when it answers."""
        environment = inherited_environment() | self.product.environment | {"LISTEN_FDS": "1"}
        with (self.product.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", self._program(), sys.executable, *GUNICORN],
                cwd=ROOT,
                env=environment,
                pass_fds=[self.listener.fileno()],
                stdout=log,
                stderr=log,
            )
        requests.get(f"http://127.0.0.1:{self.port}/healthz", timeout=START_LIMIT_S).raise_for_status()

    def _program(self) -> str:
        """Return a program that passes the socket on as systemd does: as file 3, to the process LISTEN_PID."""
        moved = f"os.dup2({self.listener.fileno()}, 3); os.environ['LISTEN_PID'] = str(os.getpid())"
        return f"import os, sys; {moved}; os.execv(sys.argv[1], sys.argv[1:])"

    def stop(self) -> None:
        """Stop the server as a service manager does; return when it has ended."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(START_LIMIT_S)

    def restart(self) -> None:
        self.stop()
        self.start()

    def reload(self) -> None:
        """Replace the workers; return when all the old ones have ended."""
        assert self.process is not None
        old = self._workers()
        self.process.send_signal(signal.SIGHUP)
        ends = time.monotonic() + START_LIMIT_S
        while old & (now := self._workers()) or not now:
            assert time.monotonic() < ends, "The old workers do not end."
            time.sleep(0.05)

    def _workers(self) -> set[int]:
        assert self.process is not None
        return {child.pid for child in psutil.Process(self.process.pid).children()}


@dataclass(frozen=True)
class Fleet:
    origin: str
    nodes: list[Node] = field(default_factory=list)


@contextmanager
def fleet(products: list[Prepared]) -> Iterator[Fleet]:
    """Run a node for each of `products`, with nginx before them."""
    assert NGINX is not None
    port, folder = free_port(), products[0].folder
    with ExitStack() as open_sockets:
        nodes = [Node(product, open_sockets.enter_context(_listener())) for product in products]
        servers = " ".join(f"server 127.0.0.1:{node.port};" for node in nodes)
        configuration = folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, nodes=servers, port=port))
        try:
            for node in nodes:
                node.start()
            with subprocess.Popen([NGINX, "-p", str(folder), "-c", str(configuration)]) as nginx:
                try:
                    _wait_for(port)
                    yield Fleet(f"http://127.0.0.1:{port}", nodes)
                finally:
                    nginx.terminate()
        finally:
            for node in nodes:
                node.stop()


def _listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", free_port()), backlog=2048)
    listener.set_inheritable(True)
    return listener


def _wait_for(port: int) -> None:
    ends = time.monotonic() + START_LIMIT_S
    while True:
        with socket.socket() as probe:
            if not probe.connect_ex(("127.0.0.1", port)):
                return
        assert time.monotonic() < ends, "nginx does not listen."
        time.sleep(0.05)
