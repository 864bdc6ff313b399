"""Django's backend for PostgreSQL, which checks a pooled connection only if it was idle, and tells why there is none.

Django checks at each request and after each call to a vendor: every third round trip would be such a check.
"""

import time
from contextlib import suppress
from typing import Any

from django.db.backends.postgresql import base
from psycopg import OperationalError
from psycopg_pool import ConnectionPool, PoolTimeout

from proveflow.postgresql.connection import ToldConnection

IDLE_S = 1.0
TRIES = 40  # more than the pool holds, all of which may be broken
POOLER = "unsupported startup parameter"
POOLER_HINT = "PgBouncer is in between: set DATABASE_POOLER=1"


class DatabaseWrapper(base.DatabaseWrapper):
    """The backend that ENGINE names. It needs a pool."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a connection of the pool. One that was idle and does not answer is replaced.

        Raises OperationalError with PostgreSQL's reason if none can be opened.
        """
        for _ in range(TRIES):
            connection = self._pooled_connection(conn_params)
            if time.monotonic() - getattr(connection, "given_back_at", 0.0) < IDLE_S:
                return connection
            with suppress(OperationalError):
                ConnectionPool.check_connection(connection)
                return connection
            connection._pool.putconn(connection)
        return connection

    def _pooled_connection(self, conn_params: dict[str, Any]) -> Any:
        try:
            return super().get_new_connection(conn_params)
        except PoolTimeout as error:
            reason = ToldConnection.failure or str(error)
            raise OperationalError(f"{reason} ({POOLER_HINT})" if POOLER in reason else reason) from None

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.given_back_at = time.monotonic()
        super()._close()  # type: ignore[misc]
