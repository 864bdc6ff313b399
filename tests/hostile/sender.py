"""Sends a request as a server would hand it to Django, and judges the answer."""

from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from django.test import Client

from tests.hostile.corpus import Nasty

# I33: what a request may end in. 301 is a missing slash, 304 static files'.
STATUSES = {200, 202, 301, 302, 303, 304, 400, 403, 404, 405, 409, 410, 413, 415, 429, 503}


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
    response = answer(client, nasty)
    vendors = {401} if nasty.path.startswith("/sandbox/") else set()
    if response.status_code not in STATUSES | vendors or response.status_code == 503:
        return f"{nasty}: {response.status_code}"
    location = urlsplit(response.headers.get("Location", "/"))
    if location.netloc or location.scheme or not location.path.startswith("/") or location.path[1:2] in ("/", "\\"):
        return f"{nasty}: leads to {response.headers['Location']}"
    return ""
