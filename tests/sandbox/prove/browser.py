"""A bare page with the unmodified Web SDK, and what a test may do with it in a real browser."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from playwright.sync_api import Page

SDK = Path(__file__).parents[3] / "node_modules/@prove-identity/prove-auth/build/bundle/release/prove-auth.js"
REGISTER = "prove.device_register"
HTML = b"<!doctype html><title>page</title><script src=/sdk.js></script><script type=module src=/page.js></script>"
SETUP = """
proveAuth.LoggerFactory.setLogLevel(proveAuth.LogLevel.disabled);
window.make = (told) => new proveAuth.AuthenticatorBuilder()
  .withAuthFinishStep(async ({authId}) => { told.authId = authId; }).build();
window.authenticate = async (token, patience_ms) => {
  const told = {authId: null, outcome: "pending", code: null, message: ""};
  const promise = make(told).authenticate(token).then(
    () => { told.outcome = "resolved"; },
    (error) => Object.assign(told, {outcome: "rejected", code: error.code ?? null, message: error.message ?? error}));
  await Promise.race([promise, new Promise((resolve) => setTimeout(resolve, patience_ms))]);
  return told;
};
window.unregister = () => make({}).unregisterDevice();
window.deviceId = () => localStorage.getItem("ProveAuth.DeviceId");
"""
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src {origin}; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


@dataclass(frozen=True)
class Told:
    """How `authenticate` ended. `finished`: the finish step ran, for whatever reason."""

    outcome: str
    finished: bool
    code: int | str | None
    message: str


@dataclass(frozen=True)
class Bad:
    """A bad answer to the first call, and how the SDK takes it. `asked`: the calls it makes, the first included."""

    name: str
    kind: str
    outcome: str
    finished: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    code: int | str | None = None
    asked: Sequence[str] = (REGISTER,)
    times: int | None = 1  # None: Chromium repeats a call on a reused connection that breaks, up to three times

    def __str__(self) -> str:
        return self.name


def body(**body: Any) -> dict[str, Any]:
    return {"body": body}


def sends_on(status: int) -> dict[str, Any]:
    """To the same place: a relative address keeps the path."""
    return {"status": status, "headers": {"Location": "?again"}}


class Sdk:
    """The Web SDK on the page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def authenticate(self, auth_token: str, patience_ms: int = 4000) -> Told:
        told = self.page.evaluate("([token, ms]) => authenticate(token, ms)", [auth_token, patience_ms])
        return Told(told["outcome"], told["authId"] is not None, told["code"], str(told["message"]))

    def device_id(self) -> str | None:
        found: str | None = self.page.evaluate("deviceId()")
        return found

    def unregister(self) -> None:
        self.page.evaluate("unregister()")

    def clears_its_data(self) -> None:
        self.page.evaluate(
            "() => new Promise((done) => { localStorage.clear();"
            " indexedDB.deleteDatabase('ProveAuth').onsuccess = () => done(); })"
        )


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Tests are told what matters."""


@contextmanager
def page_server(sandbox: str) -> Iterator[str]:
    """Its origin: another one than the sandbox's, so every call of the SDK needs CORS."""
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

    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
