"""`manage.py recover` is to be run every minute, on any number of nodes."""

from django.core.management.base import BaseCommand

from onboarding.operations.recovery import recover


class Command(BaseCommand):
    """Prints a line for each kind of work done, and nothing if there was none: cron mails any output.

    Servers report warnings of the settings when they start.
    """

    requires_system_checks = []
    help = "End what crashed processes left behind, tell Prove of revoked keys, delete what is past its retention."

    def handle(self, **_options: object) -> None:
        for what, count in recover().items():
            if count:
                self.stdout.write(f"{what}: {count}")
