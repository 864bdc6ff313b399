"""Every URL of the desk, and who reaches it: nobody, staff without an authenticator, each role, superusers."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver

import onboarding.desk.admin  # noqa: F401 - it fills the site
from onboarding.api.models import PublishableKey
from onboarding.desk.access.roles import Role
from onboarding.desk.site import site
from onboarding.domain.states import State
from tests.desk.test_admin import a_binding, a_session
from tests.desk.test_reviews import at_the_desk
from tests.desk.test_roles import invited

pytestmark = pytest.mark.django_db

ANYBODY = frozenset({"nobody", "staff", *Role, "superuser"})
INSIDE = frozenset({*Role, "superuser"})
WORKS = frozenset({Role.REVIEWER, Role.LEAD, "superuser"})
SEES = WORKS | {Role.AUDITOR}
LEADS = frozenset({Role.LEAD, "superuser"})
ROOT = frozenset({"superuser"})
NEVER: frozenset[str] = frozenset()
S, B, K = "proveflow/onboardingsession/", "proveflow/binding/", "proveflow_api/publishablekey/"
LABELS = ("label-fraud", "label-false_alarm", "label-unclear")
# By path below /admin/: who reaches it. The others are sent to the log-in, or get a 403.
TABLE = {
    **dict.fromkeys(("login/", "invited/<str:token>/", "join/"), ANYBODY),
    **dict.fromkeys(("", "account/", "jsi18n/", "password_change/", "password_change/done/"), INSIDE),
    **dict.fromkeys(
        ("proveflow/", S, f"{S}queue/", f"{S}figures/", B, *(f"{row}<path:object_id>/" for row in (S, B, K))), INSIDE
    ),
    **{f"{row}<path:object_id>/{page}/": INSIDE for row in (S, B) for page in ("change", "history")},
    **dict.fromkeys((f"{S}queue/next/", f"{S}<uuid:pk>/take/"), WORKS),
    **{f"{S}<path:object_id>/{act}/": WORKS for act in ("approve", "decline", "escalate", "snooze", "release", "note")},
    **{f"{S}<path:object_id>/{act}/": WORKS for act in ("ids", *LABELS)},
    f"{B}<path:object_id>/revoke/": WORKS,
    **{f"{row}<path:object_id>/reveal/": SEES for row in (S, B)},
    f"{S}backtest/": LEADS | {Role.AUDITOR},
    **dict.fromkeys(("people/", "people/<str:pk>/"), LEADS),
    **dict.fromkeys(("proveflow_api/", K, f"{K}add/"), ROOT),
    **{f"{K}<path:object_id>/{page}/": ROOT for page in ("change", "history", "revoke")},
    **{f"{row}<path:object_id>/delete/": NEVER for row in (S, B, K)},
    **{f"{row}add/": NEVER for row in (S, B)},
}
POSTED = {f"{row}{page}/": INSIDE for row in (S, B) for page in ("find", "export")}
NOT_PAGES = {"logout/", "autocomplete/", "r/<path:content_type_id>/<path:object_id>/", "(?P<url>.*)$"}
BY_POST = {f"{S}queue/next/", f"{S}<uuid:pk>/take/"}


def paths(urls: Any = None, above: str = "") -> Iterator[str]:
    for each in urls if urls is not None else site.get_urls():
        here = above + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from paths(each.url_patterns, here)
        elif isinstance(each, URLPattern):
            yield here.replace("^", "").replace("(?P<app_label>auth|proveflow|proveflow_api)/$", "proveflow/")


def test_every_url_of_the_desk_is_in_the_table() -> None:
    known = {path.removeprefix("/") for path in paths()} - NOT_PAGES
    known = {path for path in known if not path.startswith("(?P<app_label>")}
    assert known == {*TABLE, *POSTED} - {"proveflow/", "proveflow_api/"}


def browsers() -> Iterator[tuple[str, Client]]:
    yield "nobody", Client()
    staff = Client()
    staff.force_login(User.objects.create(username="eve", is_staff=True, is_superuser=True))
    yield "staff", staff
    for role in Role:
        yield role, invited(role, f"a-{role}")
    yield "superuser", at_the_desk(User.objects.create_superuser("root"))


def test_who_reaches_which_url() -> None:
    session, binding, key = a_session(state=State.IN_REVIEW), a_binding(), PublishableKey.objects.create(name="app")
    invited(Role.VIEWER, "viola")
    person = User.objects.get(username="viola")
    rows = {S: session.pk, B: binding.pk, K: key.pk}
    wrong = []
    for who, browser in browsers():
        for pattern, may in {**TABLE, **POSTED}.items():
            row = next((str(pk) for begins, pk in rows.items() if pattern.startswith(begins)), str(person.pk))
            path = "/admin/" + pattern.replace("<path:object_id>", row).replace("<uuid:pk>", row)
            path = path.replace("<str:pk>", row).replace("<str:token>", "x" * 43)
            send = browser.post if pattern in POSTED or pattern in BY_POST else browser.get
            answer = send(path)
            to_log_in = answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/")
            refused = {403} if pattern == "join/" else {403, 404}  # it is 404 without an invitation
            reached = answer.status_code not in refused and not to_log_in
            if reached != (who in may) or answer.status_code >= 500:
                wrong.append((who, pattern, answer.status_code))
    assert wrong == []
