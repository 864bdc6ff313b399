"""Malformed input, requests out of order, second tabs: each gets a message or the right page, nothing happens twice."""

import uuid
from collections.abc import Callable
from functools import partial
from ipaddress import IPv4Address

import pytest
from django.db.models.functions import Now
from django.test import Client

from onboarding.domain.errors import StaleState
from onboarding.domain.states import CLAIMS, State, may_transition
from onboarding.journey import flow, possession
from onboarding.models import OnboardingSession
from tests.journey.conftest import Later, Sandbox
from tests.journey.visitor import JSON, Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
PAGES = ["/code/", "/bind/", "/moved/", "/done/", "/unverified/", "/expired/"]
POSTS = ["/device/", "/code/", "/code/send/", "/bind/", "/moved/", "/unlink/", "/restart/"]
LOOPBACK = IPv4Address("127.0.0.1")
VERBS: dict[State, Callable[..., object]] = {
    State.CHECKING_DEVICE: partial(flow.check_device, address=LOOPBACK),
    State.SENDING_CODE: partial(possession.send_code, address=LOOPBACK),
    State.CHECKING_CODE: partial(possession.check_code, code="123456", address=LOOPBACK),
    State.BINDING: partial(possession.bind, address=LOOPBACK),
}
CALLS = ("prove.unify_status", "twilio.verification", "twilio.verification_check", "prove.unify_bind")
WITH_A_BINDING = (State.AUTHENTICATED, State.BOUND)
NOT_ALLOWED = [
    (claim, state)
    for claim in VERBS
    for state in State
    if state not in CLAIMS and state not in WITH_A_BINDING and not may_transition(state, claim)
]
MALFORMED = [
    "",
    " ",
    "hello",
    "²" * 10,
    "+",
    "9" * 500,
    "\x00",
    "201555012\x003",
    "1;phone-context=+44",
    "<b>",
    "🤳" * 9,
]


@pytest.mark.parametrize("path", PAGES)
def test_a_browser_without_a_session_is_redirected_to_the_phone_page(visitor: Visitor, path: str) -> None:
    assert visitor.opens(path).path == "/"
    assert visitor.page.status == 200


@pytest.mark.parametrize("path", POSTS)
def test_a_post_without_a_session_redirects_to_the_phone_page(visitor: Visitor, path: str, sandbox: Sandbox) -> None:
    visitor.opens()
    assert visitor.submits(path, code="123456").path == "/"
    assert sandbox.calls("prove.unify") == []


@pytest.mark.parametrize("path", [p for p in POSTS if p not in ("/code/", "/code/send/", "/restart/")])
def test_a_post_out_of_order_redirects_to_the_page_of_the_current_state(
    visitor: Visitor, path: str, sandbox: Sandbox
) -> None:
    visitor.starts(NUMBER)
    assert visitor.submits(path).path in ("/code/", "/")
    assert visitor.opens("/").path == "/code/"
    assert len(visitor.messages(E164)) == 1
    assert sandbox.calls("prove.unify_bind") == []


@pytest.mark.parametrize(("claim", "state"), NOT_ALLOWED)
def test_no_verb_calls_a_vendor_from_a_state_without_that_transition(
    visitor: Visitor, sandbox: Sandbox, later: Later, claim: State, state: State
) -> None:
    """Even if a page or a job calls the verb by mistake, the table of transitions stops it."""
    visitor.starts(NUMBER)
    later(31)
    OnboardingSession.objects.update(state=state, approved_at=Now())
    before = [sandbox.calls(route) for route in CALLS]
    with pytest.raises(StaleState):
        VERBS[claim](session=OnboardingSession.timed.get())
    assert [sandbox.calls(route) for route in CALLS] == before


@pytest.mark.parametrize("path", ["/start/", *POSTS])
def test_a_post_without_the_csrf_token_is_refused(visitor: Visitor, path: str, sandbox: Sandbox) -> None:
    assert visitor.client.post(path, {"phone": NUMBER}).status_code == 403
    assert sandbox.calls("prove.unify") == []


@pytest.mark.parametrize("path", ["/start/", "/device/", "/code/send/", "/restart/", "/unlink/"])
def test_a_get_of_a_post_only_path_redirects_to_the_current_page(visitor: Visitor, path: str, later: Later) -> None:
    visitor.starts(NUMBER)
    later(31)
    assert visitor.opens(path).path == "/code/"
    assert len(visitor.messages(E164)) == 1
    response = visitor.client.put(path, headers={"X-CSRFToken": visitor.client.cookies["csrftoken"].value})
    assert response.status_code == 405 and "POST" in response["Allow"]


