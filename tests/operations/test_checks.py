"""Start-up checks: each misconfiguration is reported with its id, and a right configuration passes."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings

from onboarding.conf import NAME, TYPES, conf, given, read
from tests.processes import ROOT

pytestmark = pytest.mark.django_db  # from Django 6.1 on, its check of JSON fields asks SQLite what it supports
GOOD_KEY = "k9Zq-x7Rw_" * 6
# Django's test runner switches DEBUG off.
DEVELOPMENT: dict[str, Any] = {"DEBUG": True, "PROVE_DEVICE_ORIGINS": ["https://device.example.com"]}
DEVELOPMENT |= {"PROVE_EU_CLIENT_ID": "", "PROVE_EU_CLIENT_SECRET": ""}
PRODUCTION: dict[str, Any] = {
    "DEBUG": False,
    "UPSTREAM_ADAPTERS": {},
    "SECRET_KEY": GOOD_KEY,
    "DATA_KEYS": [GOOD_KEY[::-1]],
    "PROVE_BASE_URL": "https://platform.proveapis.com",
    "TWILIO_BASE_URL": "https://verify.twilio.com",
    "SUPPORT_URL": "https://example.com/help",
    "CONTINUE_URL": "https://app.example.com/",
    "LIMITS_WATCH_ONLY": False,
    "ALLOWED_COUNTRIES": ["US"],
    "PROVE_DEVICE_ORIGINS": ["https://device.uat.prove-auth.proveapis.com"],
}


def split(changes: dict[str, Any]) -> dict[str, Any]:
    """Return Django's settings of the changes, with the app's own in PROVEFLOW."""
    own = {name: value for name, value in changes.items() if name in TYPES}
    return {NAME: {**given(), **own}, **{name: value for name, value in changes.items() if name not in TYPES}}


def ours(*, engine: str = "postgresql", **changes: Any) -> list[CheckMessage]:
    database = {"ENGINE": f"django.db.backends.{engine}"}
    with mock.patch.dict(settings.DATABASES["default"], database), override_settings(**split(DEVELOPMENT | changes)):
        return [message for message in run_checks() if str(message.id).startswith("proveflow.")]


def ids(**changes: Any) -> list[str]:
    return [str(message.id) for message in ours(**changes)]


def test_development_with_the_sandbox_passes() -> None:
    assert ids() == []


def test_production_passes() -> None:
    assert ids(**PRODUCTION) == []


def test_an_unknown_setting_is_named_with_the_nearest_known_one() -> None:
    with override_settings(PROVEFLOW={**given(), "ALOWED_COUNTRIES": ["US"], "Brand_name": "Acme", "COLOUR": "red"}):
        found = [(message.id, message.msg, message.hint) for message in run_checks()]
    assert [(id_, hint) for id_, _, hint in found] == [
        ("proveflow.E043", "Did you mean 'ALLOWED_COUNTRIES'?"),
        ("proveflow.E043", "Did you mean 'BRAND_NAME'?"),
        ("proveflow.E043", "Leave it out."),
    ]
    assert "'ALOWED_COUNTRIES'" in found[0][1]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("CODE_LENGTH", "6", "int"),
        ("CODE_LENGTH", True, "int"),
        ("REBIND_REVIEW", 1, "bool"),
        ("LOGIN_IDLE", 60, "timedelta"),
        ("ALLOWED_COUNTRIES", "US", "list of strings"),
        ("ALLOWED_COUNTRIES", [1], "list of strings"),
        ("LIMITS", [], "dict with strings as keys"),
        ("BRAND_NAME", None, "str"),
    ],
)
def test_a_setting_of_a_wrong_type_is_an_error(name: str, value: object, expected: str) -> None:
    with override_settings(PROVEFLOW={**given(), name: value}):
        [message] = run_checks()
        with pytest.raises(ImproperlyConfigured, match=name):
            assert conf.BRAND_NAME
    assert message.id == "proveflow.E043" and name in message.msg and message.hint == f"Its type is {expected}."


@pytest.mark.parametrize("wrong", [({"RETENTION_DAYS": 90},), None, [], "RETENTION_DAYS=90"])
def test_a_dict_that_is_none_is_told_in_a_sentence(wrong: object) -> None:
    """A comma behind the dict makes it a tuple."""
    with override_settings(PROVEFLOW=wrong):
        [message] = run_checks()
        with pytest.raises(ImproperlyConfigured, match="PROVEFLOW has the wrong type"):
            assert conf.BRAND_NAME
    assert message.id == "proveflow.E043" and message.msg.startswith("PROVEFLOW has the wrong type")


def test_every_setting_has_a_default() -> None:
    made = read({})
    assert made.ALLOWED_COUNTRIES == ["US"] and made.TWILIO_LOOKUP_BASE_URL == "https://lookups.twilio.com"
    assert not conf_reads_elsewhere()


def conf_reads_elsewhere() -> list[str]:
    """Return the modules of the app that read the dict, or a setting by a computed name."""
    modules = (path for path in (ROOT / "onboarding").rglob("*.py") if path.name != "conf.py")
    return [path.name for path in modules if re.search(r"getattr\(settings|settings\.PROVEFLOW", path.read_text())]


@pytest.mark.parametrize("setting", ["PROVE_BASE_URL", "TWILIO_BASE_URL"])
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://platform.proveapis.com", []),
        ("http://127.0.0.1:9090/sandbox/prove", []),
        ("http://[::1]:9090/sandbox/prove", []),
        ("http://localhost:9090", []),
        ("http://platform.proveapis.com", ["proveflow.E001"]),
        ("http://127.0.0.1.example.com", ["proveflow.E001"]),
        ("http://10.0.0.1", ["proveflow.E001"]),
        ("ftp://127.0.0.1", ["proveflow.E001"]),
        ("platform.proveapis.com", ["proveflow.E001"]),
        ("https://", ["proveflow.E001"]),
        ("", ["proveflow.E001"]),
        ("https://id:secret@platform.proveapis.com", ["proveflow.E002"]),
        ("http://127.0.0.1@platform.proveapis.com", ["proveflow.E001", "proveflow.E002"]),
    ],
)
def test_a_base_url_is_https_or_loopback_and_holds_no_credentials(setting: str, url: str, expected: list[str]) -> None:
    assert ids(**{setting: url}) == expected


def test_a_sandbox_url_is_allowed_only_if_an_adapter_is_mounted() -> None:
    base = {"PROVE_BASE_URL": "sandbox://embedded/sandbox/prove", "TWILIO_BASE_URL": "https://verify.twilio.com"}
    assert ids(**base, UPSTREAM_ADAPTERS={"sandbox://": "sandbox.adapter.SandboxAdapter"}) == []
    assert ids(**base, UPSTREAM_ADAPTERS={}) == ["proveflow.E001"]


@pytest.mark.parametrize("key", ["short", "x" * 60, "django-insecure-" + "k9Zq" * 12, "changeme-" + "k9Zq" * 12])
def test_a_weak_secret_key_is_an_error_in_production_only(key: str) -> None:
    assert ids(**PRODUCTION | {"SECRET_KEY": key}) == ["proveflow.E003"]
    assert ids(SECRET_KEY=key) == []


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([], ["proveflow.W052"]),
        (["plain"], ["proveflow.W052"]),
        (["plain", GOOD_KEY[::-1]], ["proveflow.W052"]),
        ([GOOD_KEY[::-1], "plain"], ["proveflow.E053"]),
        ([GOOD_KEY], ["proveflow.E053"]),
        ([GOOD_KEY[::-1], "short"], ["proveflow.E003"]),
    ],
)
def test_numbers_are_encrypted_in_production_under_strong_keys_of_their_own(
    keys: list[str], expected: list[str]
) -> None:
    assert ids(**PRODUCTION | {"DATA_KEYS": keys}) == expected
    assert ids(DATA_KEYS=keys) == (["proveflow.E053"] if "plain" in keys[1:] else [])


def test_a_missing_web_sdk_says_which_command_installs_it(tmp_path: Path) -> None:
    (message,) = ours(STATICFILES_DIRS=[tmp_path])
    assert message.id == "proveflow.E004" and "make run" in str(message.hint)


@pytest.mark.parametrize(
    ("setting", "sid", "expected"),
    [
        ("TWILIO_ACCOUNT_SID", "AC" + "0aF" * 10 + "00", []),
        ("TWILIO_ACCOUNT_SID", "VA" + "0" * 32, ["proveflow.E005"]),
        ("TWILIO_ACCOUNT_SID", "AC" + "0" * 31, ["proveflow.E005"]),
        ("TWILIO_ACCOUNT_SID", "AC" + "g" * 32, ["proveflow.E005"]),
        ("TWILIO_VERIFY_SERVICE_SID", "VA" + "f" * 32, []),
        ("TWILIO_VERIFY_SERVICE_SID", "AC" + "0" * 32, ["proveflow.E005"]),
        ("TWILIO_VERIFY_SERVICE_SID", "", ["proveflow.E005"]),
        ("TWILIO_SENDER", "", []),
        ("TWILIO_SENDER", "MG" + "0" * 32, []),
        ("TWILIO_SENDER", "+12015550123", []),
        ("TWILIO_SENDER", "Acme", ["proveflow.E005"]),
    ],
)
def test_sids_have_their_prefix_and_32_hexadecimal_digits_and_a_sender_may_be_a_number(
    setting: str, sid: str, expected: list[str]
) -> None:
    assert ids(**{setting: sid}) == expected


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(["sms"], []), (["call", "sms"], []), ([], ["proveflow.E022"]), (["sms", "pigeon"], ["proveflow.E022"])],
)
def test_channels_that_do_not_exist_are_an_error(channels: list[str], expected: list[str]) -> None:
    assert ids(CODE_CHANNELS=channels) == expected


@pytest.mark.parametrize("region", ["XX", "us", "", "+1"])
def test_a_default_region_without_phone_numbers_is_an_error(region: str) -> None:
    assert ids(DEFAULT_REGION=region) == ["proveflow.E006"]


def test_a_default_region_that_is_not_served_is_a_warning() -> None:
    assert ids(DEFAULT_REGION="US", ALLOWED_COUNTRIES=["US", "CA"]) == []
    assert ids(DEFAULT_REGION="US", ALLOWED_COUNTRIES=[]) == []
    assert ids(DEFAULT_REGION="US", ALLOWED_COUNTRIES=["CA"]) == ["proveflow.W013"]


def test_a_reputation_check_without_carrier_consent_is_a_warning() -> None:
    assert ids(PROVE_CHECK_REPUTATION=True, CARRIER_CONSENT="I agree.") == []
    assert ids(PROVE_CHECK_REPUTATION=True, CARRIER_CONSENT="") == ["proveflow.W014"]


def test_the_sandbox_is_refused_in_production() -> None:
    assert ids(**PRODUCTION | {"UPSTREAM_ADAPTERS": {"sandbox://": "sandbox.adapter.SandboxAdapter"}}) == [
        "proveflow.E007"
    ]


def test_sqlite_in_production_is_a_warning() -> None:
    assert ids(engine="sqlite3") == []
    (message,) = ours(**PRODUCTION, engine="sqlite3")
    assert message.id == "proveflow.W008" and not message.is_serious()


def test_every_message_has_a_hint() -> None:
    wrong = {"PROVE_BASE_URL": "http://id:secret@example.com", "DEFAULT_REGION": "XX", "TWILIO_ACCOUNT_SID": "x"}
    messages = ours(**PRODUCTION | wrong | {"SECRET_KEY": "short", "UPSTREAM_ADAPTERS": {"x://": ""}})
    assert len(messages) == 7 and all(message.hint for message in messages)


def test_production_without_a_support_url_is_a_warning() -> None:
    assert ids(**PRODUCTION | {"SUPPORT_URL": ""}) == ["proveflow.W015"]


def test_production_that_asks_proves_test_environment_is_a_warning() -> None:
    assert ids(**PRODUCTION | {"PROVE_BASE_URL": "https://platform.uat.proveapis.com"}) == ["proveflow.W041"]


def test_production_without_a_way_on_is_a_warning() -> None:
    assert ids(**PRODUCTION | {"CONTINUE_URL": ""}) == ["proveflow.W031"]


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("CONTINUE_URL", "javascript:alert(1)", ["proveflow.E032"]),
        ("CONTINUE_URL", "app.example.com", ["proveflow.E032"]),
        ("CODE_LENGTH", 4, []),
        ("CODE_LENGTH", 10, []),
        ("CODE_LENGTH", 3, ["proveflow.E033"]),
        ("CODE_LENGTH", 11, ["proveflow.E033"]),
        ("REVIEW_HOURS", 8, []),
        ("REVIEW_HOURS", 0, ["proveflow.E034"]),
        ("REVIEW_HOURS", 25, ["proveflow.E034"]),
    ],
)
def test_what_pages_promise_has_to_be_possible(setting: str, value: object, expected: list[str]) -> None:
    assert ids(**{setting: value}) == expected


def test_tls_that_ends_at_an_untrusted_proxy_is_an_error() -> None:
    behind = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}
    assert ids(**PRODUCTION | behind) == ["proveflow.E011"]
    assert ids(**PRODUCTION | behind, TRUSTED_PROXY_COUNT=1, TRUSTED_PROXY_CIDRS=["10.0.0.0/8"]) == []


def test_a_wildcard_in_allowed_hosts_is_an_error_in_production() -> None:
    assert ids(**PRODUCTION, ALLOWED_HOSTS=["*"]) == ["proveflow.E016"]


def test_watch_only_limits_and_unlimited_countries_are_warnings_in_production() -> None:
    assert ids(**PRODUCTION | {"LIMITS_WATCH_ONLY": True}) == ["proveflow.W017"]
    assert ids(**PRODUCTION | {"ALLOWED_COUNTRIES": []}) == ["proveflow.W020"]


def test_a_missing_device_origin_of_prove_is_an_error() -> None:
    assert ids(**PRODUCTION | {"PROVE_DEVICE_ORIGINS": []}) == ["proveflow.E018"]


@pytest.mark.parametrize("setting", ["LOGIN_IDLE", "LOGIN_LIFE", "STEP_UP"])
@pytest.mark.parametrize(("minutes", "expected"), [(5, []), (4, ["proveflow.E019"]), (-1, ["proveflow.E019"])])
def test_a_log_in_lasts_five_minutes_or_longer(settings: Any, setting: str, minutes: int, expected: list[str]) -> None:
    setattr(settings, setting, timedelta(minutes=minutes))
    assert ids() == expected


@pytest.mark.parametrize("setting", ["TEXT_PRICE_CENTS", "RETENTION_DAYS", "LOG_RETENTION_DAYS"])
@pytest.mark.parametrize(("number", "expected"), [(1, []), (0, ["proveflow.E019"]), (-1, ["proveflow.E019"])])
def test_a_price_and_a_retention_are_at_least_one(setting: str, number: int, expected: list[str]) -> None:
    assert ids(**{setting: number}) == expected


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"sends_address": {"every_s": 0}}, ["proveflow.E009"]),
        ({"sends_address": {"every_s": 0.5}}, []),
        ({"sends_address": {"burst": 0}}, []),
        ({"number_owner": {"every_s": 599}}, ["proveflow.E009"]),
        ({"number_owner": {"every_s": 600}}, []),
        ({"number_owner": 1}, ["proveflow.E009"]),
    ],
)
def test_a_budget_that_would_limit_nothing_is_an_error(limits: dict[str, Any], expected: list[str]) -> None:
    assert ids(LIMITS=limits) == expected


def test_an_api_key_needs_its_own_secret() -> None:
    key = {"TWILIO_API_KEY_SID": "SK" + "0" * 32}
    assert ids(**key, TWILIO_API_KEY_SECRET="") == ["proveflow.E005"]
    assert ids(**key, TWILIO_API_KEY_SECRET="secret") == []
    assert ids(TWILIO_API_KEY_SECRET="secret") == ["proveflow.E005"]
    assert ids(TWILIO_API_KEY_SID="VA" + "0" * 32, TWILIO_API_KEY_SECRET="secret") == ["proveflow.E005"]


def test_the_docs_list_every_check() -> None:
    listed = re.findall(r"^\| `(proveflow\.[EW]\d{3})` \|", (ROOT / "docs/design.md").read_text(), re.MULTILINE)
    code = "".join(file.read_text() for file in (ROOT / "onboarding/operations").glob("*check*.py"))
    defined = re.findall(r'id="(proveflow\.[EW]\d{3})"', code)
    assert sorted(listed) == sorted(set(defined))


@pytest.mark.parametrize("setting", ["PROVE_CLIENT_SECRET", "TWILIO_AUTH_TOKEN"])
@pytest.mark.parametrize("value", ["", "two words", "sécret"])
def test_a_credential_that_no_vendor_gave_is_an_error(setting: str, value: str) -> None:
    assert ids(**{setting: value}) == ["proveflow.E021"]


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("ALLOWED_HOSTS", ["example.com", ".example.com", "127.0.0.1", "[::1]", "*", "xn--mnchen-3ya.example"], []),
        ("ALLOWED_HOSTS", ["*.example.com"], ["proveflow.E038"]),
        ("CSRF_TRUSTED_ORIGINS", ["https://example.com:8443", "https://*.example.com", "http://[::1]:8080"], []),
        ("CSRF_TRUSTED_ORIGINS", ["https://example.com/"], ["proveflow.E038"]),
        ("CSRF_TRUSTED_ORIGINS", ["https://example.com:443"], ["proveflow.E038"]),
        ("CSRF_TRUSTED_ORIGINS", ["https://example.com:65536"], ["proveflow.E038"]),
        ("CONTINUE_HOSTS", ["app.example.com", "app.example.com:8443"], []),
        ("CONTINUE_HOSTS", ["https://app.example.com"], ["proveflow.E038"]),
        ("PROVE_DEVICE_ORIGINS", ["https://example.com; script-src *"], ["proveflow.E038"]),
        ("TERMS_URL", "/terms", []),
        ("TERMS_URL", "mailto:help@example.com", []),
        ("TERMS_URL", "//example.com", ["proveflow.E039"]),
        ("BRAND_DIR", "/nowhere", ["proveflow.E040"]),
        ("SANDBOX_STORE", "/dev/null/x/sandbox.sqlite3", ["proveflow.E040"]),
    ],
)
def test_hosts_origins_links_and_folders_are_usable(setting: str, value: object, expected: list[str]) -> None:
    assert ids(**{setting: value}) == expected


def test_production_without_a_host_is_an_error() -> None:
    assert ids(**PRODUCTION, ALLOWED_HOSTS=[]) == ["proveflow.E016"]


def test_browsers_preload_lists_need_a_year_and_the_subdomains() -> None:
    year = {"SECURE_HSTS_PRELOAD": True, "SECURE_HSTS_SECONDS": 365 * 24 * 3600}
    assert ids(**PRODUCTION, **year, SECURE_HSTS_INCLUDE_SUBDOMAINS=True) == []
    assert ids(**PRODUCTION, **year) == ["proveflow.E042"]


# --- However it is started --------------------------------------------------------------------------------------------


def test_the_daily_ceiling_is_told_with_its_setting() -> None:
    with override_settings(**split({"LIMITS": {"money": {"burst": 60_000, "every_s": 1.44}}})):
        told = [str(message) for message in run_checks(include_deployment_checks=True) if "I036" in str(message.id)]
    assert len(told) == 1 and "$600 a day" in told[0] and "LIMITS" in told[0]


def test_a_server_does_not_start_with_an_error_in_its_settings_however_it_is_started(tmp_path: Path) -> None:
    unsafe = {"SECRET_KEY": "changeme", "DEBUG": "0", "ALLOWED_HOSTS": "example.com", "STATIC_ROOT": str(tmp_path)}
    unsafe |= {"PROVE_BASE_URL": "http://127.0.0.1:9", "TWILIO_BASE_URL": "http://127.0.0.1:9"}
    unsafe |= dict.fromkeys(("PROVE_CLIENT_ID", "PROVE_CLIENT_SECRET", "TWILIO_AUTH_TOKEN"), "any")
    unsafe |= {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_VERIFY_SERVICE_SID": "VA" + "0" * 32}
    started = subprocess.run(
        [sys.executable, "-c", "import proveflow.wsgi"],
        cwd=ROOT,
        env={**os.environ, **unsafe, "DJANGO_SETTINGS_MODULE": "proveflow.settings", "ENV_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0 and "proveflow.E003" in started.stderr
    assert "changeme" not in started.stderr
