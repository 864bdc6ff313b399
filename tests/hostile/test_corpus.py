"""The fixed corpus in every situation: no response is a 500 or a redirect to another site."""

import pytest
from django.test import Client

from tests.hostile.corpus import CORPUS
from tests.hostile.sender import answer, problem


def test_no_request_of_the_corpus_causes_a_server_error(browser: Client) -> None:
    assert len(CORPUS) >= 200
    assert [found for request in CORPUS if (found := problem(browser, request))] == []
    assert answer(browser, CORPUS[0]).status_code < 500
    assert browser.get("/healthz").status_code == browser.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_no_request_of_the_corpus_causes_a_server_error_in_the_csrf_check() -> None:
    stranger = Client(enforce_csrf_checks=True, raise_request_exception=False)
    stranger.get("/")  # sets the cookie, without which the check stops early
    assert [found for request in CORPUS if (found := problem(stranger, request))] == []
