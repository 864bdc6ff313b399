"""The product's settings for tests: with the sandbox, and a database of their own (DATABASE=postgresql or SQLite)."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ["ENV_FILE"] = os.devnull  # the .env file is for `make run` only
os.environ.update(DEBUG="1", SECRET_KEY="tests-" + "s" * 44, ALLOWED_HOSTS="127.0.0.1,localhost,testserver")
for name in (
    "PROVE_CLIENT_ID",
    "PROVE_BASE_URL",
    "PROVE_EU_CLIENT_ID",
    "PROVE_REGION",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_BASE_URL",
):
    os.environ[name] = ""
os.environ["DATA_KEYS"] = "tests-" + "d" * 44
os.environ["LIMITS_WATCH_ONLY"] = "0"  # as with real vendors
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps an event loop in the thread that tests run in
FOLDER = Path(tempfile.mkdtemp(prefix="proveflow-tests-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
os.environ["SANDBOX_STORE"] = str(FOLDER / "sandbox.sqlite3")
os.environ["STATIC_ROOT"] = str(FOLDER)
os.environ.setdefault("TEST_FOLDER", str(FOLDER))  # one for all of pytest's workers, which inherit it

if os.environ.get("DATABASE") == "postgresql":
    if "TEST_DATABASE_URL" not in os.environ:  # the workers of pytest-xdist inherit it
        from tests.postgresql import start

        os.environ["TEST_DATABASE_URL"] = start()
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]  # never that of the shell
else:
    os.environ["DATABASE_URL"] = "sqlite:///:memory:"

from proveflow.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if "options" in (options := DATABASES["default"].get("OPTIONS", {})):  # noqa: F405
    options["options"] += " -c idle_in_transaction_session_timeout=0"  # tests run in a transaction of pytest-django
