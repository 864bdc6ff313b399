"""The settings that follow from environment variables."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, product_environment

CREDENTIALS = {
    "DEBUG": "0",
    "PROVE_CLIENT_ID": "an-id",
    "PROVE_CLIENT_SECRET": "a-secret",
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "a-token",
    "TWILIO_VERIFY_SERVICE_SID": "VA" + "1" * 32,
}
OF_THE_PROJECT, NAMES = (
    ["SANDBOX", "INSTALLED_APPS"],
    ["PROVE_BASE_URL", "TWILIO_BASE_URL", "PROVE_DEVICE_ORIGINS", "UPSTREAM_ADAPTERS"],
)
NAMES += ["TWILIO_LOOKUP_BASE_URL", "TWILIO_MESSAGING_BASE_URL", "TWILIO_SENDER", "TWILIO_LOOKUP"]
NAMES += ["PROVE_CHECK_REPUTATION", "TEST_NUMBERS"]
READ = f"""
import json, proveflow.settings as s
from onboarding.conf import read
c = read(s.PROVEFLOW)
print(json.dumps({{n: getattr(s, n) for n in {OF_THE_PROJECT}}} | {{n: getattr(c, n) for n in {NAMES}}}))
"""


def settings(folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Import the settings in a process of its own, which prints those in NAMES as JSON."""
    env = {"PATH": "", **product_environment(folder, **environment)}
    return subprocess.run([sys.executable, "-c", READ], cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_credentials_and_debug_off_are_enough_to_use_proves_uat_and_twilio(tmp_path: Path) -> None:
    values = json.loads(settings(tmp_path, **CREDENTIALS).stdout)
    assert values["PROVE_BASE_URL"] == "https://platform.uat.proveapis.com"
    assert values["TWILIO_BASE_URL"] == "https://verify.twilio.com"
    assert values["TWILIO_LOOKUP_BASE_URL"] == "https://lookups.twilio.com"
    assert values["TWILIO_MESSAGING_BASE_URL"] == "https://api.twilio.com"
    assert not values["TWILIO_SENDER"] and not values["TWILIO_LOOKUP"] and not values["PROVE_CHECK_REPUTATION"]
    assert values["PROVE_DEVICE_ORIGINS"] == ["https://device.uat.prove-auth.proveapis.com"]
    assert not values["SANDBOX"] and "sandbox" not in values["INSTALLED_APPS"] and values["UPSTREAM_ADAPTERS"] == {}


@pytest.mark.parametrize(
    ("base_url", "are_taken"),
    [
        ("https://platform.uat.proveapis.com", True),
        ("https://platform.uat.eu.proveapis.com", True),
        ("http://127.0.0.1:9090/sandbox/prove", True),
        ("https://platform.proveapis.com", False),
        ("https://platform.eu.proveapis.com", False),
    ],
)
def test_proves_test_users_are_accepted_where_prove_is_a_sandbox(
    tmp_path: Path, base_url: str, are_taken: bool
) -> None:
    values = json.loads(settings(tmp_path, **CREDENTIALS | {"PROVE_BASE_URL": base_url}).stdout)
    assert ("+12001004014" in values["TEST_NUMBERS"]) is ("+2001004025" in values["TEST_NUMBERS"]) is are_taken


@pytest.mark.parametrize("missing", ["PROVE_CLIENT_ID", "TWILIO_ACCOUNT_SID"])
def test_with_debug_off_the_built_in_sandbox_is_refused(tmp_path: Path, missing: str) -> None:
    ended = settings(tmp_path, **CREDENTIALS | {missing: ""})
    assert ended.returncode != 0
    assert "The built-in sandbox is for DEBUG=1 only" in ended.stderr


@pytest.mark.parametrize("missing", ["PROVE_CLIENT_SECRET", "TWILIO_VERIFY_SERVICE_SID"])
def test_a_missing_secret_is_named(tmp_path: Path, missing: str) -> None:
    ended = settings(tmp_path, **{name: value for name, value in CREDENTIALS.items() if name != missing})
    assert ended.returncode != 0 and missing in ended.stderr


def test_an_empty_database_url_and_a_trailing_slash_are_accepted(tmp_path: Path) -> None:
    changes = {"DATABASE_URL": "", "PROVE_BASE_URL": "https://platform.proveapis.com/"}
    values = json.loads(settings(tmp_path, **CREDENTIALS | changes).stdout)
    assert values["PROVE_DEVICE_ORIGINS"] == ["https://device.prove-auth.proveapis.com"]


def test_debug_alone_uses_the_sandbox(tmp_path: Path) -> None:
    values = json.loads(settings(tmp_path, DEBUG="1").stdout)
    assert values["SANDBOX"] and values["PROVE_BASE_URL"].startswith("sandbox://")


def test_env_example_lists_every_variable_that_is_read() -> None:
    read = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "proveflow/settings.py").read_text())
    read = [*read, *re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "sandbox/settings.py").read_text())]
    listed = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert len(read) > 40 and {*read} - {"DATABASE_URL", "ENV_FILE"} <= {*listed}
    assert {*listed} <= {*read, "DATABASE_URL"}


def test_env_file_names_the_file_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "our.env").write_text("DEBUG=1\nTWILIO_LOOKUP=1\n")
    assert json.loads(settings(tmp_path, ENV_FILE=str(tmp_path / "our.env")).stdout)["TWILIO_LOOKUP"]
