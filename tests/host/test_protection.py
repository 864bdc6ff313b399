"""The middleware `protection` covers the pages and the API of a host project, wherever they are, and nothing else."""

from typing import Any, ClassVar

import pytest
from django.http import HttpResponse
from django.test import Client

from onboarding.api.models import PublishableKey
from onboarding.hooks import Hooks, Proof
from onboarding.upstream.deadline import current_call
from tests.api.app import App
from tests.journey.conftest import Sandbox

pytestmark = pytest.mark.django_db
ELSEWHERE = {"Sec-Fetch-Site": "cross-site"}


class Host(Hooks):
    """Notes the path of the requests, and whether they have a deadline, which link a number."""

    seen: ClassVar[list[tuple[str, bool]]] = []

    def user_for(self, request: Any, proof: Proof) -> Any:
        self.seen.append((request and request.path, current_call().left > 0))
        return super().user_for(request, proof)


@pytest.fixture(autouse=True)
def host(settings: Any) -> None:
    settings.ROOT_URLCONF, settings.HOOKS = "tests.host.urls", "tests.host.test_protection.Host"
    django = [each for each in settings.MIDDLEWARE if each.startswith("django.contrib.")]
    ours = ["onboarding.api.middleware.api", "onboarding.web.middleware.protection"]
    otp = ["django_otp.middleware.OTPMiddleware", "onboarding.web.logins.ended_logins"]
    settings.MIDDLEWARE = [*ours, *django, *otp]


def test_the_api_beside_the_pages_has_a_deadline_and_its_hooks_get_the_request(sandbox: Sandbox) -> None:
    app = App(PublishableKey.objects.create(name="the app").key)
    assert app.links().json()["status"] == "linked"
    assert Host.seen == [(f"/api/v1/verifications/{app.verification['id']}/code/check", True)]


def test_a_large_body_is_refused_by_the_api_and_by_the_pages_but_not_by_the_host() -> None:
    large: dict[str, Any] = {
        "data": b"x" * 20_000,
        "content_type": "application/json",
        "headers": {"Authorization": "Bearer pk_"},
    }
    paths = ("/api/v1/verifications", "/verify/start/", "/")
    assert [Client().post(path, **large).status_code for path in paths] == [413, 413, 200]


def test_the_host_may_leave_the_api_out(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.projects.shop.shop.urls"
    assert Client().get("/verify/").status_code == 200
    assert Client().post("/verify/start/", headers=ELSEWHERE).status_code == 403


def test_paths_that_begin_with_a_language_are_protected_whatever_was_asked_for_before(settings: Any) -> None:
    """The language of a thread is that of its latest request."""
    settings.ROOT_URLCONF = "tests.host.urls_of_languages"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.middleware.locale.LocaleMiddleware"]
    for language in ("de", "en", "pt-br", "de"):
        page = Client().get(f"/{language}/verify/")
        assert (page.status_code, "Content-Security-Policy" in page.headers) == (200, True), language
        assert Client().post(f"/{language}/verify/start/", headers=ELSEWHERE).status_code == 403
        answer = Client().get(f"/{language}/api/v1/session")
        assert (answer.status_code, answer["Cache-Control"]) == (401, "no-store"), language


def limiter(_get_response: Any) -> Any:
    """A middleware of a host, which says in a date when to come back."""
    return lambda _request: HttpResponse(status=429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"})


def test_an_error_of_the_hosts_middleware_is_a_problem_though_its_retry_after_is_a_date(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.host.test_protection.limiter"]
    answer = Client().get("/api/v1/session")
    assert (answer.status_code, answer.json()["code"]) == (429, "limited")
