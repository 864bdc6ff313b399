#!/usr/bin/env python
"""Django's command line. The sandbox and the drills need no settings of the product, and have their own."""

import os
import sys

from django.conf import settings
from django.core.management import execute_from_command_line

from proveflow.environment import in_a_sentence

WITHOUT_SETTINGS = ("help", "version", "-h", "--help", "--version")

if __name__ == "__main__":
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    default = "sandbox.settings" if command in ("sandbox", "drill") else "proveflow.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", default)
    with in_a_sentence():
        if command not in WITHOUT_SETTINGS:
            settings.INSTALLED_APPS  # noqa: B018 - reads them: Django would let some commands fail later, without a reason
        execute_from_command_line(sys.argv)
