"""The Content-Security-Policy of the pages: what it allows, and that a browser enforces it."""

import re

import pytest
import requests

from tests.browser.driver.person import Person
from tests.browser.driver.site import WithStandaloneSandbox

VIOLATIONS = {
    "an image from elsewhere": "document.body.append(Object.assign(new Image(), {src: 'https://example.com/x.png'}))",
    "a request to elsewhere": "fetch('https://example.com/').catch(() => {})",
    "a style in the page": "document.body.setAttribute('style', 'color: red')",
    "text taken for HTML": "try { document.body.innerHTML = '<p>'; } catch {}",
}


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_violation_is_detected(person: Person, violation: str) -> None:
    """Every other browser test asserts at its end that there was none."""
    person.opens()
    with person.page.expect_console_message(lambda message: "Policy" in message.text or "Trusted" in message.text):
        person.page.evaluate(VIOLATIONS[violation])
    assert person.violations
    person.violations.clear()


def test_the_browser_may_connect_to_this_origin_and_prove_only(person: Person) -> None:
    policy = requests.get(person.site.origin, timeout=5).headers["Content-Security-Policy"]
    allowed = re.findall(r"connect-src ([^;]*)", policy)
    prove = [f"http://127.0.0.1:{person.site.prove_port}"] if isinstance(person.site, WithStandaloneSandbox) else []
    assert [sorted(sources.split()) for sources in allowed] == [sorted(["'self'", *prove])]
