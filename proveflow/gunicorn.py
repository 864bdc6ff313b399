"""gunicorn's settings. There are many threads, because requests mostly wait for Prove and Twilio.

https://docs.gunicorn.org/en/stable/settings.html
"""

import resource
from typing import Any

workers = 2
threads = 64
timeout = 30  # seconds; longer than REQUEST_LIMIT in onboarding.web.middleware
graceful_timeout = 25  # seconds

control_socket_disable = True

OWN_FILES = 180  # that a worker opens besides its connections: those to the database and to vendors, static files
MOST_CONNECTIONS = 1000  # gunicorn's default

# A worker that may not open one more file ends. It accepts no more connections than it has files for; others wait.
_most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
if _most_files != resource.RLIM_INFINITY:
    resource.setrlimit(resource.RLIMIT_NOFILE, (_most_files, _most_files))
    worker_connections = max(threads + 1, min(MOST_CONNECTIONS, _most_files - OWN_FILES))


def post_worker_init(worker: Any) -> None:
    """Hook of gunicorn: idle connections are kept for KEEPALIVE_S."""
    from django.conf import settings

    worker.cfg.set("keepalive", settings.KEEPALIVE_S)
