"""`make screenshots`: every page in every state, in several widths, light, dark and in Arabic; into var/screenshots/

`python -m tests.screenshots code moved` takes only those.
"""

import os
import shutil
import sys
import tempfile
from itertools import product
from pathlib import Path
from typing import Literal

import django
from playwright.sync_api import Browser, sync_playwright

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from tests.browser.driver.page_states import PAGE_STATES  # noqa: E402
from tests.browser.driver.person import Person  # noqa: E402 - uses Django's catalogues
from tests.browser.driver.site import Site, WithStandaloneSandbox  # noqa: E402
from tests.conftest import CHROMIUM, FLAGS  # noqa: E402
from tests.processes import ROOT  # noqa: E402

WIDTHS = {390: 844, 768: 1024, 1280: 900}  # pixels, to height
PHONE, TABLET = 390, 768  # the desk is for tablets and computers
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
LANGUAGES = ("en", "ar")
TAKEN = ROOT / "var/screenshots"
# The README shows these.
KEPT = {"phone-390-light": "phone", "code-390-light": "code", "done-390-dark": "done", "code-390-light-ar": "arabic"}


def looks(name: str, language: str) -> list[tuple[int, Literal["light", "dark"]]]:
    """Return the widths and colour schemes to take."""
    narrow = TABLET if name.startswith("desk") else PHONE
    return [(narrow, "light")] if language == "ar" else [*product((narrow, 1280), SCHEMES)]


def take(browser: Browser, site: Site, name: str, language: str) -> None:
    """Go to the state once, then take it in every width and colour scheme."""
    site.reset()
    size = {"width": PHONE, "height": WIDTHS[PHONE]}
    with browser.new_context(viewport=size, locale=language, reduced_motion="reduce") as context:  # type: ignore[arg-type]
        person = Person(context, site, language)
        PAGE_STATES[name](person)
        for width, scheme in looks(name, language):
            person.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            person.page.set_viewport_size({"width": width, "height": WIDTHS[width]})
            suffix = "" if language == "en" else f"-{language}"
            person.page.screenshot(
                path=TAKEN / f"{name}-{width}-{scheme}{suffix}.png", full_page=True, animations="disabled"
            )


def main(names: list[str]) -> None:
    TAKEN.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with WithStandaloneSandbox.running(Path(folder)) as site:
            for name in names or PAGE_STATES:
                for language in LANGUAGES:
                    take(browser, site, name, language)
    for taken, kept in KEPT.items():
        if (TAKEN / f"{taken}.png").exists():
            shutil.copy(TAKEN / f"{taken}.png", ROOT / f"docs/screenshots/{kept}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
