"""Every path in every situation: only a POST from our own pages has an effect."""

from typing import Any

import pytest
from django.db import connection

from onboarding.models import Binding, Handoff, OnboardingSession
from tests.deep.conftest import DEEP
from tests.hostile.paths import OURS
from tests.hostile.situations import SITUATIONS, PreparedBrowser, Situation, number_of, vendor_calls
from tests.journey.conftest import Sandbox

LANGUAGE = "/language/"  # Django's own view: where ours answer 405, it redirects and has no effect
DESK = "/admin/"
COOKIES_WITHOUT_EFFECT = ("csrftoken", "sessionid", "messages")
OTHER_SITES = ("cross-site", "same-site", "something-new")
OTHER_METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")

pytestmark = [
    pytest.mark.parametrize("situation", SITUATIONS, ids=str),
    pytest.mark.skipif(
        connection.vendor == "postgresql" and not DEEP, reason="no database decides it: on both in make test-deep"
    ),
]


@pytest.fixture
def prepared(db: None, sandbox: Sandbox, situation: Situation) -> PreparedBrowser:
    return situation.prepare(number_of(123), sandbox)


def everything(prepared: PreparedBrowser, sandbox: Sandbox) -> list[Any]:
    """Return the browser's cookies, the calls that vendors received, and all rows."""
    kept = {
        name: morsel.value for name, morsel in prepared.client.cookies.items() if name not in COOKIES_WITHOUT_EFFECT
    }
    rows = [model.objects.order_by("pk") for model in (OnboardingSession, Binding, Handoff)]
    return [kept, vendor_calls(sandbox), *(list(each.values()) for each in rows)]


def test_a_post_without_the_csrf_token_is_refused(prepared: PreparedBrowser, sandbox: Sandbox) -> None:
    before, form = everything(prepared, sandbox), {"phone": prepared.number}
    answers = {path: prepared.client.post(prepared.path(path), form).status_code for path in OURS}
    assert {path: status for path, status in answers.items() if status != 403} == {}
    assert everything(prepared, sandbox) == before


def test_a_post_from_another_site_is_refused_even_with_the_token(
    prepared: PreparedBrowser, sandbox: Sandbox, situation: Situation
) -> None:
    before = everything(prepared, sandbox)
    for site in OTHER_SITES:
        headers = {"Sec-Fetch-Site": site, **token(prepared)}
        answers = {path: prepared.client.post(prepared.path(path), headers=headers).status_code for path in OURS}
        assert {path: status for path, status in answers.items() if status != 403} == {}, site
    assert everything(prepared, sandbox) == before


@pytest.mark.parametrize("method", ["get", "head"])
def test_get_and_head_have_no_effect(prepared: PreparedBrowser, sandbox: Sandbox, method: str) -> None:
    before = everything(prepared, sandbox)
    for path in OURS:
        answer = getattr(prepared.client, method)(prepared.path(path))
        assert answer.status_code in (200, 302, 403, 404, 405), path
    assert everything(prepared, sandbox) == before


def test_other_methods_have_no_effect(prepared: PreparedBrowser, sandbox: Sandbox) -> None:
    before, headers = everything(prepared, sandbox), token(prepared)
    for path in OURS:
        for method in OTHER_METHODS:
            answer = prepared.client.generic(method, prepared.path(path), headers=headers)
            if path != LANGUAGE and not path.startswith(DESK):
                assert answer.status_code == 405 and answer["Allow"], f"{method} {path}"
    assert everything(prepared, sandbox) == before


def token(prepared: PreparedBrowser) -> dict[str, str]:
    return {"X-CSRFToken": prepared.csrf_token()}
