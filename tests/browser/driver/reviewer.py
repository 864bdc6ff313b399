"""A reviewer of the site under test."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from tests.processes import ROOT, product_environment


@dataclass(frozen=True)
class Reviewer:
    """Name, password and authenticator key, as `createreviewer` prints them."""

    name: str
    password: str = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def created(cls, folder: Path) -> Reviewer:
        """Create a new reviewer in the database of the site in `folder`."""
        return cls.created_in(product_environment(folder, DEBUG="1"))

    @classmethod
    def created_in(cls, environment: dict[str, str]) -> Reviewer:
        """Create a new lead, who may also make keys, in the database of this environment."""
        name = f"ada-{uuid.uuid4().hex[:4]}"
        settings = environment | {"DJANGO_SETTINGS_MODULE": "proveflow.settings"}
        command = [sys.executable, "manage.py", "createreviewer", name, "--no-input", "--role", "lead", "--keys"]
        process = subprocess.run(
            command, cwd=ROOT, env=os.environ | settings, check=True, capture_output=True, text=True
        )
        found = re.search(r"only now: (\S+).* there: ([A-Z2-7]{32}) ", process.stdout, re.S)
        assert found
        return cls(name, found[1], base64.b32decode(found[2]))
