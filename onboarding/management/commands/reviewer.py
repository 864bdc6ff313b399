"""`manage.py reviewer NAME` changes what a reviewer may do."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from onboarding.desk.access import roles
from onboarding.desk.access.roles import ForeignGroup, Role, named
from onboarding.management.commands.createreviewer import show_authenticator


class Command(BaseCommand):
    """Does one change, and says so."""

    help = "Change a reviewer's role, replace a lost authenticator, or end the access of somebody who leaves."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the reviewer logs in with")
        change = parser.add_mutually_exclusive_group(required=True)
        change.add_argument("--role", choices=list(Role))
        parser.add_argument("--keys", action="store_true", help="with --role: may make and revoke publishable keys")
        change.add_argument("--new-authenticator", action="store_true", help="the one before ends")
        change.add_argument("--leave", action="store_true", help="end the access")

    def handle(self, *, name: str, role: str | None, keys: bool, leave: bool, **_options: object) -> None:
        user: Any = get_user_model()._default_manager.filter(**named(name), is_staff=True).first()
        if user is None:
            raise CommandError(f"There is no reviewer called {name}.")
        if role:
            try:
                roles.change_role(user, Role(role), keys=keys)
            except ForeignGroup as error:
                raise CommandError(str(error)) from None
        elif leave:
            roles.leave(user)
        else:
            show_authenticator(self.stdout, roles.new_authenticator(user))
        self.stdout.write(self.style.SUCCESS(f"Done. {name} is logged out everywhere."))
