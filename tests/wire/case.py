"""A wire case, and patterns for the parts of a response that differ from call to call."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.sandbox.driver import SandboxDriver


@dataclass(frozen=True)
class Like:
    """Any string that matches `pattern` as a whole. `example` is one."""

    pattern: str
    example: str


@dataclass(frozen=True)
class Whole:
    """Any whole number."""

    example: int


NUMBER = Whole(1747671792)
UUID = Like(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "713189b8-5555-4b08-83ba-75d08780aebd")
JWT = Like(r"[A-Za-z0-9_-]+\.[A-Za-z0-9]+\.[A-Za-z0-9_-]+", "eyJhbGciOiJFUzI1NiJ9.eyJhdXRoIjp7fX0.c2lnbmF0dXJl")
TEXT = Like(r".+", "some text")
MOMENT = Like(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-11-23T10:00:00Z")


@dataclass(frozen=True)
class Case:
    """A request and the expected response: `status`, `headers` and the JSON `body`."""

    name: str
    page: str  # the vendor's page that documents it, or "assumed"
    operation: str  # the last part of the path
    send: Callable[[SandboxDriver], requests.Response]  # prepares the sandbox, then sends the request
    client_result: str  # what our client returns or raises; empty if no client of ours sends this request
    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str | Like] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name


def differences(expected: Any, actual: Any, where: str = "body") -> list[str]:
    """Each place where `actual` differs from `expected`, including missing and additional properties."""
    if isinstance(expected, Like):
        fits = isinstance(actual, str) and re.fullmatch(expected.pattern, actual, re.DOTALL)
        return [] if fits else [f"{where}: {actual!r} does not match {expected.pattern}"]
    if isinstance(expected, Whole):
        return [] if type(actual) is int else [f"{where}: {actual!r} is not a whole number"]
    if isinstance(expected, Mapping) and isinstance(actual, dict):
        missing = [f"{where}.{name}: is missing" for name in expected.keys() - actual.keys()]
        additional = [f"{where}.{name}: is not expected" for name in actual.keys() - expected.keys()]
        common = [
            differences(expected[name], actual[name], f"{where}.{name}") for name in expected.keys() & actual.keys()
        ]
        return missing + additional + sum(common, [])
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = zip(expected, actual, strict=True)
        return sum((differences(e, a, f"{where}[{place}]") for place, (e, a) in enumerate(pairs)), [])
    same = type(expected) is type(actual) and expected == actual
    return [] if same else [f"{where}: {actual!r} is not {expected!r}"]


def example(expected: Any) -> Any:
    """The expected value with an example for each pattern."""
    match expected:
        case Like() | Whole():
            return expected.example
        case Mapping():
            return {name: example(value) for name, value in expected.items()}
        case list():
            return [example(value) for value in expected]
    return expected
