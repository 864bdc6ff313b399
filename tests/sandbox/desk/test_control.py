"""The control API: its arguments, switches, clock, messages and ledger, and its protection from other origins."""

from collections.abc import Mapping

import pytest
from django.test import Client

from sandbox.state.switches import SWITCHES
from tests.sandbox.driver import SandboxDriver

ADA, BEN = "+12025550101", "+12025550102"
CLOCK = "/sandbox/control/clock"
HOUR = {"advance_s": 3600}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {"Origin": "http://[::1"},
        {"Origin": "testserver"},
    ],
)
@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain"])
def test_a_page_of_another_origin_cannot_move_the_clock(
    headers: dict[str, str], content_type: str, client: Client
) -> None:
    answer = client.post(CLOCK, '{"advance_s": 3600}', content_type=content_type, headers=headers)

    assert answer.status_code == 403


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data"])
def test_a_form_without_an_origin_is_refused_with_415(content_type: str, client: Client) -> None:
    answer = client.post(CLOCK, "advance_s=3600", content_type=content_type)
    assert answer.status_code == 415 and answer.json() == {"error": "send Content-Type: application/json"}


def test_a_form_of_the_page_is_redirected_to_the_page(client: Client) -> None:
    same_origin = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    form = "application/x-www-form-urlencoded"

    answer = client.post(CLOCK, "advance_s=3600", content_type=form, headers=same_origin)

    assert (answer.status_code, answer["Location"]) == (303, "/sandbox/")


def test_a_script_can_move_the_clock(client: Client) -> None:
    client.post(CLOCK, HOUR, content_type="application/json")

    assert client.post(CLOCK, HOUR, content_type="application/json").json() == {"offset_s": 7200}


@pytest.mark.parametrize(
    "order", [{}, {"advance_s": -1}, {"advance_s": "soon"}, {"advance_s": 1e300}, {"advance_s": None}]
)
def test_the_clock_refuses_an_invalid_advance(order: Mapping[str, object], client: Client) -> None:
    assert client.post(CLOCK, order, content_type="application/json").status_code == 400


def test_the_clock_can_be_ten_years_ahead_at_most(client: Client) -> None:
    nine_years = {"advance_s": 9 * 366 * 24 * 3600}
    client.post(CLOCK, nine_years, content_type="application/json")

    assert client.post(CLOCK, nine_years, content_type="application/json").status_code == 400
    assert client.get("/sandbox/").status_code == 200


@pytest.mark.parametrize(
    ("control", "arguments", "error"),
    [
        ("revoke", {"deviceId": []}, "deviceId is a string"),
        ("revoke", {"deviceId": {}}, "deviceId is a string"),
        ("revoke", {"deviceId": "nobody's"}, "no such device"),
        ("airplane", {"number": ADA, "on": "perhaps"}, "on is true or false"),
        ("airplane", {"number": ADA}, "on must be given"),
        ("reset", {"really": True}, "no such argument: really"),
        ("switches", {"region": {}}, "region is one of any, own"),
        ("switches", {"numbers": "any", "no_such": "any"}, "no such argument: no_such"),
    ],
)
def test_an_invalid_argument_is_named_in_the_error(
    control: str, arguments: dict[str, object], error: str, client: Client
) -> None:
    answer = client.post(f"/sandbox/control/{control}", arguments, content_type="application/json")

    assert (answer.status_code, answer.json()["error"][: len(error)]) == (400, error)


def test_the_ledger_refuses_invalid_filters(client: Client) -> None:
    assert client.get("/sandbox/control/ledger.json", {"rout": "prove.unify"}).status_code == 400
    assert client.get("/sandbox/control/ledger.json", {"number": "nobody"}).status_code == 400


def test_a_plus_that_is_not_escaped_in_a_query_is_accepted(embedded: SandboxDriver, client: Client) -> None:
    embedded.unify("+447700900123")

    assert len(client.get("/sandbox/control/ledger.json?number=+447700900123").json()) == 1


