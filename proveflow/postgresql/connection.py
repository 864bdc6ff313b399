"""What the pool of connections to PostgreSQL is made of."""

from typing import Any, Self

from psycopg import Connection, OperationalError


class ToldConnection(Connection[Any]):
    """A connection of the pool. The class knows why the last attempt to connect failed."""

    failure = ""  # empty after an attempt that succeeded

    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Self:
        """Connect as psycopg does. Raises OperationalError."""
        try:
            connection = super().connect(*args, **kwargs)
        except OperationalError as error:
            ToldConnection.failure = str(error).partition("\n")[0]
            raise
        ToldConnection.failure = ""
        return connection
