"""A page with the unmodified Web SDK, its server, and calls to the SDK from a test."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from playwright.sync_api import Page

from tests.sandbox.driver import SandboxDriver

SDK = Path(__file__).parents[3] / "node_modules/@prove-identity/prove-auth/build/bundle/release/prove-auth.js"
REGISTER, VERIFY = "prove.device_register", "prove.device_verify"
ERROR, CHALLENGE = "prove.device_error", "prove.device_challenge"
SILENT = "device/passive/silent"  # `next`: register or verify again
ADA = "+12025550101"
HTML = b"<!doctype html><title>page</title><script src=/sdk.js></script><script type=module src=/page.js></script>"
SETUP = """
proveAuth.LoggerFactory.setLogLevel(proveAuth.LogLevel.disabled);
window.build = (result) => new proveAuth.AuthenticatorBuilder()
  .withAuthFinishStep(async ({authId}) => { result.authId = authId; }).build();
window.authenticate = async (token, timeout_ms) => {
  const result = {authId: null, outcome: "pending", code: null, message: ""};
  const promise = build(result).authenticate(token).then(
    () => { result.outcome = "resolved"; },
    (error) => Object.assign(result, {outcome: "rejected", code: error.code ?? null, message: error.message ?? error}));
  await Promise.race([promise, new Promise((resolve) => setTimeout(resolve, timeout_ms))]);
  return result;
};
window.unregister = () => build({}).unregisterDevice();
window.deviceId = () => localStorage.getItem("ProveAuth.DeviceId");
"""
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src {origin}; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass(frozen=True)
class Result:
    """How the SDK's `authenticate` ended."""

    outcome: str  # "resolved" or "rejected", as the promise; "pending" at the timeout
    finished: bool  # the finish step ran
    code: int | str | None
    message: str


class Sdk:
    """The Web SDK on a page of `page_server`."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def authenticate(self, auth_token: str, timeout_ms: int = 4000) -> Result:
        result = self.page.evaluate("([token, ms]) => authenticate(token, ms)", [auth_token, timeout_ms])
        return Result(result["outcome"], result["authId"] is not None, result["code"], str(result["message"]))

    def device_id(self) -> str | None:
        found: str | None = self.page.evaluate("deviceId()")
        return found

    def unregister(self) -> None:
        self.page.evaluate("unregister()")

    def clear_data(self) -> None:
        self.page.evaluate(
            "() => new Promise((done) => { localStorage.clear();"
            " indexedDB.deleteDatabase('ProveAuth').onsuccess = () => done(); })"
        )


class SilentHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing."""


@contextmanager
def page_server(sandbox: str) -> Iterator[str]:
    """Serves the page and yields its origin, which is not the sandbox's, so that every call of the SDK needs CORS."""
    contents = {"/": ("text/html", HTML), "/page.js": ("text/javascript", SETUP.encode())}
    contents["/sdk.js"] = ("text/javascript", SDK.read_bytes())

    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        kind, content = contents.get(environ["PATH_INFO"], ("text/plain", b""))
        start(
            "200 OK",
            [
                ("Content-Type", kind),
                (
                    "Content-Security-Policy",
                    POLICY.format(origin=f"{sandbox} {sandbox.replace('127.0.0.1', 'localhost')}"),
                ),
            ],
        )
        return [content]

    with make_server("127.0.0.1", 0, app, handler_class=SilentHandler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def token(sandbox: SandboxDriver, number: str = ADA) -> str:
    return sandbox.unify(number)["authToken"]


def bind_with(sdk: Sdk, sandbox: SandboxDriver, number: str, **more: Any) -> None:
    unified = sandbox.unify(number, **more)
    assert sdk.authenticate(unified["authToken"]).finished
    assert sandbox.status(unified["correlationId"]).json()["success"] == "possession_required"
    assert sandbox.bind(unified["correlationId"], number).json()["success"] == "true"


def calls(sandbox: SandboxDriver, *routes: str) -> list[str]:
    """The calls of the device API in the ledger, only those of `routes` if given."""
    device = [call["route"] for call in sandbox.control("GET", "control/ledger.json", {}) if "device_" in call["route"]]
    return [route for route in device if not routes or route in routes]
