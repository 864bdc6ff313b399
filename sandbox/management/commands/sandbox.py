"""`manage.py sandbox PORT`: runs the stand-alone sandbox, for clients in any language."""

import sqlite3
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sandbox.server import LOOPBACK, server
from sandbox.state.records import TABLES
from sandbox.state.store import transaction


class Command(BaseCommand):
    help = "Runs the pretend Prove and the pretend Twilio alone, on 127.0.0.1."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("port", type=int, nargs="?", default=9090)

    def handle(self, *_: Any, port: int, **__: Any) -> None:
        try:
            with transaction(settings.SANDBOX_STORE, TABLES):
                pass
        except (OSError, sqlite3.Error) as error:
            raise CommandError(f"SANDBOX_STORE {settings.SANDBOX_STORE}: {error}") from error
        try:
            listening = server(port)
        except (OSError, OverflowError) as error:
            raise CommandError(f"Port {port}: {error}") from error
        origin = f"http://{LOOPBACK}:{listening.server_port}"
        self.stdout.write(
            f"Sandbox on {origin}/sandbox/  Prove: {origin}/sandbox/prove  Twilio: {origin}/sandbox/twilio"
        )
        try:
            listening.serve_forever()
        except KeyboardInterrupt:
            listening.server_close()
