"""The reviewers' desk: who has access, what it shows, and what cannot be changed there."""

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.utils import flatten_fieldsets, help_text_for_field, label_for_field
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django_otp.plugins.otp_totp.models import TOTPDevice

from onboarding.desk.site import site
from onboarding.domain.states import Notice, State
from onboarding.models import Binding, Event, OnboardingSession, of_number
from tests.authenticator import code_of
from tests.device import PretendDevice, through
from tests.languages import pseudo

pytestmark = pytest.mark.django_db

PASSWORD = "a reviewer's own words"
LOGIN = "/admin/login/"
SESSIONS = "/admin/proveflow/onboardingsession/"
BINDINGS = "/admin/proveflow/binding/"
JSON = {"Accept": "application/json"}


@pytest.fixture
def ada() -> User:
    call_command("createreviewer", "ada", no_input=True, stdout=StringIO())
    user = User.objects.get(username="ada")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def desk(client: Client, ada: User) -> Client:
    """A browser in which Ada has logged in."""
    assert log_in(client, ada, code_of(TOTPDevice.objects.get(user=ada).bin_key)).status_code == 302
    return client


def log_in(client: Client, user: User, code: str, **more: str) -> Any:
    form = {"username": user.username, "password": PASSWORD, "otp_token": code, "next": "/admin/", **more}
    return client.post(LOGIN, form)


def links(number: str) -> OnboardingSession:
    """Link the number in a whole journey; return its session."""
    browser = Client(headers={"Host": "testserver"})
    form = {"phone": number, "start_key": browser.get("/").context["form"]["start_key"].value()}
    token = browser.post("/start/", form, headers=JSON).json()["auth_token"]
    PretendDevice().authenticate(token, through(browser))
    browser.post("/device/", headers=JSON)
    code = browser.get("/sandbox/messages.json", {"to": number}).json()[0]["code"]
    browser.post("/code/", {"code": code})
    return OnboardingSession.objects.get(of_number(number))


def a_session(**columns: Any) -> OnboardingSession:
    columns = {"number": "+12025550101", "state": State.STARTED, **columns}
    return OnboardingSession.objects.create(
        start_key=uuid.uuid4(), expires_at=timezone.now() + timedelta(minutes=30), **columns
    )


def a_binding(**columns: Any) -> Binding:
    user = User.objects.create(username=f"prove:{uuid.uuid4()}")
    return Binding.objects.create(**{"user": user, "number": "+12025550101", "prove_id": str(uuid.uuid4()), **columns})


def detail(row: OnboardingSession | Binding) -> str:
    return reverse(f"admin:proveflow_{row._meta.model_name}_change", args=[row.pk])


def shown(desk: Client, url: str) -> str:
    response = desk.get(url)
    assert response.status_code == 200
    return str(response.content.decode())


def rows(desk: Client, url: str) -> set[object]:
    return {row.pk for row in desk.get(url, follow=True).context["cl"].result_list}


# --- Access --------------------------------------------------------------------------------------------------------


def without_authenticator(ada: User) -> Iterator[tuple[str, Client]]:
    """Yield browsers that are not verified by an authenticator, each with a description."""
    yield "nobody", Client()
    for name, traits in (("staff by password", {"is_staff": True}), ("superuser by password", {"is_superuser": True})):
        browser = Client()
        browser.force_login(User.objects.create(username=name, **{"is_staff": True, **traits}))
        yield name, browser
    browser = Client()
    key = a_binding(user=ada)
    browser.force_login(ada)
    session = browser.session
    session["otp_device_id"] = key.persistent_id
    session.save()
    yield "a reviewer verified by a Prove Key", browser


def test_only_a_reviewer_verified_by_an_authenticator_has_access(ada: User) -> None:
    session, binding = a_session(), a_binding()
    paths = ["/admin/", "/admin/proveflow/", "/admin/jsi18n/", "/admin/password_change/", "/admin/anything/"]
    paths += [SESSIONS, BINDINGS, f"{SESSIONS}add/", detail(session), detail(binding)]
    paths += [detail(session).replace("change", word) for word in ("history", "delete")]
    for name, browser in without_authenticator(ada):
        for path in paths:
            response = browser.get(path)
            assert (response.status_code, response.headers["Location"].partition("?")[0]) == (302, LOGIN), (name, path)
        assert browser.post(f"{SESSIONS}find/", {"number": "+12025550101"}).headers["Location"].startswith(LOGIN), name


