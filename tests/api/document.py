"""Writes docs/openapi.json, which tests compare with the code: `python -m tests.api.document`."""

import json
import os
from typing import Any

from tests.processes import ROOT

FILE = ROOT / "docs/openapi.json"


def document() -> dict[str, Any]:
    """Return the OpenAPI document as the API serves it."""
    from django.test import Client

    document: dict[str, Any] = Client().get("/api/v1/openapi.json").json()
    return document


if __name__ == "__main__":
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    FILE.write_text(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")
