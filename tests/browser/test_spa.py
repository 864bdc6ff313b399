"""examples/spa/ links a number from an origin of its own, with the Web SDK and without cookies."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.driver.site import WithStandaloneSandbox
from tests.processes import ROOT

SDK = ROOT / "node_modules/@prove-identity/prove-auth/build/bundle/release/prove-auth.js"
KEY, NUMBER, E164 = "pk_spa", "+1 201 555 0123", "+12015550123"

pytestmark = [
    pytest.mark.parametrize("site", ["alone"], indirect=True),
    pytest.mark.xdist_group("alone"),
]


class Files(SimpleHTTPRequestHandler):
    """Serves the example, with the Web SDK and a configuration."""

    config: str

    def translate_path(self, path: str) -> str:
        return str(SDK) if path == "/prove-auth.js" else super().translate_path(path)

    def do_GET(self) -> None:
        if self.path != "/config.json":
            return super().do_GET()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.config.encode())
        return None

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def served(api: str) -> Iterator[str]:
    handler = type("Configured", (Files,), {"config": json.dumps({"api": api, "key": KEY})})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(ROOT / "examples/spa")))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def origin(site: WithStandaloneSandbox, tmp_path: Path) -> Iterator[str]:
    """Yield the origin of the example, which its key allows."""
    site.reset()
    with served(f"{site.origin}/api/v1/") as origin:
        site._execute(
            "INSERT OR REPLACE INTO proveflow_api_publishablekey "
            "(key, name, origins, app_ids, starts_per_hour, texts_per_hour, needs_proof) "
            f"VALUES ('{KEY}', 'SPA', '{origin}', '', 600, 600, 0)"
        )
        yield origin


def test_the_example_links_a_number_after_a_reload_and_sets_no_cookie(
    site: WithStandaloneSandbox, origin: str, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(origin)
    page.locator("body[data-ready]").wait_for()
    page.get_by_label("Your number").fill(NUMBER)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("The code that we sent").wait_for()
    page.reload()
    page.get_by_label("The code that we sent").fill(str(site.read("messages.json", to=E164)[0]["code"]))
    page.get_by_role("button", name="Link", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("Your number is linked to this device.")
    expect(page.get_by_role("listitem")).to_have_text("Example (this device)")
    assert context.cookies() == []
