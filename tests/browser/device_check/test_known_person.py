"""All answers that the Web SDK can get when a person is known. One browser takes them all: a link takes long."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import SIZE
from tests.browser.device_check.answers import (
    ANSWERS,
    CHALLENGES,
    CODE_PAGE,
    DONE,
    E164,
    KEY_IS_GONE,
    NUMBER,
    continues_to,
)
from tests.browser.driver.person import Person
from tests.browser.driver.site import Site
from tests.deep.conftest import share

pytestmark = pytest.mark.parametrize(
    "site", [pytest.param("alone", marks=pytest.mark.xdist_group("device check"))], indirect=True
)


@pytest.fixture(scope="module")
def linked(chromium: Browser, site: Site) -> Iterator[Person]:
    site.reset()
    with chromium.new_context(viewport=SIZE, locale="en") as context:
        person = Person(context, site)
        person.links(NUMBER, E164)
        yield person


@pytest.fixture
def known(linked: Person) -> Iterator[Person]:
    """Yield a person whose device is linked. A test that loses the key links it again."""
    linked.clear_faults()
    linked.site.reset_limits()
    yield linked
    assert linked.violations == []


def goes_on(known: Person, *, key_is_gone: bool) -> None:
    """Start, and get to the end: with the key that is linked, or with a new one and a code."""
    binds = len(known.calls("prove.unify_bind"))
    known.starts(NUMBER)
    if key_is_gone:
        continues_to(known, CODE_PAGE)
        known.types_code(known.code(E164))
    continues_to(known, DONE)
    assert len(known.calls("prove.unify_bind")) == binds + key_is_gone


@pytest.mark.parametrize("answer", share(deep=list(ANSWERS), quick=list(ANSWERS)[1::2]))
def test_a_known_person_can_continue_after_any_answer_to_verify(known: Person, answer: str) -> None:
    known.inject_fault("prove.device_verify", **{"times": 1, **ANSWERS[answer]})
    goes_on(known, key_is_gone=answer in KEY_IS_GONE)


@pytest.mark.parametrize("answer", CHALLENGES)
def test_a_known_person_can_continue_after_any_answer_to_the_challenge_request(known: Person, answer: str) -> None:
    asked = len(known.calls("prove.device_challenge"))
    known.inject_fault("prove.device_verify", "empty", times=1)
    known.inject_fault("prove.device_challenge", **{"times": 1, **CHALLENGES[answer]})
    goes_on(known, key_is_gone=answer in KEY_IS_GONE)
    assert len(known.calls("prove.device_challenge")) > asked
