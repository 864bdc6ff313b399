"""What the control API may be told: each argument has a sentence for people and one way to be read."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from wsgiref.util import is_hop_by_hop

from sandbox.state import people

Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class Argument:
    """`read` takes it from JSON, or from a form's text; its ValueError says what the argument has to be."""

    what: str
    read: Reader
    required: bool = True
    json: bool = False  # a form writes it so


Arguments = Mapping[str, Argument]


def understood(told: Mapping[str, Any], known: Arguments) -> dict[str, Any]:
    """Raises ValueError for an argument that is unknown, missing or wrong."""
    for name in told:
        if name not in known:
            raise ValueError(f"no such argument: {name[:40]} (there are: {', '.join(known) or 'none'})")
    missing = [name for name, argument in known.items() if argument.required and name not in told]
    if missing:
        raise ValueError(f"{' and '.join(missing)} must be given")
    return {name: _read(name, known[name], value) for name, value in told.items()}


def _read(name: str, argument: Argument, value: Any) -> Any:
    try:
        return argument.read(value)
    except ValueError as error:
        raise ValueError(f"{name} is {error}") from None


def perhaps(read: Reader) -> Reader:
    """Or null, which is as good as left out."""
    return lambda value: None if value is None else read(value)


def one_of(choices: Collection[str]) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value

    return read


def whole(least: int, most: int) -> Reader:
    def read(value: Any) -> int:
        number = int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value) else value
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return number

    return read


def seconds(most: float) -> Reader:
    def read(value: Any) -> float:
        try:
            number = -1.0 if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = -1.0
        if not 0 <= number <= most:
            raise ValueError(f"a number of seconds from 0 to {most:g}")
        return number

    return read


def flag(value: Any) -> bool:
    if isinstance(value, bool) or value in ("on", "off"):
        return value in (True, "on")
    raise ValueError("true or false")


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("a string")


def number(value: Any) -> str:
    """E.164. A plus that a query string turned into a blank is put back."""
    return people.e164(re.sub("^ ", "+", text(value)))


def anything(value: Any) -> Any:
    return value


def headers(value: Any) -> dict[str, str]:
    if isinstance(value, dict) and all(_is_header(*header) for header in value.items()):
        return value
    raise ValueError("an object of HTTP headers in printable ASCII, none of the connection's own")


def _is_header(name: str, value: Any) -> bool:
    """A length that is not the body's would spoil the calls that follow."""
    if is_hop_by_hop(name) or name.lower() == "content-length" or not isinstance(value, str):
        return False
    return bool(re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII) and re.fullmatch(r"[\t -~]*", value))


def from_form(fields: Mapping[str, str], known: Arguments) -> dict[str, Any]:
    """A form's text as `understood` takes it: a blank says nothing. Raises ValueError for what should be JSON."""
    return {name: _from_text(name, value, known.get(name)) for name, value in fields.items() if value}


def _from_text(name: str, value: str, argument: Argument | None) -> Any:
    try:
        return json.loads(value) if argument and argument.json else value
    except (ValueError, RecursionError):
        raise ValueError(f"{name} is JSON") from None
