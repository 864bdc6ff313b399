"""Prove's two regions: a host each, with credentials, tokens, flows and keys of its own."""

from dataclasses import replace

import jwt
import pytest

from sandbox.state import clock
from tests.sandbox.driver import SandboxDriver

ADA, KIM = "+12025550101", "+447700900123"
OTHER_HOST, NOON = 403, 2_000_000_000.0


@pytest.fixture
def europe(sandbox: SandboxDriver) -> SandboxDriver:
    return replace(sandbox, host="/sandbox/prove-eu", client_id="sandbox-eu")


def test_a_number_is_bound_on_the_host_of_europe(europe: SandboxDriver) -> None:
    europe.set_switches(region="own")

    correlation_id = europe.bound_flow(KIM)

    [line] = europe.ledger("prove.unify_bind")
    assert (line["region"], line["correlationId"], line["bound"]) == ("eu", correlation_id, True)


def test_browsers_are_sent_to_the_host_of_their_flow(sandbox: SandboxDriver, europe: SandboxDriver) -> None:
    tokens = sandbox.unify(ADA)["authToken"], europe.unify(KIM)["authToken"]

    endpoints = [jwt.decode(token, options={"verify_signature": False})["auth"]["endp"] for token in tokens]

    assert [endpoint.rpartition("/")[2] for endpoint in endpoints] == ["prove", "prove-eu"]


def test_the_credentials_of_one_region_are_refused_by_the_other(sandbox: SandboxDriver, europe: SandboxDriver) -> None:
    assert replace(sandbox, client_id="sandbox-eu").token().status_code == 401
    assert replace(europe, client_id="sandbox").token().status_code == 401


def test_the_access_token_of_one_region_is_refused_by_the_other(sandbox: SandboxDriver, europe: SandboxDriver) -> None:
    sandbox.authorization()

    assert replace(europe, access_token=sandbox.access_token).unify(KIM).get("message") == "not authorized"


def test_a_flow_is_known_to_its_region_only(sandbox: SandboxDriver, europe: SandboxDriver) -> None:
    correlation_id = sandbox.checked_flow(ADA)

    assert europe.status(correlation_id).json()["code"] == 8008


def test_the_auth_token_of_a_flow_opens_the_device_api_of_its_region_only(sandbox: SandboxDriver) -> None:
    headers = {"Authorization": f"Bearer {sandbox.unify(ADA)['authToken']}"}
    verify = "v1/client/device/passive/verify"

    answers = [
        sandbox.send("POST", f"/sandbox/{host}/{verify}", json={}, headers=headers) for host in ("prove", "prove-eu")
    ]

    assert [answer.status_code for answer in answers] == [200, 401]


def test_a_key_is_revoked_by_its_region_only(sandbox: SandboxDriver, europe: SandboxDriver) -> None:
    device_id = sandbox.status(sandbox.bound_flow(ADA)).json()["deviceId"]
    revoke = {"clientRequestId": "r", "deviceId": device_id}

    assert europe.prove("/v3/device/revoke", **revoke).json()["code"] == 8011
    assert sandbox.prove("/v3/device/revoke", **revoke).json() == {"success": True}


@pytest.mark.parametrize(("number", "north_america", "in_europe"), [(ADA, 200, OTHER_HOST), (KIM, OTHER_HOST, 200)])
def test_switch_region_refuses_numbers_of_the_other_region(
    number: str, north_america: int, in_europe: int, sandbox: SandboxDriver, europe: SandboxDriver
) -> None:
    sandbox.set_switches(region="own")
    unify = {"possessionType": "none", "clientRequestId": "r", "phoneNumber": number}

    statuses = [driver.prove("/v3/unify", **unify).status_code for driver in (sandbox, europe)]

    assert statuses == [north_america, in_europe]


def test_each_region_has_a_rate_limit_of_its_own(embedded: SandboxDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda _: NOON)
    europe = replace(embedded, host="/sandbox/prove-eu", client_id="sandbox-eu")
    embedded.set_switches(requests_per_second="25")
    europe.authorization()
    while "code" not in embedded.unify(ADA):
        pass

    assert "correlationId" in europe.unify(KIM)


@pytest.mark.parametrize("path", ["", "/", "/v3/nothing"])
def test_an_unknown_path_of_europe_is_refused_as_proves(path: str, europe: SandboxDriver) -> None:
    assert europe.send("POST", f"{europe.host}{path}").status_code == 403