def test_name_password_and_code_log_in(desk: Client) -> None:
    assert "Reviewers&#x27; desk" in shown(desk, "/admin/")


def test_a_code_cannot_be_used_twice(client: Client, ada: User) -> None:
    code = code_of(TOTPDevice.objects.get(user=ada).bin_key)
    assert log_in(client, ada, code).status_code == 302
    client.post("/admin/logout/")
    assert log_in(client, ada, code).status_code == 200
    assert client.get("/admin/").status_code == 302


def test_after_a_wrong_code_the_right_one_must_wait(client: Client, ada: User) -> None:
    right = code_of(TOTPDevice.objects.get(user=ada).bin_key)
    assert log_in(client, ada, f"{(int(right) + 1) % 1_000_000:06}").status_code == 200
    assert log_in(client, ada, right).status_code == 200
    assert client.get("/admin/").status_code == 302


def test_a_right_password_without_a_code_does_not_log_in(client: Client, ada: User) -> None:
    assert log_in(client, ada, "").status_code == 200
    assert client.get("/admin/").status_code == 302


def test_a_prove_key_named_in_the_login_form_is_ignored(client: Client, ada: User) -> None:
    TOTPDevice.objects.filter(user=ada).delete()
    assert log_in(client, ada, "123456", otp_device=a_binding(user=ada).persistent_id).status_code == 200
    assert client.get("/admin/").status_code == 302


def test_the_login_page_does_not_name_a_person_who_linked_their_number(client: Client) -> None:
    binding = a_binding()
    client.force_login(binding.user)
    assert binding.user.username not in shown(client, LOGIN)


def test_a_reviewer_without_an_authenticator_loses_access_at_once(desk: Client, ada: User) -> None:
    TOTPDevice.objects.filter(user=ada).delete()
    assert desk.get(SESSIONS).status_code == 302


def test_a_reviewer_who_leaves_the_group_loses_access_at_once(desk: Client, ada: User) -> None:
    session = a_session()
    ada.groups.clear()
    assert [desk.get(path).status_code for path in (SESSIONS, BINDINGS, detail(session))] == [403, 403, 403]
    assert desk.post(f"{SESSIONS}find/", {"number": session.number}).status_code == 403


# --- What is shown -------------------------------------------------------------------------------------------------


def test_a_session_shows_its_events_and_no_number_and_no_id_of_a_vendor(desk: Client) -> None:
    session = links("+12015550175")
    binding = session.binding
    assert binding is not None
    pages = {path: shown(desk, path) for path in ("/admin/", SESSIONS, BINDINGS, detail(session), detail(binding))}
    assert "•••• 0175" in pages[SESSIONS] and "Linked" in pages[SESSIONS]
    for line in ("flow:asked", "code:sent", "guess:answered", "bind:answered", "binding:made", "Waiting for the code"):
        assert line in pages[detail(session)]
    secrets: list[object] = [session.number, session.number[2:], session.phone.display, session.correlation_id]
    secrets += [session.verification_sid, session.client_request_id, session.start_key]
    secrets += [binding.prove_id, binding.device_id, binding.user.username]
    for path, page in pages.items():
        assert [str(secret) for secret in secrets if secret and str(secret) in page] == [], path


def test_a_binding_has_its_own_timeline(desk: Client) -> None:
    binding = a_binding(confirmed=False, revoked_at=timezone.now())
    Event.objects.create(name="binding:revoked", binding=binding, facts={"why": "unlinked"})
    page = shown(desk, detail(binding))
    assert "binding:revoked" in page and "unlinked" in page


