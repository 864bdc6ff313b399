"""A person with WebKitGTK, which stands in for Safari: its WebDriver drives it, on an X server without a screen."""

import os
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

from selenium.common.exceptions import (
    NoSuchElementException,
    NoSuchFrameException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver import WebKitGTK, WebKitGTKOptions, WebKitGTKService
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.driver.site import Site
from tests.browser.driver.verbs import Verbs

NEEDED = {name: shutil.which(name) for name in ("WebKitWebDriver", "Xvfb")}
BROWSERS = sorted(Path("/usr").glob("lib*/**/webkit2gtk-4.*/MiniBrowser")) if NEEDED["WebKitWebDriver"] else []
MISSING = [name for name, path in {**NEEDED, "MiniBrowser": BROWSERS}.items() if not path]
WAIT_S = 40  # longer than the page itself waits for the device check
Found = TypeVar("Found")


@contextmanager
def screen() -> Iterator[str]:
    """Yield the name of an X display of our own."""
    command = [str(NEEDED["Xvfb"]), "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout
        try:
            yield f":{server.stdout.readline().decode().strip()}"
        finally:
            server.terminate()


@contextmanager
def webkit(display: str) -> Iterator[WebKitGTK]:
    """Yield a browser until the block ends. Under automation it browses in private, and stores nothing on disk."""
    options = WebKitGTKOptions()
    options.binary_location = str(BROWSERS[-1])
    options.add_argument("--automation")
    environment = os.environ | {"DISPLAY": display, "MESA_SHADER_CACHE_DISABLE": "1", "GSETTINGS_BACKEND": "memory"}
    service = WebKitGTKService(executable_path=str(NEEDED["WebKitWebDriver"]), env=environment)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of selenium's own call
        browser = WebKitGTK(options=options, service=service)
    try:
        yield browser
    finally:
        browser.quit()


class WebKitPerson(Verbs):
    def __init__(self, browser: WebKitGTK, site: Site, display: str) -> None:
        self.browser, self.site, self.display = browser, site, display
        browser.set_window_size(390, 844)

    @classmethod
    @contextmanager
    def with_a_browser(cls, site: Site, display: str) -> Iterator[Self]:
        with webkit(display) as browser:
            yield cls(browser, site, display)

    def another_person(self) -> AbstractContextManager[Self]:
        return self.with_a_browser(self.site, self.display)

    def goes_to(self, url: str) -> None:
        self.browser.get(url)

    def goes_back(self) -> None:
        self.browser.back()

    def forgets_cookies(self) -> None:
        self.browser.delete_all_cookies()

    def runs(self, script: str) -> Any:
        return self.browser.execute_async_script(
            f"const done = arguments[0]; Promise.resolve({script}).then(done, (error) => done(String(error)))"
        )

    def fills(self, field: str, text: str) -> None:
        element = self._found("label", field)
        target = self.browser.find_element(By.ID, str(element.get_dom_attribute("for")))
        target.clear()
        target.send_keys(text)

    def presses(self, name: str) -> None:
        self._found("button", name).click()

    def follows(self, name: str) -> None:
        self._found("a", name).click()

    def sees(self, heading: str) -> None:
        self._waits(self.translated(heading), lambda words: words in self.text_of("h1"))

    def reads(self, text: str) -> None:
        self._waits(self.translated(text), lambda words: words in self.text_of("body"))

    def text_of(self, selector: str) -> str:
        return self.browser.find_element(By.CSS_SELECTOR, selector).text

    def _found(self, tag: str, name: str) -> WebElement:
        """Wait for the visible element of this tag with exactly these words."""

        def find(words: str) -> WebElement | None:
            elements = self.browser.find_elements(By.TAG_NAME, tag)
            return next((it for it in elements if it.text == words and it.is_displayed()), None)

        return self._waits(self.translated(name), find)

    def _waits(self, words: str, condition: Callable[[str], Found | None]) -> Found:
        """Return the first true value of the condition; the page may be changing."""
        passing = (NoSuchElementException, NoSuchFrameException, StaleElementReferenceException)
        wait = WebDriverWait(self.browser, WAIT_S, poll_frequency=0.05, ignored_exceptions=passing)
        try:
            return wait.until(lambda _browser: condition(words) or False)
        except TimeoutException:
            raise AssertionError(f"{words!r} is not on the page: {self.text_of('main')}") from None
