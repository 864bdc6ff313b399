"""`manage.py sandbox PORT`: runs the stand-alone sandbox, for clients in any language."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sandbox import cli


class Command(BaseCommand):
    help = cli.DESCRIPTION
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        cli.add_arguments(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        try:
            cli.run(options, self.stdout)
        except cli.CannotStart as error:
            raise CommandError(str(error)) from error
