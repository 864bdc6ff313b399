"""`manage.py after_restore` is to be run once after a backup was restored, before the service starts."""

from django.core.management.base import BaseCommand

from onboarding.operations.restore import after_restore


class Command(BaseCommand):
    """Prints what was ended, a line for each kind."""

    help = "Make a restored backup safe: end all log-ins, remembered browsers and journeys; ask each key for a code."

    def handle(self, **_options: object) -> None:
        for what, count in after_restore().items():
            self.stdout.write(f"{what}: {count}")