def test_the_words_of_prove_are_shown_verbatim_and_escaped(desk: Client) -> None:
    reasons = {"9137": "call forwarding <svg onload=alert(1)>", "9999": "=HYPERLINK()"}
    session = a_session(state=State.IN_REVIEW, failure_reasons=reasons, evaluation={"risk": {"result": "<b>fail"}})
    page = shown(desk, detail(session))
    assert "call forwarding &lt;svg onload=alert(1)&gt;" in page and "=HYPERLINK()" in page
    assert "&lt;b&gt;fail" in page and "<svg onload" not in page and "<b>fail" not in page


def test_every_label_and_help_text_is_translated(settings: Any, tmp_path: Path) -> None:
    pseudo.write_catalogue(tmp_path)
    settings.LOCALE_PATHS, settings.LANGUAGES = [tmp_path], [("en", "English"), (pseudo.CODE, "Esperanto")]
    said: list[object] = [apps.get_app_config("proveflow").verbose_name]
    for model, desk in site._registry.items():
        said += [model._meta.verbose_name, model._meta.verbose_name_plural]
        for name in flatten_fieldsets(desk.get_fieldsets(None)) + list(desk.list_display):  # type: ignore[arg-type]
            said += [label_for_field(name, model, desk), help_text_for_field(str(name), model)]
    with override(pseudo.CODE):
        assert [text for text in map(str, said) if text and not text.startswith("⟦")] == []


# --- Finding and filtering -----------------------------------------------------------------------------------------


def test_a_whole_number_finds_its_sessions_and_never_enters_a_url(desk: Client) -> None:
    one, again, other = a_session(), a_session(), a_session(number="+12025550102")
    answer = desk.post(f"{SESSIONS}find/", {"number": "(202) 555-0101"})
    url = answer.headers["Location"]
    assert not re.search("555.?0101", url)
    assert rows(desk, url) == {one.pk, again.pk}
    assert other.pk not in rows(desk, url)
    assert "•••• 0101" in shown(desk, url)


def test_a_reference_finds_its_session(desk: Client) -> None:
    wanted, _other = a_session(), a_session()
    for typed in (wanted.reference, f" {wanted.reference.lower()} ", wanted.pk.hex[:8]):
        assert desk.post(f"{SESSIONS}find/", {"number": typed}).headers["Location"] == detail(wanted)
    a_session(pk=uuid.UUID(wanted.pk.hex[:8] + uuid.uuid4().hex[8:]))
    several = desk.post(f"{SESSIONS}find/", {"number": wanted.reference}, follow=True)
    assert "Several sessions" in several.content.decode()
    assert "Enter a whole" in desk.post(f"{BINDINGS}find/", {"number": "ABCD-EF01"}, follow=True).content.decode()


def test_a_binding_is_found_by_its_number_too(desk: Client) -> None:
    wanted, _other = a_binding(), a_binding(number="+12025550102")
    assert rows(desk, desk.post(f"{BINDINGS}find/", {"number": "+1 202 555 0101"}).headers["Location"]) == {wanted.pk}


@pytest.mark.parametrize(
    ("typed", "message"),
    [("0101", "whole phone number"), ("+12025550188", "Nothing here has"), ("ABCD-EF01", "Nothing here has")],
)
def test_parts_of_numbers_and_unknown_numbers_find_nothing(desk: Client, typed: str, message: str) -> None:
    a_session()
    answer = desk.post(f"{SESSIONS}find/", {"number": typed}, follow=True)
    assert message in answer.content.decode() and answer.redirect_chain == [(SESSIONS, 302)]


def test_a_number_in_the_query_string_is_refused(desk: Client) -> None:
    a_session()
    for query in ("number=%2B12025550101", "number__startswith=%2B1", "correlation_id__isnull=0", "id__gt=0"):
        assert desk.get(f"{SESSIONS}?{query}").status_code == 400, query
    assert desk.get(f"{SESSIONS}find/", {"number": "+12025550101"}).status_code == 405


FILTERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("state=in_review", {"state": State.IN_REVIEW}, {}),
    ("reason=9137", {"failure_reasons": {"9137": "forwarding", "9135": "swap"}}, {"failure_reasons": {"9101": "key"}}),
    ("reason=9999", {"failure_reasons": {"9999": "new"}}, {"failure_reasons": {"99": "new"}}),
    ("notice=code_wrong", {"notice": Notice.CODE_WRONG}, {"notice": Notice.TOO_SOON}),
    ("rebind=True", {"rebind": True}, {}),
    ("age=hour", {}, {"created_at": timezone.now() - timedelta(hours=2)}),
    ("age=older", {"created_at": timezone.now() - timedelta(days=8)}, {}),
    ("state=in_review&rebind=True", {"state": State.IN_REVIEW, "rebind": True}, {"state": State.IN_REVIEW}),
]


@pytest.mark.parametrize(("query", "wanted", "unwanted"), FILTERS, ids=[query for query, *_ in FILTERS])
def test_a_filter_narrows_the_list(desk: Client, query: str, wanted: dict[str, Any], unwanted: dict[str, Any]) -> None:
    session, _other = a_session(**wanted), a_session(**unwanted)
    assert rows(desk, f"{SESSIONS}?{query}") == {session.pk}


MALFORMED = ("%00", "%FF", "null", "-1", "'", "%22%5D", "9" * 5000, "\N{PILE OF POO}", "__class__", "[]", "")


@pytest.mark.parametrize("name", ["state", "reason", "notice", "rebind", "age", "same_number_as", "p", "o", "all", "q"])
def test_malformed_values_in_the_query_string_are_no_server_error(desk: Client, name: str) -> None:
    a_session()
    for value in MALFORMED:
        assert desk.get(f"{SESSIONS}?{name}={value}", follow=True).status_code in (200, 400), value


def test_malformed_values_in_the_path_are_no_server_error(desk: Client) -> None:
    for value in ("x", "0", "%00", "__class__", str(uuid.uuid4())):
        for path in (SESSIONS, BINDINGS):
            assert desk.get(f"{path}{value}/change/", follow=True).status_code in (200, 400, 404), value


def test_a_long_timeline_needs_no_more_queries_than_a_short_one(desk: Client) -> None:
    def queries_of(session: OnboardingSession) -> int:
        with CaptureQueriesContext(connection) as queries:
            shown(desk, detail(session))
        return len(queries)

    short, long = (a_session(previous=a_session(), binding=a_binding(), device_id=key) for key in ("one", "two"))
    Event.objects.bulk_create(Event(name="code:asked", session=long, version=n) for n in range(50))
    queries_of(short)
    # Log-in 4, permissions 2, queue 1, session, the one before, binding, timeline, the account,
    # and 5 counts of related sessions.
    assert queries_of(long) == queries_of(short) == 4 + 2 + 1 + 4 + 1 + 5


# --- What cannot be changed ----------------------------------------------------------------------------------------


def test_nothing_can_be_added_changed_or_deleted(desk: Client) -> None:
    session, binding = a_session(), a_binding()
    Event.objects.create(name="flow:asked", session=session)
    before = _everything()
    for row, path in ((session, SESSIONS), (binding, BINDINGS)):
        form = {
            "state": "bound",
            "confirmed": "",
            "events-TOTAL_FORMS": 1,
            "events-INITIAL_FORMS": 0,
            "events-0-name": "x",
        }
        assert desk.post(detail(row), form).status_code == 403
        assert desk.post(f"{path}add/", form).status_code == 403
        assert desk.post(detail(row).replace("change", "delete"), {"post": "yes"}).status_code == 403
        desk.post(path, {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"})
    assert _everything() == before


def _everything() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (OnboardingSession, Binding, Event)]


def test_a_superuser_can_change_nothing_either(desk: Client, ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_superuser=True)
    test_nothing_can_be_added_changed_or_deleted(desk)


def test_pages_have_the_strict_policy_with_trusted_types_and_no_jquery(desk: Client) -> None:
    session = a_session()
    for path in (LOGIN, "/admin/", SESSIONS, detail(session), "/admin/password_change/"):
        response = desk.get(path, follow=True)
        policy = response.headers["Content-Security-Policy"]
        assert "require-trusted-types-for 'script'" in policy and "unsafe" not in policy, path
        assert "jquery" not in response.content.decode().lower(), path
