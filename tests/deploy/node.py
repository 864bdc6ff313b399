"""A node as deploy/ describes it: the command lines of the units run, and nginx stands in front."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.processes import ROOT, free_port, manage, product_environment, running, static_files, vendor_environment

DEPLOY = ROOT / "deploy"
HOST = "verify.example.com"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def unit(name: str) -> dict[str, list[str]]:
    """Return the lines of a unit, by key."""
    found: dict[str, list[str]] = {}
    for key, value in re.findall(r"^(\w+)=(.*)$", (DEPLOY / "systemd" / name).read_text(), re.MULTILINE):
        found.setdefault(key, []).append(value)
    return found


def command(name: str, key: str = "ExecStart", **replaced: str) -> list[str]:
    """Return a command line of a unit as arguments of this Python; `replaced` by what the unit has in their place."""
    [line] = unit(name)[key]
    words = line.replace("/srv/proveflow/.venv/bin/gunicorn", "-m gunicorn").split()
    return [replaced.get(word, word) for word in words if word != "/srv/proveflow/.venv/bin/python"]


@dataclass
class Node:
    """The addresses and files of a running node."""

    folder: Path
    port: int
    metrics_port: int
    sandbox: str
    environment: dict[str, str]

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def metrics(self) -> str:
        return requests.get(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10).text


@contextmanager
def node(folder: Path, **more: str) -> Iterator[Node]:
    port, metrics_port, sandbox = free_port(), free_port(), f"http://127.0.0.1:{free_port()}"
    settings = {
        "DEBUG": "0",
        "ALLOWED_HOSTS": f"{HOST},127.0.0.1",
        "BEHIND_TLS_PROXY": "1",
        "TRUSTED_PROXY_COUNT": "1",
        "TRUSTED_PROXY_CIDRS": "127.0.0.0/8",
        "COMMIT": "0e7bbe2",
        "STATIC_ROOT": str(static_files()),
        **vendor_environment(prove=sandbox, twilio=sandbox),
        "PROVE_EU_BASE_URL": f"{sandbox}/sandbox/prove-eu",
        "PROVE_EU_CLIENT_ID": "sandbox-eu",
        "PROVE_EU_CLIENT_SECRET": "sandbox-eu",
    }
    environment = product_environment(folder, **{**settings, **more})
    for name in more:
        if name.endswith("_FILE"):
            environment[name.removesuffix("_FILE")] = ""
    manage("migrate", environment=environment)
    manage(*command("proveflow.service", "ExecStartPre")[1:], environment=environment)
    web = command("proveflow.service", **{"127.0.0.1:8000": f"127.0.0.1:{port}"})
    metrics = command("proveflow-metrics.service", **{"127.0.0.1:9464": f"127.0.0.1:{metrics_port}"})
    made = Node(folder, port, metrics_port, sandbox, environment)
    with ExitStack() as stack:
        for arguments, url, log in (
            (["manage.py", "sandbox", sandbox.rpartition(":")[2]], f"{sandbox}/sandbox/", "sandbox.log"),
            ([*web, "--pid", str(folder / "pid")], f"http://127.0.0.1:{port}/healthz", "log"),
            (metrics, f"http://127.0.0.1:{metrics_port}/metrics", "metrics.log"),
        ):
            stack.enter_context(running(arguments, environment=environment, url=url, log=folder / log))
        yield made


@contextmanager
def nginx(node: Node) -> Iterator[tuple[str, str]]:
    """Run nginx with deploy/nginx.conf in front of the node; yield its http and https origins."""
    http, https = free_port(), free_port()
    certificate(node.folder)
    site = (DEPLOY / "nginx.conf").read_text()
    for written, here in (
        ("server 127.0.0.1:8000;", f"server 127.0.0.1:{node.port};"),
        ("listen 80;", f"listen 127.0.0.1:{http};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{https} ssl;"),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl;\n", ""),
        ("/etc/ssl/proveflow/", f"{node.folder}/"),
        ("/srv/proveflow/staticfiles/", f"{node.environment['STATIC_ROOT']}/"),
    ):
        assert written in site
        site = site.replace(written, here)
    temporary = "".join(
        f"{kind}_temp_path {node.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (node.folder / "nginx.conf").write_text(
        f"daemon off; pid {node.folder}/nginx.pid; error_log {node.folder}/nginx.log warn;"
        f"{'user root;' if os.geteuid() == 0 else ''} events {{}}"
        f"http {{ include /etc/nginx/mime.types; access_log off; {temporary}\n{site} }}"
    )
    process = subprocess.Popen([str(NGINX), "-p", str(node.folder), "-c", str(node.folder / "nginx.conf")])
    try:
        until_answers(f"http://127.0.0.1:{http}/")
        yield f"http://127.0.0.1:{http}", f"https://127.0.0.1:{https}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def until_answers(url: str) -> None:
    with requests.Session() as session:
        retry = requests.adapters.Retry(connect=20, backoff_factor=0.1)
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
        session.get(url, allow_redirects=False, timeout=10)


def certificate(folder: Path) -> None:
    """Write a self-signed certificate for HOST, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(pem)
