"""The fixed corpus: whoever sends it, 0 answers of 500, and no way to another site."""

import pytest
from django.test import Client

from tests.hostile.corpus import CORPUS
from tests.hostile.sender import answer, complaint


def test_no_request_of_the_corpus_breaks_anything(browser: Client) -> None:
    assert len(CORPUS) >= 200
    assert [found for nasty in CORPUS if (found := complaint(browser, nasty))] == []
    assert answer(browser, CORPUS[0]).status_code < 500
    assert browser.get("/healthz").status_code == browser.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_none_breaks_the_csrf_check_which_reads_it_first() -> None:
    stranger = Client(enforce_csrf_checks=True, raise_request_exception=False)
    stranger.get("/")  # for a cookie: without one it reads no further
    assert [found for nasty in CORPUS if (found := complaint(stranger, nasty))] == []
