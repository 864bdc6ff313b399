"""A wire case, and patterns for the parts of an answer that differ from call to call."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.sandbox.world import World


@dataclass(frozen=True)
class Like:
    """Any string of that form; `example` is one."""

    pattern: str
    example: str


UUID = Like(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "713189b8-5555-4b08-83ba-75d08780aebd")
JWT = Like(r"[A-Za-z0-9_-]+\.[A-Za-z0-9]+\.[A-Za-z0-9_-]+", "eyJhbGciOiJFUzI1NiJ9.eyJhdXRoIjp7fX0.c2lnbmF0dXJl")
TEXT = Like(r".+", "some text")
MOMENT = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-11-23T10:00:00Z")


@dataclass(frozen=True)
class Case:
    """`ask` brings the sandbox to where the question arises, and asks it. `understood` is what our client says then;
    empty where none of ours asks.
    """

    name: str
    page: str  # the vendor's
    operation: str
    ask: Callable[[World], requests.Response]
    understood: str
    answer: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def differences(expected: Any, actual: Any, where: str = "answer") -> list[str]:
    """Where `actual` is not as expected; nothing may be missing, nothing may be there that is not expected."""
    if isinstance(expected, Like):
        fits = isinstance(actual, str) and re.fullmatch(expected.pattern, actual, re.DOTALL)
        return [] if fits else [f"{where}: {actual!r} is not like {expected.pattern}"]
    if isinstance(expected, Mapping) and isinstance(actual, dict):
        missing = [f"{where}.{name}: is missing" for name in expected.keys() - actual.keys()]
        uncalled = [f"{where}.{name}: nobody expects it" for name in actual.keys() - expected.keys()]
        common = [
            differences(expected[name], actual[name], f"{where}.{name}") for name in expected.keys() & actual.keys()
        ]
        return missing + uncalled + sum(common, [])
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = zip(expected, actual, strict=True)
        return sum((differences(e, a, f"{where}[{place}]") for place, (e, a) in enumerate(pairs)), [])
    same = type(expected) is type(actual) and expected == actual
    return [] if same else [f"{where}: {actual!r} is not {expected!r}"]


def example(expected: Any) -> Any:
    """The answer written out, for a client to read."""
    match expected:
        case Like():
            return expected.example
        case Mapping():
            return {name: example(value) for name, value in expected.items()}
        case list():
            return [example(value) for value in expected]
    return expected
