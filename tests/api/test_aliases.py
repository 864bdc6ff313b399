"""An app that was made for the back end of Prove's demo apps works with another URL and a key."""

from tests.api.app import NUMBER, App
from tests.device import through
from tests.journey.conftest import Sandbox


def initializes(app: App, number: str = NUMBER) -> str:
    body = {"phoneNumber": number, "possessionType": "none"}
    answer = app.calls("post", "initialize", body, bearer=app.key)
    assert answer.status_code == 200, answer.content
    app.device.authenticate(answer.json()["authToken"], through(app.client))
    return str(answer.json()["correlationId"])


def test_the_demo_journey_ends_linked(app: App, sandbox: Sandbox) -> None:
    for expected in (("possession_required", False, True), ("true", True, False)):
        secret = initializes(app)
        told = app.calls("post", "verify", {"correlationId": secret}, bearer=app.key).json()
        assert (told["success"], told["verified"], told["fallbackRequired"]) == expected
        if told["fallbackRequired"]:
            path = told["verification"]["next_action"]["href"]
            assert app.calls("post", path, {"code": app.code()}, bearer=secret).json()["status"] == "linked"


def test_the_id_is_ours_and_proves_own_never_comes(app: App, sandbox: Sandbox) -> None:
    secret = initializes(app)
    [call] = sandbox.calls("prove.unify")
    assert secret.startswith("pfc_") and call["correlationId"] not in secret


def test_an_id_that_is_unknown_or_of_another_app_is_refused(app: App) -> None:
    from onboarding.api.models import PublishableKey

    other = PublishableKey.objects.create(name="another")
    secret = initializes(app)
    for correlation_id, key in ((secret, other.key), ("3f0f3f9e", app.key)):
        refused = app.calls("post", "verify", {"correlationId": correlation_id}, bearer=key)
        assert refused.status_code == 404


def test_an_android_app_hash_ends_its_text_but_no_call(app: App, sandbox: Sandbox) -> None:
    from tests.journey.visitor import Visitor

    app.begins(app_hash="FA+9qCX9VSu")
    app.checks_device()
    [text] = Visitor().messages(NUMBER)
    assert text["body"].endswith("FA+9qCX9VSu")
