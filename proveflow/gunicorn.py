"""gunicorn's settings. There are many threads, because requests mostly wait for Prove and Twilio.

https://docs.gunicorn.org/en/stable/settings.html
"""

import mmap
import os
import resource
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from proveflow.environment import Environment, in_a_sentence

BASE_DIR = Path(__file__).resolve().parent.parent
METRICS_DIR = str(BASE_DIR / "var/metrics")
OWN_FILES = 180  # that a worker opens besides its connections: those to the database and to vendors, static files
MOST_FILES = 4096
MOST_CONNECTIONS, MOST_THREADS = 1000, 320  # of a worker


def _files() -> int:
    """Return how many files this process may open, after raising that to MOST_FILES if the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


workers = 2
# A worker that may not open one more file would end. It accepts no more connections than it has files for: others wait.
worker_connections = max(16, min(MOST_CONNECTIONS, _files() - OWN_FILES))
threads = min(MOST_THREADS, worker_connections * 3 // 4)
timeout = 30  # seconds; longer than REQUEST_LIMIT in onboarding.web.middleware
graceful_timeout = 25  # seconds

control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Hook of gunicorn: idle connections are kept for KEEPALIVE_S; readiness ends when the server goes away."""
    from django.conf import settings

    from onboarding import readiness

    worker.cfg.set("keepalive", settings.KEEPALIVE_S)
    readiness.is_going_away = lambda: bool(worker.going_away[0])


def on_starting(server: Any) -> None:
    """Hook of gunicorn: delete the metrics of the processes of before; on SIGTERM, be unready for DRAIN_S first."""
    # Without Django's settings: what this process imports, workers do not read anew after SIGHUP.
    with in_a_sentence():
        env = Environment(BASE_DIR / ".env")
        metrics, drain_s = env.str("METRICS_DIR", default=METRICS_DIR), env.int("DRAIN_S", default=0)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        for file in Path(metrics).glob("*.db"):
            file.unlink(missing_ok=True)
    server.going_away = mmap.mmap(-1, 1)  # shared with the workers
    server.handle_term = partial(_drain, server, server.handle_term, drain_s)


def _drain(server: Any, stop: Callable[[], None], drain_s: int) -> None:
    """Serve on for `drain_s` seconds, in which balancers see that this node is not ready, then stop."""
    server.going_away[0] = True
    time.sleep(drain_s)
    stop()


def post_fork(server: Any, worker: Any) -> None:
    """Hook of gunicorn: let the worker know when the server goes away."""
    worker.going_away = server.going_away


def child_exit(_server: Any, worker: Any) -> None:
    """Hook of gunicorn: take what a worker had under way out of the metrics."""
    from prometheus_client import multiprocess

    if Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).is_dir():
        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
