"""The arguments of the control API: for each a description for the docs and a function that validates its value."""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any
from wsgiref.util import is_hop_by_hop

from sandbox.state import people

# Returns the value to use. Raises ValueError with the values that are allowed, such as "true or false".
Reader = Callable[[Any], Any]


@dataclass(frozen=True)
class Argument:
    """`read` gets a JSON value, or the text of a form field."""

    description: str
    read: Reader
    required: bool = True
    json: bool = False  # a form field holds JSON


Arguments = Mapping[str, Argument]


def validated(values: Mapping[str, Any], known: Arguments) -> dict[str, Any]:
    """The values as their arguments read them. Raises ValueError for an unknown, missing or invalid argument."""
    for name in values:
        if name not in known:
            raise ValueError(f"no such argument: {name[:40]} (there are: {', '.join(known) or 'none'})")
    missing = [name for name, argument in known.items() if argument.required and name not in values]
    if missing:
        raise ValueError(f"{' and '.join(missing)} must be given")
    return {name: _read(name, known[name], value) for name, value in values.items()}


def _read(name: str, argument: Argument, value: Any) -> Any:
    try:
        return argument.read(value)
    except ValueError as error:
        raise ValueError(f"{name} is {error}") from None


def nullable(read: Reader) -> Reader:
    """A reader that also accepts null, as None."""
    return lambda value: None if value is None else read(value)


def one_of(choices: Collection[str]) -> Reader:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"one of {', '.join(sorted(choices))}")
        return value

    return read


def integer(minimum: int, maximum: int) -> Reader:
    def read(value: Any) -> int:
        number = int(value) if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value) else value
        if isinstance(number, bool) or not isinstance(number, int) or not minimum <= number <= maximum:
            raise ValueError(f"a whole number from {minimum} to {maximum}")
        return number

    return read


def seconds(maximum: float) -> Reader:
    def read(value: Any) -> float:
        try:
            number = -1.0 if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = -1.0
        if not 0 <= number <= maximum:
            raise ValueError(f"a number of seconds from 0 to {maximum:g}")
        return number

    return read


def boolean(value: Any) -> bool:
    if isinstance(value, bool) or value in ("on", "off"):
        return value in (True, "on")
    raise ValueError("true or false")


def text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError("a string")


def number(value: Any) -> str:
    """A phone number as E.164. A leading space counts as the plus that a query string decoded to it."""
    return people.e164(re.sub("^ ", "+", text(value)))


def any_json(value: Any) -> Any:
    return value


def headers(value: Any) -> dict[str, str]:
    if isinstance(value, dict) and all(_is_header(*header) for header in value.items()):
        return value
    raise ValueError("an object of HTTP headers in printable ASCII, none of the connection's own")


def _is_header(name: str, value: Any) -> bool:
    """Content-Length is refused: a wrong one would break the next call on the connection."""
    if is_hop_by_hop(name) or name.lower() == "content-length" or not isinstance(value, str):
        return False
    return bool(re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII) and re.fullmatch(r"[\t -~]*", value))


def from_form(fields: Mapping[str, str], known: Arguments) -> dict[str, Any]:
    """A form's fields for `validated`, without the empty ones. Raises ValueError for a field that is not valid JSON."""
    return {name: _from_text(name, value, known.get(name)) for name, value in fields.items() if value}


def _from_text(name: str, value: str, argument: Argument | None) -> Any:
    try:
        return json.loads(value) if argument and argument.json else value
    except (ValueError, RecursionError):
        raise ValueError(f"{name} is JSON") from None
