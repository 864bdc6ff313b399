"""The strict policy of the pages: what it lets through, and that a browser holds it."""

import re

import pytest
import requests

from tests.browser.stage.person import Person
from tests.browser.stage.site import Alone

BREACHES = {
    "an image from elsewhere": "document.body.append(Object.assign(new Image(), {src: 'https://example.com/x.png'}))",
    "a request to elsewhere": "fetch('https://example.com/').catch(() => {})",
    "a style in the page": "document.body.setAttribute('style', 'color: red')",
    "text taken for HTML": "try { document.body.innerHTML = '<p>'; } catch {}",
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_would_be_seen(person: Person, breach: str) -> None:
    """Every other test ends with: there was none."""
    person.opens()
    with person.page.expect_console_message(lambda message: "Policy" in message.text or "Trusted" in message.text):
        person.page.evaluate(BREACHES[breach])
    assert person.violations
    person.violations.clear()


def test_the_browser_may_ask_us_and_prove_and_nobody_else(person: Person) -> None:
    policy = requests.get(person.site.origin, timeout=5).headers["Content-Security-Policy"]
    asked = re.findall(r"connect-src ([^;]*)", policy)
    prove = [f"http://127.0.0.1:{person.site.prove_port}"] if isinstance(person.site, Alone) else []
    assert [sorted(sources.split()) for sources in asked] == [sorted(["'self'", *prove])]
