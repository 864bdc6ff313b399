"""Serves the metrics of this node to Prometheus, on an address of its own."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from prometheus_client import start_http_server

from onboarding.conf import conf
from onboarding.operations.exporter import answer_in_time, registry

DEFAULT = "127.0.0.1:9464"  # OpenTelemetry's default port of Prometheus exporters


class Command(BaseCommand):
    help = "Serve /metrics to Prometheus. Whoever reaches the address reads them: let it be your own network's."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", nargs="?", default=DEFAULT, help=f"host:port; default {DEFAULT}")

    def handle(self, *_args: Any, address: str, **_options: Any) -> None:
        host, _, port = address.rpartition(":")
        answer_in_time()
        try:
            os.makedirs(conf.METRICS_DIR, mode=0o700, exist_ok=True)
        except OSError as error:
            raise CommandError(f"METRICS_DIR cannot be made: {error.strerror}.") from None
        try:
            server, thread = start_http_server(int(port), host or "127.0.0.1", registry())
        except (OSError, ValueError) as error:
            raise CommandError(f"{address} cannot be served: {error}") from None
        self.stdout.write(f"http://{address}/metrics")
        try:
            thread.join()
        except KeyboardInterrupt:
            server.shutdown()
