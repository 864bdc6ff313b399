"""Garbage, pages out of turn, second tabs, double clicks: a clear message or the right page; never 500, never twice."""

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
from tests.journey.conftest import Sandbox
from tests.journey.visitor import JSON, Visitor

NUMBER, E164 = "201 555 0123", "+12015550123"
PAGES = ["/code/", "/bind/", "/moved/", "/done/", "/unverified/", "/expired/"]
POSTS = ["/device/", "/code/", "/code/send/", "/bind/", "/moved/", "/unlink/", "/restart/"]
HOME = IPv4Address("127.0.0.1")
VERBS: dict[State, Callable[..., object]] = {
    State.CHECKING_DEVICE: partial(flow.check_device, address=HOME),
    State.SENDING_CODE: partial(possession.send_code, address=HOME),
    State.CHECKING_CODE: partial(possession.check_code, code="123456"),
    State.BINDING: possession.bind,
}
CALLS = ("prove.unify_status", "twilio.verification", "twilio.verification_check", "prove.unify_bind")
LINKED = (State.AUTHENTICATED, State.BOUND)  # which the database lets nobody be without a binding
ELSEWHERE = [
    (claim, state)
    for claim in VERBS
    for state in State
    if state not in CLAIMS and state not in LINKED and not may_transition(state, claim)
]
GARBAGE = ["", " ", "hello", "²" * 10, "+", "9" * 500, "\x00", "201555012\x003", "1;phone-context=+44", "<b>", "🤳" * 9]


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_is_led_to_the_start_from_any_page(visitor: Visitor, path: str) -> None:
    assert visitor.opens(path).path == "/"
    assert visitor.page.status == 200


@pytest.mark.parametrize("path", POSTS)
def test_a_stranger_who_posts_is_led_to_the_start(visitor: Visitor, path: str, sandbox: Sandbox) -> None:
    visitor.opens()
    assert visitor.submits(path, code="123456").path == "/"
    assert sandbox.calls("prove.unify") == []


@pytest.mark.parametrize("path", [p for p in POSTS if p not in ("/code/", "/code/send/", "/restart/")])
def test_a_post_out_of_turn_leads_to_the_page_where_the_session_stands(
    visitor: Visitor, path: str, sandbox: Sandbox
) -> None:
    visitor.starts(NUMBER)
    assert visitor.submits(path).path in ("/code/", "/")
    assert visitor.opens("/").path == "/code/"
    assert len(visitor.messages(E164)) == 1
    assert sandbox.calls("prove.unify_bind") == []


@pytest.mark.parametrize(("claim", "state"), ELSEWHERE)
def test_no_verb_asks_a_vendor_for_a_session_that_stands_elsewhere(
    visitor: Visitor, sandbox: Sandbox, later: Callable[[int], None], claim: State, state: State
) -> None:
    """Whatever page or job called it: the table of moves is the last to be asked."""
    visitor.starts(NUMBER)
    later(31)
    OnboardingSession.objects.update(state=state, approved_at=Now())
    before = [sandbox.calls(route) for route in CALLS]
    with pytest.raises(StaleState):
        VERBS[claim](session=OnboardingSession.objects.get())
    assert [sandbox.calls(route) for route in CALLS] == before


@pytest.mark.parametrize("path", ["/start/", *POSTS])
def test_a_post_without_the_csrf_token_is_refused(visitor: Visitor, path: str, sandbox: Sandbox) -> None:
    assert visitor.client.post(path, {"phone": NUMBER}).status_code == 403
    assert sandbox.calls("prove.unify") == []


@pytest.mark.parametrize("path", ["/start/", "/device/", "/code/send/", "/restart/", "/unlink/"])
def test_a_get_where_only_a_post_does_anything_leads_to_the_page_at_hand(
    visitor: Visitor, path: str, later: Callable[[int], None]
) -> None:
    visitor.starts(NUMBER)
    later(31)
    assert visitor.opens(path).path == "/code/"
    assert len(visitor.messages(E164)) == 1
    response = visitor.client.put(path, headers={"X-CSRFToken": visitor.client.cookies["csrftoken"].value})
    assert response.status_code == 405 and "POST" in response["Allow"]


@pytest.mark.parametrize("typed", GARBAGE)
def test_garbage_for_a_number_gets_a_message_and_reaches_nobody(visitor: Visitor, typed: str, sandbox: Sandbox) -> None:
    visitor.opens()
    answer = visitor.asks("/start/", phone=typed)
    assert answer.status_code == 400
    assert answer.json()["field"] == "phone" and answer.json()["error"]
    assert sandbox.calls("prove.unify") == []
    assert not OnboardingSession.objects.exists()


