"""`manage.py develop`: Django's development server. It says where the app and the sandbox are, and nothing else."""

from typing import Any

from whitenoise.runserver_nostatic.management.commands import runserver  # type: ignore[import-untyped]

from onboarding.conf import conf


class Command(runserver.Command):  # type: ignore[misc]
    """As `runserver`, without its banner."""

    help = "Run the product for development."

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
