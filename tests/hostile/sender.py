"""Sends a hostile request as a server would pass it to Django, and checks the response."""

import re
from typing import Any
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from django.test import Client

from tests.hostile.corpus import HostileRequest

# I33: the allowed statuses. 204 answers a script that sets the language, 301 a missing slash, 304 is for static files.
STATUSES = {200, 202, 204, 301, 302, 303, 304, 400, 403, 404, 405, 409, 410, 413, 415, 429, 503}
HERE = "http://testserver"


def answer(client: Client, request: HostileRequest) -> Any:
    """Return the response. The client's cookies are sent, too, unless the request has its own."""
    path, _, query = request.path.partition("?")
    environ: dict[str, Any] = {
        "PATH_INFO": unquote_to_bytes(path).decode("iso-8859-1"),
        "QUERY_STRING": query.encode().decode("iso-8859-1"),
        "CONTENT_TYPE": request.content_type,
        "CONTENT_LENGTH": str(len(request.body)),
        **request.environ,
    }
    response = client.generic(request.method, "/", request.body, **environ)
    if response.streaming:
        response.getvalue()  # a file, which is closed at its end
    return response


def problem(client: Client, request: HostileRequest) -> str:
    """Return what is wrong with the response, or an empty string."""
    try:
        response = answer(client, request)
    except Exception as error:  # noqa: BLE001 - an exception that escapes Django's handlers is a bare 500
        return f"{request}: {error!r}"
    of_vendors = {401} if request.path.startswith("/sandbox/") else set()
    if response.status_code not in STATUSES | of_vendors or response.status_code == 503:
        return f"{request}: {response.status_code}"
    if (origin := _leads_to(request.path, response.headers.get("Location", "/"))) != HERE:
        return f"{request}: leads to {origin} by {response.headers['Location']}"
    return ""


def _leads_to(path: str, location: str) -> str:
    """Return the origin as a browser reads it: backslashes are slashes, and two or more slashes are two."""
    normalized = re.sub(r"^(\w*:?)//+", r"\1//", location.strip().replace("\\", "/"))
    target = urlsplit(urljoin(HERE + urlsplit(path).path, normalized))
    return f"{target.scheme}://{target.netloc}"
