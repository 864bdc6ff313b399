"""What holds for every path, wherever a browser stands: nothing happens but by a POST of our own pages."""

from typing import Any

import pytest

from onboarding.models import Binding, Handoff, OnboardingSession
from tests.hostile.paths import OURS
from tests.hostile.places import PLACES, Place, Standing, lines, numbered
from tests.journey.conftest import Sandbox

LANGUAGE = "/language/"  # Django's own view: it leads on, and does nothing, where ours answer 405
DESK = "/admin/"
PASSING = ("csrftoken", "sessionid", "messages")
OTHER_SITES = ("cross-site", "same-site", "something-new")
OTHER_METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")

pytestmark = pytest.mark.parametrize("place", PLACES, ids=str)


@pytest.fixture
def standing(db: None, sandbox: Sandbox, place: Place) -> Standing:
    return place.take(numbered(123), sandbox)


def all_that_is(standing: Standing, sandbox: Sandbox) -> list[Any]:
    """What vendors heard, where everything stands, and what the browser was asked to keep in mind."""
    kept = {name: morsel.value for name, morsel in standing.client.cookies.items() if name not in PASSING}
    rows = [model.objects.order_by("pk") for model in (OnboardingSession, Binding, Handoff)]
    return [kept, lines(sandbox), *(list(each.values()) for each in rows)]


def test_a_post_without_the_csrf_token_is_refused(standing: Standing, sandbox: Sandbox) -> None:
    before, form = all_that_is(standing, sandbox), {"phone": standing.number}
    answers = {path: standing.client.post(standing.path(path), form).status_code for path in OURS}
    assert {path: status for path, status in answers.items() if status != 403} == {}
    assert all_that_is(standing, sandbox) == before


def test_a_post_from_another_site_is_refused_even_with_the_token(
    standing: Standing, sandbox: Sandbox, place: Place
) -> None:
    before = all_that_is(standing, sandbox)
    for site in OTHER_SITES:
        headers = {"Sec-Fetch-Site": site, **token(standing)}
        answers = {path: standing.client.post(standing.path(path), headers=headers).status_code for path in OURS}
        assert {path: status for path, status in answers.items() if status != 403} == {}, site
    assert all_that_is(standing, sandbox) == before


@pytest.mark.parametrize("method", ["get", "head"])
def test_to_look_does_nothing(standing: Standing, sandbox: Sandbox, method: str) -> None:
    before = all_that_is(standing, sandbox)
    for path in OURS:
        answer = getattr(standing.client, method)(standing.path(path))
        assert answer.status_code in (200, 302, 403, 404, 405), path
        assert all_that_is(standing, sandbox) == before, path


def test_no_other_method_does_anything(standing: Standing, sandbox: Sandbox) -> None:
    before, headers = all_that_is(standing, sandbox), token(standing)
    for path in OURS:
        for method in OTHER_METHODS:
            answer = standing.client.generic(method, standing.path(path), headers=headers)
            if path != LANGUAGE and not path.startswith(DESK):
                assert answer.status_code == 405 and answer["Allow"], f"{method} {path}"
        assert all_that_is(standing, sandbox) == before, path


def token(standing: Standing) -> dict[str, str]:
    return {"X-CSRFToken": standing.csrf_token()}
