"""`make screenshots`: every page in every state, for phones and desktops, light and dark, in var/screenshots/.

`python -m tests.screenshots code moved` takes those alone.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, sync_playwright

from tests.browser.person import Person
from tests.browser.site import Alone, Site
from tests.browser.states import STATES
from tests.conftest import CHROMIUM, FLAGS
from tests.processes import ROOT

WIDTHS = {390: 844, 1280: 900}  # pixels, to height
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TAKEN = ROOT / "var/screenshots"
KEPT = {"code-390-light": "code-390"}  # the README shows it


def take(browser: Browser, site: Site, name: str, width: int, scheme: Literal["light", "dark"]) -> None:
    site.forget()
    size = {"width": width, "height": WIDTHS[width]}
    with browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce") as context:  # type: ignore[arg-type]
        person = Person(context, site)
        STATES[name](person)
        person.page.screenshot(path=TAKEN / f"{name}-{width}-{scheme}.png", full_page=True)


def main(names: list[str]) -> None:
    TAKEN.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        with Alone.running(Path(folder)) as site:
            for name in names or STATES:
                for width in WIDTHS:
                    for scheme in SCHEMES:
                        take(browser, site, name, width, scheme)
    for taken, kept in KEPT.items():
        if (TAKEN / f"{taken}.png").exists():
            shutil.copy(TAKEN / f"{taken}.png", ROOT / f"docs/screenshots/{kept}.png")


if __name__ == "__main__":
    main(sys.argv[1:])
