"""Requests put together at random: half of them nearly right, half out of the corpus's pieces. Each place has its own
generator, which begins the same each time, and is taken anew before its browser has been led elsewhere for good."""

from collections import Counter
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.deep.any_order.ledger import CALLS
from tests.deep.conftest import share, tell
from tests.hostile import corpus
from tests.hostile.corpus import Nasty
from tests.hostile.paths import OURS
from tests.hostile.places import PLACES, Place, Standing, lines, numbered
from tests.hostile.sender import complaint
from tests.journey.conftest import Sandbox

REQUESTS = share(deep=2_000, quick=100)  # at each place, on each database
BATCH = 20
HEARD = 100  # one in so many requests at least reaches the vendor that the place's page asks
SPOILT = 0.3
FIELDS = ("phone", "start_key", "code", "csrfmiddlewaretoken", "next", "username", "otp_token", "channel", "language")


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_no_generated_request_breaks_anything(db: None, sandbox: Sandbox, settings: Any, place: Place) -> None:
    settings.LIMITS_WATCH_ONLY = True
    random, heard, complaints = Random(f"20261123 {place}"), Counter[str](), []
    for batch in range(REQUESTS // BATCH):
        standing = place.take(numbered(batch), sandbox)
        standing.client.raise_request_exception = False
        before = len(lines(sandbox))
        nasties = (generated(random, place, standing) for _ in range(BATCH))
        complaints += [found for nasty in nasties if (found := complaint(standing.client, nasty))]
        heard.update(line["route"] for line in lines(sandbox)[before:])
    assert complaints == []
    assert {route: heard[route] for route in place.heard if heard[route] < REQUESTS // HEARD} == {}
    tell(f"hostile: {REQUESTS} requests of {place}, vendors heard {dict(heard)}, 0 answers of 500")


def test_requests_of_every_place_get_as_far_as_every_vendor() -> None:
    assert {route for place in PLACES for route in place.heard} == {*CALLS}


def generated(random: Random, place: Place, standing: Standing) -> Nasty:
    return nearly_right(random, place, standing) if random.random() < 0.5 else odd(random, standing)


def nearly_right(random: Random, place: Place, standing: Standing) -> Nasty:
    """What a page sends. Three of ten times a field is missing, odd or another's; a header may be odd, too."""
    path = random.choice(place.sends if random.random() < 0.7 else OURS)
    form = standing.fields(random)
    if random.random() < SPOILT:
        name = random.choice([*form])
        form[name] = random.choice([*corpus.TEXTS, *form.values()])
        form = form if random.random() < 0.7 else {each: value for each, value in form.items() if each != name}
    headers = {"HTTP_ACCEPT": corpus.JSON} if random.random() < 0.8 else {}
    if random.random() < SPOILT:
        headers |= dict([random.choice(corpus.HEADERS)])
    method = "GET" if random.random() < 0.1 else "POST"
    return Nasty(method, standing.path(path), urlencode(form, errors="surrogatepass").encode(), corpus.FORM, headers)


def odd(random: Random, standing: Standing) -> Nasty:
    """Out of the corpus; two of three with a token, or the CSRF check is all that they see."""
    method = random.choice(["GET", "POST", "POST", "POST", random.choice(corpus.METHODS)])
    path = standing.path(random.choice([*OURS, *OURS, *corpus.PATHS]))
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
        headers["HTTP_X_CSRFTOKEN"] = standing.fields(random)["csrfmiddlewaretoken"]
    if random.random() < 0.2:
        headers["HTTP_COOKIE"] = "; ".join(random.sample(corpus.COOKIES, 3))
    return Nasty(method, path, mutated(random, body), kind, headers)


def fields(random: Random) -> bytes:
    return "&".join(
        f"{random.choice(FIELDS)}={random.choice(corpus.TEXTS)}" for _ in range(random.randrange(5))
    ).encode()


def mutated(random: Random, body: bytes) -> bytes:
    """Now and then a byte is another, or the rest is missing."""
    if not body or random.random() < 0.7:
        return body
    at = random.randrange(len(body))
    return body[:at] + random.choice([b"", random.randbytes(1) + body[at + 1 :], body[at:] * 2])
