"""`manage.py pretend_app` runs a native app in front of a server that runs, like `make run`."""

import time
from argparse import ArgumentParser
from collections.abc import Mapping
from random import Random
from typing import Any

import requests
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from sandbox.app.app import PretendApp, Refused, Storage
from sandbox.app.device import PretendDevice
from sandbox.app.network import Answer, Trouble

TIMEOUT_S = 30
LONGEST_WAIT_S = 5.0  # between two steps, so that a demonstration does not last for minutes


class Command(BaseCommand):
    """Links a number in a pretend app, which may be killed and lose answers, and says what it did."""

    help = "Link a number over the API, as a native app does. The server has to run, with the sandbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", nargs="?", default="+12015550123", help="the phone's number")
        parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the server runs")
        parser.add_argument("--key", default="", help="a publishable key; by default one of this database")
        parser.add_argument("--trouble", type=float, default=0.0, help="0 to 1: how often something goes wrong")
        parser.add_argument("--seed", type=int, default=0, help="of what goes wrong")

    def handle(self, *, number: str, url: str, key: str, trouble: float, seed: int, **_options: object) -> None:
        goes_wrong = Trouble(Random(seed), killed=trouble, lost=trouble, twice=trouble)  # noqa: S311 - no secret
        http = requests.Session()

        def send(method: str, url: str, body: Any, headers: Mapping[str, str]) -> Answer:
            answer = http.request(method, url, json=body, headers=dict(headers), timeout=TIMEOUT_S)
            return Answer(answer.status_code, answer.headers, answer.json() if answer.content else {})

        def reads_code(number: str) -> str:
            texts = http.get(f"{url}/sandbox/messages.json", params={"to": number}, timeout=TIMEOUT_S).json()
            return next((str(text["code"]) for text in texts if text["code"]), "000000")

        app = PretendApp(
            root=f"{url}/api/v1/",
            key=key or _own_key(),
            number=number,
            send=send,
            reads_code=reads_code,
            trouble=goes_wrong,
            waits=lambda seconds: time.sleep(min(seconds, LONGEST_WAIT_S)),
            told=self.stdout.write,
            storage=Storage(device=PretendDevice(origin=url)),
        )
        try:
            verification = app.runs()
        except (Refused, requests.RequestException) as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
        self.stdout.write(self.style.SUCCESS(f"{verification['status']} ({verification['reference']})"))


def _own_key() -> str:
    """Return the key of the pretend app in this database, which `make run` uses."""
    keys: Any = apps.get_model("proveflow_api", "PublishableKey")._default_manager
    key, _new = keys.get_or_create(name="Pretend app", revoked_at=None)
    return str(key.key)
