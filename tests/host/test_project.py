"""A host project, tests/projects/shop, with proveflow from its built wheel: a journey in Chromium, and its checks."""

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from psycopg.conninfo import conninfo_to_dict

from tests import postgresql
from tests.processes import ROOT, free_port, running

SHOP, SDK = ROOT / "tests/projects/shop", ROOT / "node_modules/@prove-identity/prove-auth/build/bundle/release"
NUMBER, E164 = "201 555 0123", "+12015550123"
pytestmark = pytest.mark.xdist_group("project")


@dataclass
class Shop:
    """A shop that runs, and the sandbox that it uses."""

    origin: str
    sandbox: str
    environment: dict[str, str]

    def runs(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of its manage.py to its end."""
        env = {**os.environ, **self.environment, **environment}
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=SHOP, env=env, capture_output=True, text=True, check=False)

    def code(self) -> str:
        messages = requests.get(f"{self.sandbox}/sandbox/messages.json", {"to": E164}, timeout=10).json()
        return str(messages[0]["code"])


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel was installed in, without what it depends on: that is installed here."""
    built = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(built), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (file,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target"]
    subprocess.run([*pip, str(built / "site"), str(file)], check=True, capture_output=True)
    return built / "site"


@pytest.fixture(scope="session")
def shop(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder, (port, sandbox_port) = tmp_path_factory.mktemp("shop"), (free_port(), free_port())
    sandbox, origin = f"http://127.0.0.1:{sandbox_port}", f"http://127.0.0.1:{port}"
    database = conninfo_to_dict(postgresql.start())
    environment = {
        "PYTHONPATH": str(wheel),
        "DJANGO_SETTINGS_MODULE": "shop.settings",
        "SHOP_DATABASE": str(database["dbname"]),
        "SHOP_DATABASE_HOST": str(database["host"]),
        "PROVE_WEB_SDK": str(SDK),
        "PROVE_URL": f"{sandbox}/sandbox/prove",
        "TWILIO_URL": f"{sandbox}/sandbox/twilio",
        "SANDBOX_STORE": str(folder / "sandbox.sqlite3"),
    }
    started = Shop(origin, sandbox, environment)
    with ExitStack() as stack:
        command = [str(wheel / "bin/proveflow-sandbox"), str(sandbox_port)]
        stack.enter_context(running(command, environment=environment, url=sandbox, log=folder / "sandbox.log"))
        migrated = started.runs("migrate")
        assert migrated.returncode == 0, migrated.stderr
        command = [str(SHOP / "manage.py"), "runserver", "--noreload", str(port)]
        stack.enter_context(running(command, environment=environment, url=origin, log=folder / "shop.log"))
        yield started


@pytest.fixture
def page(shop: Shop, chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(locale="en-US") as context:
        yield context.new_page()


def test_a_journey_below_a_prefix_with_the_hosts_own_header(shop: Shop, page: Page) -> None:
    page.goto(f"{shop.origin}/verify/")
    expect(page.get_by_text("The shop's own header")).to_be_visible()
    page.get_by_label("number").first.fill(NUMBER)
    page.get_by_role("button", name=re.compile("Continue|Agree")).first.click()
    page.wait_for_url("**/verify/code/")
    page.locator("[name=code]").fill(shop.code())
    page.locator("[name=code]").press("Enter")
    page.wait_for_url("**/verify/done/")
    page.goto(f"{shop.origin}/done/")
    expect(page.get_by_text("verified: True")).to_be_visible()


def test_the_host_has_at_most_twelve_lines_for_it() -> None:
    settings = (SHOP / "shop/settings.py").read_text().split("# --- proveflow ---\n")[1].split("# --- end ---")[0]
    urls = [line for line in (SHOP / "shop/urls.py").read_text().splitlines() if "onboarding" in line]
    assert len(settings.splitlines()) <= 10 and len(urls) <= 2


def test_its_checks_pass_and_its_own_names_stay_its_own(shop: Shop) -> None:
    checked = shop.runs("check", "--fail-level", "ERROR")
    assert checked.returncode == 0, checked.stderr
    named = "from django.urls import reverse; print(reverse('done'), reverse('proveflow:done'))"
    assert shop.runs("shell", "-c", named).stdout.split()[-2:] == ["/done/", "/verify/done/"]


def test_createreviewer_makes_a_user_of_the_hosts_model(shop: Shop) -> None:
    made = shop.runs("createreviewer", "ada@shop.example", "--no-input")
    assert "Scan this with an authenticator app" in made.stdout, made.stderr


def test_the_package_is_the_wheels(shop: Shop, wheel: Path) -> None:
    where = shop.runs("shell", "-c", "import onboarding; print(onboarding.__file__)").stdout
    assert str(wheel) in where


DESK = """
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice
from django.contrib.auth import get_user_model
ada = get_user_model().objects.create_user("desk@shop.example", is_staff=True, is_superuser=True)
client = Client(HTTP_HOST="127.0.0.1")
client.force_login(ada)
print(client.get("/admin/proveflow/binding/").status_code)
session = client.session
session["otp_device_id"] = TOTPDevice.objects.create(user=ada, name="app").persistent_id
session.save()
page = client.get("/admin/proveflow/binding/")
print(page.status_code, 'action="/admin/proveflow/binding/find/"' in page.content.decode())
print(client.post("/admin/proveflow/binding/find/", {"number": "201 555 0199"})["Location"])
"""


def test_the_desk_is_on_the_hosts_own_admin_site_and_admits_only_who_has_an_authenticator(shop: Shop) -> None:
    done = shop.runs("shell", "-c", DESK)
    assert done.stdout.split()[-4:] == ["403", "200", "True", "/admin/proveflow/binding/"], done.stderr


def test_the_apps_pages_are_protected_and_the_hosts_are_left_alone(shop: Shop) -> None:
    ours, theirs = (requests.get(f"{shop.origin}/{path}", timeout=10) for path in ("verify/", "start/"))
    assert "frame-ancestors 'none'" in ours.headers["Content-Security-Policy"]
    assert "Permissions-Policy" in ours.headers and "Permissions-Policy" not in theirs.headers
    from_elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert requests.post(f"{shop.origin}/verify/start/", headers=from_elsewhere, timeout=10).status_code == 403
    large = requests.post(f"{shop.origin}/start/", data=b"x" * 20_000, timeout=10)
    assert "too large" not in large.text


def test_the_hosts_admin_finds_no_module_of_ours_by_itself() -> None:
    assert importlib.util.find_spec("onboarding.admin") is None
