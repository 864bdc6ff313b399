"""Start-up checks of the accounts at Prove's two hosts."""

from typing import Any

import pytest
from django.test import override_settings

from onboarding.conf import given
from tests.operations.test_checks import PRODUCTION, ids

pytestmark = pytest.mark.django_db

EUROPE = {
    "PROVE_EU_CLIENT_ID": "an-id",
    "PROVE_EU_CLIENT_SECRET": "a-secret",
    "PROVE_EU_DEVICE_ORIGINS": ["https://device.example.com"],
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ALLOWED_COUNTRIES": ["US", "PR", "CA"]}, []),
        ({"ALLOWED_COUNTRIES": ["US", "DE"]}, ["proveflow.W061"]),
        ({"ALLOWED_COUNTRIES": ["US", "DE"], "PROVE_REGION": "all"}, []),
        ({"ALLOWED_COUNTRIES": ["US", "DE"], "PROVE_BASE_URL": "https://gateway.example.com"}, []),
        ({"PROVE_BASE_URL": "https://platform.eu.proveapis.com"}, ["proveflow.W061"]),
        ({"PROVE_REGION": "eu"}, ["proveflow.E060", "proveflow.W061"]),
        ({"PROVE_REGION": "europe"}, ["proveflow.E060", "proveflow.W061"]),
        ({"PROVE_EU_CLIENT_SECRET": "a-secret"}, ["proveflow.E060"]),
        ({"ALLOWED_COUNTRIES": ["US", "DE"], **EUROPE}, []),
        ({**EUROPE, "PROVE_REGION": "all"}, ["proveflow.E060"]),
        ({**EUROPE, "PROVE_BASE_URL": "https://platform.eu.proveapis.com"}, ["proveflow.E001", "proveflow.E060"]),
        ({**EUROPE, "PROVE_BASE_URL": "https://gateway.example.com"}, ["proveflow.E001"]),
        ({**EUROPE, "PROVE_EU_BASE_URL": "http://example.com"}, ["proveflow.E001"]),
        ({**EUROPE, "PROVE_EU_BASE_URL": "https://platform.uat.eu.proveapis.com"}, ["proveflow.W041"]),
        ({**EUROPE, "PROVE_EU_CLIENT_SECRET": ""}, ["proveflow.E021"]),
        ({**EUROPE, "PROVE_EU_CLIENT_ID": "two words"}, ["proveflow.E021"]),
        ({**EUROPE, "PROVE_EU_DEVICE_ORIGINS": []}, ["proveflow.E018"]),
        ({**EUROPE, "PROVE_EU_DEVICE_ORIGINS": ["device.example.com"]}, ["proveflow.E038"]),
    ],
)
def test_the_accounts_at_prove_fit_together_and_serve_the_allowed_countries(
    changes: dict[str, Any], expected: list[str]
) -> None:
    with override_settings(PROVEFLOW={name: value for name, value in given().items() if name != "PROVE_EU_BASE_URL"}):
        assert sorted(ids(**PRODUCTION | changes)) == expected
