"""The desk on a host project's own admin site, which lets any staff in: ours are pages for reviewers only."""

from collections.abc import Callable

import pytest
from django.contrib.admin import AdminSite
from django.contrib.auth.models import User
from django.test import Client
from django.urls import include, path

from onboarding.api.models import PublishableKey
from onboarding.desk.admin import register
from tests.desk.test_admin import a_binding, a_session
from tests.desk.test_reviews import at_the_desk

host = AdminSite("host")
register(host)
urlpatterns = [path("host/", host.urls), path("", include("proveflow.urls"))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
HOST, KEYS = "/host/proveflow/", "/host/proveflow_api/publishablekey/"


def staff() -> User:
    return User.objects.create(username="eve", is_staff=True, is_superuser=True)


def without_authenticator(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.mark.parametrize(("log_in", "status"), [(at_the_desk, 200), (without_authenticator, 403)])
def test_only_staff_with_an_authenticator_reach_the_lists_rows_and_keys(
    log_in: Callable[[User], Client], status: int
) -> None:
    browser, key = log_in(staff()), PublishableKey.objects.create()
    session, binding = f"{HOST}onboardingsession/", f"{HOST}binding/"
    rows = (f"{session}{a_session().pk}/change/", f"{binding}{a_binding().pk}/change/", f"{KEYS}{key.pk}/change/")
    for page in (session, binding, KEYS, *rows, f"{KEYS}add/", f"{KEYS}{key.pk}/revoke/"):
        assert browser.get(page).status_code == status, page
    assert (KEYS in browser.get("/host/").content.decode()) is (status == 200)


def test_staff_without_an_authenticator_make_and_revoke_no_key() -> None:
    key, browser = PublishableKey.objects.create(name="the app"), without_authenticator(staff())
    form = {"name": "mine", "starts_per_hour": "1", "texts_per_hour": "1"}
    assert browser.post(f"{KEYS}add/", form).status_code == 403
    assert browser.post(f"{KEYS}{key.pk}/revoke/", {"reason": "because"}).status_code == 403
    assert PublishableKey.objects.get().revoked_at is None
