"""Fixtures of the API's tests."""

import pytest

from onboarding.api.models import PublishableKey
from tests.api.app import App
from tests.journey.conftest import later, sandbox, visitor

__all__ = ["later", "sandbox", "visitor"]


@pytest.fixture
def key(db: None) -> PublishableKey:
    return PublishableKey.objects.create(name="the app")


@pytest.fixture
def app(key: PublishableKey) -> App:
    return App(key.key)