def test_other_methods_are_refused_with_405(client: Client) -> None:
    assert client.get(CLOCK).status_code == 405
    assert client.put("/sandbox/control/reset", {}, content_type="application/json").status_code == 405


@pytest.mark.parametrize("name", sorted(SWITCHES))
def test_each_switch_can_be_set_to_each_of_its_choices(name: str, embedded: SandboxDriver) -> None:
    assert embedded.control("GET", "control/switches", {})[name] == SWITCHES[name].default
    for choice in SWITCHES[name].choices:
        embedded.set_switches(**{name: choice})
        assert embedded.control("GET", "control/switches", {})[name] == choice


def test_switch_success_type_makes_success_a_boolean(embedded: SandboxDriver) -> None:
    correlation_id = embedded.bound_flow(ADA)

    embedded.set_switches(success_type="boolean")

    assert embedded.status(correlation_id).json()["success"] is True


def test_switch_status_before_device_makes_the_status_pending(embedded: SandboxDriver) -> None:
    embedded.set_switches(status_before_device="pending")

    assert embedded.status(embedded.unify(ADA)["correlationId"]).json()["success"] == "pending"


def test_switch_status_after_bind_requires_possession_again(embedded: SandboxDriver) -> None:
    embedded.set_switches(status_after_bind="possession_required")

    assert embedded.status(embedded.bound_flow(ADA)).json()["success"] == "possession_required"


def test_switch_repeated_bind_accepts_a_second_bind(embedded: SandboxDriver) -> None:
    embedded.set_switches(repeated_bind="true")

    assert embedded.bind(embedded.bound_flow(ADA), ADA).json()["success"] == "true"


def test_switch_bind_evaluation_leaves_the_evaluation_out(embedded: SandboxDriver) -> None:
    embedded.set_switches(bind_evaluation="absent")
    correlation_id = embedded.checked_flow(ADA)
    embedded.status(correlation_id)

    assert "evaluation" not in embedded.bind(correlation_id, ADA).json()


def test_switch_client_request_id_makes_the_field_optional(embedded: SandboxDriver) -> None:
    embedded.set_switches(client_request_id="optional")

    assert embedded.prove("/v3/unify", possessionType="none", phoneNumber=ADA).json()["success"] == "pending"


def test_switch_numbers_refuses_numbers_outside_the_table(embedded: SandboxDriver) -> None:
    embedded.set_switches(numbers="listed")

    assert "8007" in str(embedded.unify("+13125550123"))
    assert embedded.unify(ADA)["success"] == "pending"


def test_reset_deletes_everything_but_keeps_access_tokens_valid(sandbox: SandboxDriver) -> None:
    sandbox.bound_flow(ADA)
    sandbox.send_code(ADA)

    sandbox.control("POST", "control/reset", {})

    assert sandbox.messages(ADA) == []
    assert sandbox.ledger("prove.unify") == []
    assert sandbox.status(sandbox.checked_flow(ADA)).json()["success"] == "possession_required"


def test_a_text_has_a_code_that_browsers_fill_in_on_the_page_of_the_flow(sandbox: SandboxDriver) -> None:
    sandbox.checked_flow(ADA)
    sandbox.send_code(ADA)

    [message] = sandbox.messages(ADA)

    lines = message["body"].splitlines()
    assert message["code"] in lines[0]
    assert "Don't share" in lines[0]
    host = "127.0.0.1" if "127.0.0.1" in sandbox.origin else ""  # embedded, no page's host is known
    assert lines[1:] == (["", f"@{host} #{message['code']}"] if host else [])


def test_messages_are_listed_newest_first(sandbox: SandboxDriver) -> None:
    sandbox.send_code(ADA)
    sandbox.advance_clock(60)
    sandbox.start_verification(ADA)

    sent = [message["sent_at"] for message in sandbox.messages(ADA)]

    assert len(sent) == 2
    assert sent[0] > sent[1]


def test_codes_differ_between_verifications(embedded: SandboxDriver) -> None:
    codes = set()
    for last in range(10):
        embedded.start_verification(f"+1202555020{last}")
        codes.add(embedded.code(f"+1202555020{last}"))

    assert len(codes) > 5


