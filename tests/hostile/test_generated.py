"""Requests put together at random out of the corpus's pieces, by a generator that begins the same each time."""

import os
from random import Random

from django.test import Client

from tests.hostile import corpus
from tests.hostile.corpus import Nasty
from tests.hostile.sender import complaint

REQUESTS = 5000 if "DEEP" in os.environ else 100  # for each of four browsers, on each database
FIELDS = ("phone", "start_key", "code", "csrfmiddlewaretoken", "next", "username", "otp_token", "channel", "language")


def generated(random: Random) -> Nasty:
    method = random.choice(["GET", "POST", "POST", "POST", random.choice(corpus.METHODS)])
    path = random.choice([*corpus.PAGES, *corpus.POSTS, *corpus.POSTS, *corpus.PATHS])
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


def test_no_generated_request_breaks_anything(browser: Client) -> None:
    random = Random(20261123)
    assert [found for _ in range(REQUESTS) if (found := complaint(browser, generated(random)))] == []
