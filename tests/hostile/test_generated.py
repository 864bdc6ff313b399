"""Random hostile requests: half of them nearly right, half made of pieces of the corpus.

Each situation has its own random generator with a fixed seed. Its browser is prepared anew for each batch.
"""

from collections import Counter
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection

from tests.deep.any_order.invariants import JOURNEY_ROUTES
from tests.deep.conftest import DEEP, report, share
from tests.hostile import corpus
from tests.hostile.corpus import HostileRequest
from tests.hostile.paths import OURS
from tests.hostile.sender import problem
from tests.hostile.situations import SITUATIONS, PreparedBrowser, Situation, number_of, vendor_calls
from tests.journey.conftest import Sandbox

SOME = SITUATIONS[:3]
REQUESTS = share(deep=2_000, quick=100)  # in each situation, on each database
BATCH = 20
REACHES_ONE_IN = 100  # at least one in so many requests reaches each vendor call of the situation
SPOILED = 0.3
FIELDS = ("phone", "start_key", "code", "csrfmiddlewaretoken", "next", "username", "otp_token", "channel", "language")


@pytest.mark.parametrize("situation", SITUATIONS if connection.vendor == "postgresql" or DEEP else SOME, ids=str)
def test_no_generated_request_causes_a_server_error(
    db: None, sandbox: Sandbox, settings: Any, situation: Situation
) -> None:
    settings.LIMITS_WATCH_ONLY = True
    random, reached, problems = Random(f"20261129 {situation}"), Counter[str](), []
    for batch in range(REQUESTS // BATCH):
        prepared = situation.prepare(number_of(batch), sandbox)
        prepared.client.raise_request_exception = False
        before = len(vendor_calls(sandbox))
        requests = (generated(random, situation, prepared) for _ in range(BATCH))
        problems += [found for request in requests if (found := problem(prepared.client, request))]
        reached.update(call["route"] for call in vendor_calls(sandbox)[before:])
    assert problems == []
    assert {route: reached[route] for route in situation.reaches if reached[route] < REQUESTS // REACHES_ONE_IN} == {}
    report(f"hostile: {REQUESTS} requests of {situation}, vendors received {dict(reached)}, 0 answers of 500")


def test_the_situations_together_reach_every_vendor_call() -> None:
    assert {route for situation in SITUATIONS for route in situation.reaches} == {*JOURNEY_ROUTES}


def generated(random: Random, situation: Situation, prepared: PreparedBrowser) -> HostileRequest:
    return nearly_right(random, situation, prepared) if random.random() < 0.5 else odd(random, prepared)


def nearly_right(random: Random, situation: Situation, prepared: PreparedBrowser) -> HostileRequest:
    """Return a request as a page sends it. In 30 % a field is missing or wrong; in 30 % a header is odd."""
    path = random.choice(situation.posts if random.random() < 0.7 else OURS)
    form = prepared.fields(random)
    if random.random() < SPOILED:
        name = random.choice([*form])
        form[name] = random.choice([*corpus.TEXTS, *form.values()])
        form = form if random.random() < 0.7 else {each: value for each, value in form.items() if each != name}
    headers = {"HTTP_ACCEPT": corpus.JSON} if random.random() < 0.8 else {}
    if random.random() < SPOILED:
        headers |= dict([random.choice(corpus.HEADERS)])
    method = "GET" if random.random() < 0.1 else "POST"
    return HostileRequest(
        method, prepared.path(path), urlencode(form, errors="surrogatepass").encode(), corpus.FORM, headers
    )


def odd(random: Random, prepared: PreparedBrowser) -> HostileRequest:
    """Return a request made of pieces of the corpus; most have a CSRF token, to get past that check."""
    method = random.choice(["GET", "POST", "POST", "POST", random.choice(corpus.METHODS)])
    path = prepared.path(random.choice([*OURS, *OURS, *corpus.PATHS]))
    kind, body = random.choice(
        [
            (corpus.FORM, fields(random)),
            (corpus.FORM, random.choice(corpus.RAW_BODIES)),
            (corpus.JSON, random.choice(corpus.JSON_BODIES)),
            (corpus.MULTIPART, random.choice(corpus.MULTIPART_BODIES)),
            (random.choice(corpus.CONTENT_TYPES), random.randbytes(random.randrange(300))),
        ]
    )
    headers = dict(random.sample(corpus.HEADERS, random.randrange(4)))
    if random.random() < 0.7:
        headers["HTTP_X_CSRFTOKEN"] = prepared.fields(random)["csrfmiddlewaretoken"]
    if random.random() < 0.2:
        headers["HTTP_COOKIE"] = "; ".join(random.sample(corpus.COOKIES, 3))
    return HostileRequest(method, path, mutated(random, body), kind, headers)


def fields(random: Random) -> bytes:
    return "&".join(
        f"{random.choice(FIELDS)}={random.choice(corpus.TEXTS)}" for _ in range(random.randrange(5))
    ).encode()


def mutated(random: Random, body: bytes) -> bytes:
    """Return the body; in 30 % with a changed byte, or cut or doubled."""
    if not body or random.random() < 0.7:
        return body
    at = random.randrange(len(body))
    return body[:at] + random.choice([b"", random.randbytes(1) + body[at + 1 :], body[at:] * 2])