def test_messages_to_some_numbers_arrive_late_or_never(embedded: SandboxDriver) -> None:
    slow, silent = "+12025550154", "+12025550153"
    for number in (slow, silent):
        embedded.start_verification(number)
    assert embedded.messages(slow) == embedded.messages(silent) == []

    embedded.advance_clock(31)

    assert len(embedded.messages(slow)) == 1
    assert embedded.messages(silent) == []


def test_messages_wait_until_airplane_mode_ends(embedded: SandboxDriver) -> None:
    embedded.control("POST", "control/airplane", {"number": ADA, "on": True})
    embedded.start_verification(ADA)
    assert embedded.messages(ADA) == []

    embedded.control("POST", "control/airplane", {"number": ADA, "on": False})

    assert len(embedded.messages(ADA)) == 1


def test_the_ledger_shows_which_numbers_were_approved_and_bound(sandbox: SandboxDriver) -> None:
    correlation_id = sandbox.checked_flow(ADA)
    sandbox.status(correlation_id)
    sandbox.check_code(sandbox.send_code(ADA), sandbox.code(ADA))
    sandbox.bind(correlation_id, ADA)

    [check], [bind] = sandbox.ledger("twilio.verification_check"), sandbox.ledger("prove.unify_bind")

    assert (check["number"], check["approved"]) == (ADA, True)
    assert (bind["number"], bind["correlationId"], bind["bound"]) == (ADA, correlation_id, True)
    assert check["at"] <= bind["at"]


def test_a_script_without_a_content_type_is_told_to_send_json(standalone: SandboxDriver) -> None:
    answer = standalone.send("POST", "/sandbox/control/reset")

    assert answer.status_code == 415 and "Content-Type: application/json" in answer.json()["error"]


def test_an_unknown_path_is_refused_in_json(standalone: SandboxDriver) -> None:
    answer = standalone.send("GET", "/sandbox/control/nonsense")

    assert answer.status_code == 404 and "docs/sandbox.md" in answer.json()["error"]


def test_a_405_lists_the_allowed_methods(client: Client) -> None:
    assert client.put(CLOCK).headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/sandbox/messages.json", "/sandbox/control/ledger.json"])
def test_head_requests_are_served(path: str, client: Client) -> None:
    assert client.head(path).status_code == 200


def test_a_flow_is_signed_in_without_a_browser(sandbox: SandboxDriver) -> None:
    correlation_id = sandbox.unify(ADA)["correlationId"]

    device_id = sandbox.control("POST", "control/device", {"correlationId": correlation_id})["deviceId"]

    assert sandbox.status(correlation_id).json()["success"] == "possession_required"
    assert sandbox.bind(correlation_id, ADA).json()["deviceId"] == device_id


@pytest.mark.parametrize(("number", "success"), [(ADA, "true"), (BEN, "false")])
def test_the_device_of_an_earlier_flow_signs_in_again(number: str, success: str, embedded: SandboxDriver) -> None:
    first = embedded.unify(ADA)["correlationId"]
    device = embedded.control("POST", "control/device", {"correlationId": first})
    embedded.status(first)
    embedded.bind(first, ADA)
    second = embedded.unify(number)["correlationId"]

    embedded.control("POST", "control/device", {"correlationId": second, **device})

    assert embedded.status(second).json()["success"] == success


@pytest.mark.parametrize(
    ("arguments", "error"),
    [({"correlationId": "x"}, "no such flow"), ({"correlationId": "known", "deviceId": "x"}, "no such device")],
)
def test_an_unknown_flow_or_device_is_refused(
    arguments: dict[str, str], error: str, embedded: SandboxDriver, client: Client
) -> None:
    known = embedded.unify(ADA)["correlationId"]
    body = {name: value.replace("known", known) for name, value in arguments.items()}

    answer = client.post("/sandbox/control/device", body, content_type="application/json")

    assert (answer.status_code, answer.json()["error"].startswith(error)) == (400, True)
