"""A wrong setting is told at start-up: one sentence, with the name of the variable and without any secret."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests.deep.conftest import share
from tests.operations.environment.wrong_settings import PASSWORD, RIGHT, SECRETS, misspellings, mistakes, read, told
from tests.processes import ROOT

VALUES = [*SECRETS.values(), PASSWORD]


def names() -> list[str]:
    return re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    return [*mistakes(tmp_path_factory.mktemp("wrong")), *misspellings(names())]


@pytest.fixture
def right(tmp_path: Path) -> dict[str, str]:
    return RIGHT | {"STATIC_ROOT": str(tmp_path)}


def test_right_settings_are_told_nothing_about(right: dict[str, str]) -> None:
    assert told(right) == []


def test_each_wrong_setting_is_told_by_its_name_and_no_secret_is(
    right: dict[str, str], wrong: list[tuple[str, str]]
) -> None:
    untold = []
    for name, value in wrong:
        said = told(right | {name: value})
        if not any(name in sentence for sentence in said):
            untold.append((name, value, said))
        assert not any(secret in sentence for sentence in said for secret in VALUES), name
    assert untold == [] and len(wrong) > 600


@pytest.mark.parametrize("start", [["manage.py", "check"], ["-c", "import proveflow.wsgi"]], ids=["command", "server"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"SECRET_KEY": "$" + SECRETS["SECRET_KEY"]},
        {"DATABASE_URL": f"postgres://u:{PASSWORD}#@h/x"},
        {"ALLOWED_HOSTS": "verify.example.com:443"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_no_process_starts_and_none_ends_with_a_traceback(
    right: dict[str, str], start: list[str], wrong: dict[str, str]
) -> None:
    ended = subprocess.run(
        [sys.executable, *start], cwd=ROOT, env={**right, **wrong}, capture_output=True, text=True, check=False
    )
    assert ended.returncode and "Traceback" not in ended.stderr + ended.stdout and next(iter(wrong)) in ended.stderr
    assert not any(secret in ended.stderr for secret in VALUES)


def without_settings(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command, environment = [sys.executable, "manage.py", *arguments], {"ENV_FILE": os.devnull}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["makemigrations", "migrate", "shell", "recover", "createreviewer", "nonsense"])
def test_a_command_that_needs_settings_says_which_one_is_missing(command: str) -> None:
    ended = without_settings(command, "--help")
    assert (ended.returncode, ended.stderr) == (1, "SECRET_KEY is not set: .env.example tells what belongs there.\n")


@pytest.mark.parametrize("arguments", [["help"], ["--version"], ["sandbox", "--help"]])
def test_a_command_that_needs_no_settings_runs_without_them(arguments: list[str]) -> None:
    assert without_settings(*arguments).returncode == 0


def test_variables_that_name_each_other_are_told(right: dict[str, str]) -> None:
    (said,) = told(right | {"PROVE_CLIENT_ID": "$PROVE_CLIENT_SECRET", "PROVE_CLIENT_SECRET": "$PROVE_CLIENT_ID"})
    assert said.startswith("PROVE_CLIENT_ID begins with $")


# --- What is meant is taken -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "written", "setting", "meant"),
    [
        ("ALLOWED_HOSTS", " a.example , .b.example,", "ALLOWED_HOSTS", ["a.example", ".b.example"]),
        ("ALLOWED_COUNTRIES", "US, CA", "ALLOWED_COUNTRIES", ["US", "CA"]),
        ("PROVE_CLIENT_SECRET", "secret\n", "PROVE_CLIENT_SECRET", "secret"),
        ("PROVE_CLIENT_SECRET", r"\$secret", "PROVE_CLIENT_SECRET", "$secret"),
        ("PROVE_CLIENT_SECRET", "${PROVE_CLIENT_ID}", "PROVE_CLIENT_SECRET", "prove-client"),
        ("RETENTION_DAYS", "", "RETENTION_DAYS", 90),
        ("TWILIO_LOOKUP", "Yes", "TWILIO_LOOKUP", True),
        ("TWILIO_LOOKUP", "", "TWILIO_LOOKUP", False),
        ("LIMITS", "", "LIMITS", {}),
        ("LOG_LEVEL", "debug", "LOG_LEVEL", "DEBUG"),
        ("LOG_LEVEL", "", "LOG_LEVEL", "INFO"),
        ("LOG_FORMAT", "JSON", "LOG_FORMAT", "json"),
        ("BRAND_NAME", '"Acme"', "BRAND_NAME", '"Acme"'),
    ],
)
def test_blanks_and_empty_values_are_taken_as_they_are_meant(
    right: dict[str, str], name: str, written: str, setting: str, meant: object
) -> None:
    assert read(right | {name: written})[setting] == meant


def test_forms_are_accepted_from_the_hosts_and_their_subdomains_and_from_further_origins(right: dict[str, str]) -> None:
    hosts = {"ALLOWED_HOSTS": "Verify.example.com,.NGROK-free.app"}
    further = {"CSRF_TRUSTED_ORIGINS": "https://VERIFY.example.com:8443"}
    assert set(read(right | hosts | further)["CSRF_TRUSTED_ORIGINS"]) == {
        *("https://verify.example.com", "https://verify.example.com:8443"),
        *("https://ngrok-free.app", "https://*.ngrok-free.app"),
    }


@pytest.mark.parametrize(
    ("variables", "origin"),
    [
        ({"ALLOWED_HOSTS": ".NGROK-free.app"}, "https://a1.ngrok-free.app"),
        ({"CSRF_TRUSTED_ORIGINS": "https://verify.example.com:8443"}, "https://verify.example.com:8443"),
    ],
    ids=["subdomain", "port"],
)
def test_a_form_passes_though_tls_ends_at_a_proxy_that_does_not_say_so(
    db: None, settings: Any, right: dict[str, str], variables: dict[str, str], origin: str
) -> None:
    found = read(right | variables)
    settings.ALLOWED_HOSTS, settings.CSRF_TRUSTED_ORIGINS = found["ALLOWED_HOSTS"], found["CSRF_TRUSTED_ORIGINS"]
    browser = Client(enforce_csrf_checks=True, headers={"host": str(urlsplit(origin).hostname)})
    token = browser.get("/").context["csrf_token"]
    sent = {"origin": origin, "sec-fetch-site": "same-origin"}
    assert browser.post("/restart/", {"csrfmiddlewaretoken": str(token)}, headers=sent).status_code == 302


def test_browsers_are_told_for_one_day_by_default_to_come_back_by_https(right: dict[str, str]) -> None:
    names = ("SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD")
    assert [read(right)[name] for name in names] == [24 * 3600, False, False]
    longer = read(right | {"HSTS_DAYS": "365", "HSTS_SUBDOMAINS": "1", "HSTS_PRELOAD": "1"})
    assert [longer[name] for name in names] == [365 * 24 * 3600, True, True]


def test_what_other_programs_read_is_no_misspelling(right: dict[str, str]) -> None:
    others = {"TWILIO_EDGE": "sydney", "PROVE_SERVICE_HOST": "10.0.0.1", "PROVE_PORT_80_TCP_ADDR": "10.0.0.1"}
    others |= {"TEST_DATABASE_URL": "x", "DEBUGINFOD_URLS": "x", "LINES": "40", "SECRET_KEY_BASE": "x", "TERM": "xterm"}
    assert told(right | others) == []


# --- The .env file ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"DEBUG = 1\n", "line 1"),
        (b"# ours\n\nDEBUG=1\nRETENTION_DAYS: 90\n", "line 4"),
        ("DEBUG=1\n".encode("utf-16"), "UTF-8"),
        (b"RETENTION_DAY=90\n", "RETENTION_DAYS"),
    ],
)
def test_a_line_of_the_file_that_would_be_skipped_is_told(
    right: dict[str, str], tmp_path: Path, content: bytes, why: str
) -> None:
    (tmp_path / ".env").write_bytes(content)
    (sentence,) = told(right | {"ENV_FILE": str(tmp_path / ".env")})
    assert why in sentence


def test_the_file_may_have_a_byte_order_mark_and_lines_as_in_windows(right: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("\ufeffRETENTION_DAYS=7\r\nexport BRAND_NAME='Acme'\r\n".encode())
    found = read(right | {"ENV_FILE": str(tmp_path / ".env")})
    assert (found["RETENTION_DAYS"], found["BRAND_NAME"]) == (7, "Acme")


def test_variables_of_the_process_win_and_stay_as_they_are(right: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RETENTION_DAYS=7\nHOLD_DAYS=8\n")
    before = dict(os.environ)
    found = read(right | {"ENV_FILE": str(tmp_path / ".env"), "RETENTION_DAYS": "9"})
    assert (found["RETENTION_DAYS"], found["HOLD_LIFE"].days) == (9, 8)
    assert dict(os.environ) == before


# --- DATABASE_URL -----------------------------------------------------------------------------------------------------


def test_options_of_the_url_are_joined_to_ours_and_win(right: dict[str, str]) -> None:
    url = RIGHT["DATABASE_URL"] + "?connect_timeout=9&sslmode=verify-full&options=-c%20search_path%3Dproveflow"
    options = read(right | {"DATABASE_URL": url})["DATABASES"]["default"]["OPTIONS"]
    assert (options["connect_timeout"], options["sslmode"], options["tcp_user_timeout"]) == (9, "verify-full", 5000)
    assert options["options"].startswith("-c statement_timeout=3000 ")
    assert options["options"].endswith(" -c search_path=proveflow")


def test_a_worker_has_as_many_connections_as_the_setting_says_and_closes_those_that_are_idle(
    right: dict[str, str],
) -> None:
    pool = read(right | {"DATABASE_POOL_SIZE": "3"})["DATABASES"]["default"]["OPTIONS"]["pool"]
    assert (pool["min_size"], pool["max_size"]) == (1, 3) and pool["max_idle"] <= 60


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("127.0.0.1:9/x", "Connection refused"),
        ("/x?host=/nowhere", "No such file or directory"),
        ("127.0.0.1:9/x?sslmode=nonsense", "invalid sslmode value"),
    ],
)
@pytest.mark.parametrize("command", share(deep=["migrate", "recover"], quick=["recover"]))
def test_a_database_that_cannot_be_reached_is_told_in_the_drivers_own_words(
    right: dict[str, str], command: str, place: str, reason: str
) -> None:
    environment = right | {"DATABASE_URL": f"postgres://u:{PASSWORD}@{place}"}
    ended = subprocess.run(
        [sys.executable, "manage.py", command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode and reason in ended.stderr and "Traceback" not in ended.stderr
    assert PASSWORD not in ended.stderr + ended.stdout


def test_a_password_with_special_characters_is_read_from_its_escapes(right: dict[str, str]) -> None:
    url = "postgres://u:p%23%2F%3F%40%25@host/x"
    assert read(right | {"DATABASE_URL": url})["DATABASES"]["default"]["PASSWORD"] == "p#/?@%"