@pytest.mark.parametrize("typed", [*GARBAGE, "123", "1" * 11, "12a456", "¹²³⁴⁵⁶"])
def test_garbage_for_a_code_gets_a_message_and_costs_no_guess(visitor: Visitor, typed: str, sandbox: Sandbox) -> None:
    visitor.starts(NUMBER)
    page = visitor.types_code(typed)
    assert page.status == 400 and page.path == "/code/"
    assert sandbox.calls("twilio.verification_check") == []
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


@pytest.mark.parametrize("key", ["", "x", "0", str(uuid.UUID(int=4))])
def test_a_strange_page_key_is_never_an_error_page(visitor: Visitor, key: str) -> None:
    visitor.opens()
    assert visitor.asks("/start/", phone=NUMBER, start_key=key).status_code in (200, 400)


def test_one_page_starts_one_flow_however_often_it_is_sent(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    first, second = visitor.asks("/start/", phone=NUMBER), visitor.asks("/start/", phone=NUMBER)
    assert "auth_token" in first.json()
    assert second.json() == {"next": "/"}
    assert len(sandbox.calls("prove.unify")) == 1


def test_the_page_may_start_again_with_the_key_that_it_got(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    key = visitor.asks("/start/", phone=NUMBER).json()["start_key"]
    assert "auth_token" in visitor.asks("/start/", phone=NUMBER, start_key=key).json()
    assert len(sandbox.calls("prove.unify")) == 2


def test_reloads_and_resends_too_soon_send_no_second_text(visitor: Visitor, later: Callable[[int], None]) -> None:
    visitor.starts(NUMBER)
    for _ in range(3):
        visitor.opens("/code/")
        visitor.submits("/code/send/")
    assert visitor.page.path == "/code/" and visitor.page.status == 429
    assert "Please wait" in visitor.page.text and 0 < int(visitor.page.headers["Retry-After"]) <= 30
    later(31)
    assert visitor.opens("/code/").status == 200 and "Please wait" not in visitor.page.text
    assert len(visitor.messages(E164)) == 1


@pytest.mark.parametrize("meanwhile", ["nothing", "the bind is down"])
def test_a_phone_page_left_open_in_another_tab_brings_no_second_text(
    visitor: Visitor, sandbox: Sandbox, meanwhile: str
) -> None:
    other_tab = Visitor()
    other_tab.client.cookies = visitor.client.cookies
    other_tab.opens()
    visitor.starts(NUMBER)
    if meanwhile == "the bind is down":
        sandbox.has("prove.unify_bind", "refuse")
        visitor.types_code(visitor.code(E164))
    answer = other_tab.asks("/start/", phone=NUMBER)
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
    ids = {"session": str(session.pk), "onboarding": str(session.pk), "correlationId": str(session.correlation_id)}
    assert stranger.submits("/code/", code=visitor.code(E164), **ids).path == "/"
    assert visitor.types_code(visitor.code(E164)).path == "/done/"


def test_the_correlation_id_never_leaves(visitor: Visitor) -> None:
    visitor.starts(NUMBER)
    correlation_id = str(OnboardingSession.objects.get().correlation_id)
    for path in ["/", *PAGES]:
        assert correlation_id not in visitor.opens(path).text
    visitor.types_code(visitor.code(E164))
    assert correlation_id not in visitor.page.text
    assert correlation_id not in str(visitor.client.cookies)


def test_every_page_is_private_and_strict(visitor: Visitor) -> None:
    for path in ["/", "/healthz", "/nowhere"]:
        headers = Client().get(path).headers
        assert "require-trusted-types-for 'script'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
    assert "no-store" in visitor.opens("/").headers["Cache-Control"]


def test_the_health_pages_answer(visitor: Visitor) -> None:
    assert Client().get("/healthz").status_code == Client().get("/readyz").status_code == 200


def test_a_form_without_its_script_is_told_so(visitor: Visitor, sandbox: Sandbox) -> None:
    visitor.opens()
    page = visitor.submits("/start/", phone=NUMBER)
    assert page.status == 400 and "needs JavaScript" in page.text
    assert sandbox.calls("prove.unify") == []
    assert visitor.client.post("/start/", {}, headers=JSON).status_code == 403
