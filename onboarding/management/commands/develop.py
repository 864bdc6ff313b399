"""`manage.py develop`: Django's development server. It says where the app and the sandbox are, and nothing else."""

import os
import socket
from typing import Any

from django.core.management import CommandError
from whitenoise.runserver_nostatic.management.commands import runserver  # type: ignore[import-untyped]

from onboarding.conf import conf


class Command(runserver.Command):  # type: ignore[misc]
    """As `runserver`, without its banner."""

    help = "Run the product for development."

    def run(self, **options: Any) -> None:
        """Run the server, and what starts it again after a change. Raise CommandError if the port is taken."""
        if os.environ.get("RUN_MAIN") != "true":
            self._require_port()
        super().run(**options)

    def _require_port(self) -> None:
        family = socket.AF_INET6 if self.use_ipv6 else socket.AF_INET
        try:
            socket.create_server((self.addr, int(self.port)), family=family).close()
        except (OSError, OverflowError) as error:
            raise CommandError(
                f"Port {self.port} of {self.addr}: {error}. Choose another one: make run PORT=8001"
            ) from None

    def inner_run(self, *args: Any, **options: Any) -> None:
        """Print what the checks find; then run the server."""
        self.check()
        super().inner_run(*args, **{**options, "skip_checks": True})

    def check_migrations(self) -> None:
        """Do nothing: `make run` has migrated the database."""

    def on_bind(self, server_port: int) -> None:
        """Print the addresses."""
        host = f"[{self.addr}]" if self._raw_ipv6 else self.addr
        origin = f"http://{host}:{server_port}"
        self.stdout.write(f"The app:      {origin}/")
        if conf.SANDBOX_URL:
            self.stdout.write(f"The sandbox:  {origin}{conf.SANDBOX_URL}")
