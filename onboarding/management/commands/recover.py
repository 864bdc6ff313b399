"""`manage.py recover`: run it every minute, on as many nodes as there are."""

from django.core.management.base import BaseCommand

from onboarding.operations.recovery import recover


class Command(BaseCommand):
    """Prints what it did, a line for each kind; nothing where there was nothing to do, as cron likes it."""

    help = "End what crashed processes left behind, tell Prove of revoked keys, forget what is past RETENTION_DAYS."

    def handle(self, **_options: object) -> None:
        for what, count in recover().items():
            if count:
                self.stdout.write(f"{what}: {count}")