@pytest.mark.parametrize("typed", MALFORMED)
def test_a_malformed_number_gets_a_message_and_prove_is_not_called(
    visitor: Visitor, typed: str, sandbox: Sandbox
) -> None:
    visitor.opens()
    answer = visitor.fetches("/start/", phone=typed)
    assert answer.status_code == 400
    assert answer.json()["field"] == "phone" and answer.json()["error"]
    assert sandbox.calls("prove.unify") == []
    assert not OnboardingSession.objects.exists()


@pytest.mark.parametrize("typed", [*MALFORMED, "123", "1" * 11, "12a456", "¹²³⁴⁵⁶"])
def test_a_malformed_code_gets_a_message_and_costs_no_guess(visitor: Visitor, typed: str, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    page = visitor.types_code(typed)
    assert page.status == 400 and page.path == "/code/"
    assert sandbox.calls("twilio.verification_check") == []
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


@pytest.mark.parametrize("key", ["", "x", "0", str(uuid.UUID(int=4))])
def test_a_malformed_start_key_is_no_server_error(visitor: Visitor, key: str) -> None:
    visitor.opens()
    assert visitor.fetches("/start/", phone=NUMBER, start_key=key).status_code in (200, 400)


def test_a_page_that_is_submitted_twice_starts_one_flow(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    first, second = visitor.fetches("/start/", phone=NUMBER), visitor.fetches("/start/", phone=NUMBER)
    assert "auth_token" in first.json()
    assert second.json() == {"next": "/"}
    assert len(sandbox.calls("prove.unify")) == 1


def test_the_page_can_start_again_with_the_new_start_key_of_the_answer(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    key = visitor.fetches("/start/", phone=NUMBER).json()["start_key"]
    assert "auth_token" in visitor.fetches("/start/", phone=NUMBER, start_key=key).json()
    assert len(sandbox.calls("prove.unify")) == 2


def test_reloads_and_resends_too_soon_send_no_second_text(visitor: Visitor, later: Later) -> None:
    visitor.starts(NUMBER)
    for _ in range(3):
        visitor.opens("/code/")
        visitor.submits("/code/send/")
    assert visitor.page.path == "/code/" and visitor.page.status == 429
    assert "too soon for another" in visitor.page.text and 0 < int(visitor.page.headers["Retry-After"]) <= 30
    later(31)
    assert visitor.opens("/code/").status == 200 and "too soon for another" not in visitor.page.text
    assert len(visitor.messages(E164)) == 1


@pytest.mark.parametrize("meanwhile", ["nothing", "the bind is down"])
def test_a_phone_page_left_open_in_another_tab_causes_no_second_text(
    visitor: Visitor, sandbox: Sandbox, meanwhile: str
) -> None:
    other_tab = Visitor()
    other_tab.client.cookies = visitor.client.cookies
    other_tab.opens()
    visitor.starts(NUMBER)
    if meanwhile == "the bind is down":
        sandbox.inject_fault("prove.unify_bind", "refuse")
        visitor.types_code(visitor.code(E164))
    answer = other_tab.fetches("/start/", phone=NUMBER)
    assert answer.json() == {"next": visitor.page.path}
    assert len(visitor.messages(E164)) == len(sandbox.calls("prove.unify")) == 1


def test_the_code_page_can_be_left_for_another_number(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    page = visitor.submits("/restart/")
    assert page.path == "/" and "+1 201-555-0123" in page.text
    visitor.starts("201 555 0199")
    visitor.types_code(visitor.code("+12015550199"))
    assert visitor.page.path == "/done/"


def test_the_session_is_found_by_the_cookie_alone(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    session = OnboardingSession.objects.get()
    stranger = Visitor()
    stranger.opens()
    ids = {
        "session": str(session.pk),
        "proveflow_session": str(session.pk),
        "correlationId": str(session.correlation_id),
    }
    assert stranger.submits("/code/", code=visitor.code(E164), **ids).path == "/"
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_the_correlation_id_is_never_sent_to_the_browser(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    correlation_id = str(OnboardingSession.objects.get().correlation_id)
    for path in ["/", *PAGES]:
        assert correlation_id not in visitor.opens(path).text
    visitor.types_code(visitor.code(E164))
    assert correlation_id not in visitor.page.text
    assert correlation_id not in str(visitor.client.cookies)


def test_every_page_has_a_strict_policy_and_is_not_cached(visitor: Visitor) -> None:
    for path in ["/", "/healthz", "/nowhere"]:
        headers = Client().get(path).headers
        assert "require-trusted-types-for 'script'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
    assert "no-store" in visitor.opens("/").headers["Cache-Control"]


def test_the_health_pages_answer(visitor: Visitor) -> None:
    assert Client().get("/healthz").status_code == Client().get("/readyz").status_code == 200


def test_a_form_sent_without_javascript_gets_a_message(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    page = visitor.submits("/start/", phone=NUMBER)
    assert page.status == 400 and "needs JavaScript" in page.text
    assert sandbox.calls("prove.unify") == []
    assert visitor.client.post("/start/", {}, headers=JSON).status_code == 403
