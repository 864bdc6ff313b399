#!/usr/bin/env python
"""Django's command line. `manage.py sandbox PORT` has settings of its own, because it does not need the product."""

import os
import sys

from django.core.management import execute_from_command_line

from proveflow.environment import in_a_sentence

if __name__ == "__main__":
    alone = sys.argv[1:2] in (["sandbox"], ["drill"])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sandbox.settings" if alone else "proveflow.settings")
    with in_a_sentence():
        execute_from_command_line(sys.argv)
