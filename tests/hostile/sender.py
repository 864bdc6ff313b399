"""Sends a request as a server would hand it to Django, and judges the answer."""

import re
from typing import Any
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from django.test import Client

from tests.hostile.corpus import Nasty

# I33: what a request may end in. 204 is Django's answer to a script that sets a language, 301 a missing slash, 304
# static files'.
STATUSES = {200, 202, 204, 301, 302, 303, 304, 400, 403, 404, 405, 409, 410, 413, 415, 429, 503}
HERE = "http://testserver"


def answer(client: Client, nasty: Nasty) -> Any:
    """The client's cookies go along, unless the request brings its own."""
    path, _, query = nasty.path.partition("?")
    environ: dict[str, Any] = {
        "PATH_INFO": unquote_to_bytes(path).decode("iso-8859-1"),
        "QUERY_STRING": query.encode().decode("iso-8859-1"),
        "CONTENT_TYPE": nasty.content_type,
        "CONTENT_LENGTH": str(len(nasty.body)),
        **nasty.environ,
    }
    response = client.generic(nasty.method, "/", nasty.body, **environ)
    if response.streaming:
        response.getvalue()  # a file, which is closed at its end
    return response


def complaint(client: Client, nasty: Nasty) -> str:
    """What is wrong with the answer; empty if nothing is."""
    try:
        response = answer(client, nasty)
    except Exception as error:  # noqa: BLE001 - whatever escapes Django's own handlers is a server's bare 500
        return f"{nasty}: {error!r}"
    vendors = {401} if nasty.path.startswith("/sandbox/") else set()
    if response.status_code not in STATUSES | vendors or response.status_code == 503:
        return f"{nasty}: {response.status_code}"
    if (led := _leads_to(nasty.path, response.headers.get("Location", "/"))) != HERE:
        return f"{nasty}: leads to {led} by {response.headers['Location']}"
    return ""


def _leads_to(path: str, location: str) -> str:
    """The origin, as a browser reads it: backslashes are slashes, and any number of slashes is two."""
    seen = re.sub(r"^(\w*:?)//+", r"\1//", location.strip().replace("\\", "/"))
    there = urlsplit(urljoin(HERE + urlsplit(path).path, seen))
    return f"{there.scheme}://{there.netloc}"
