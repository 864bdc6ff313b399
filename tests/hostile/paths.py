"""Every path of the project, read from the URLconf, so that none is forgotten."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern

PLACEHOLDER = "x"  # for the parameters of a path
SANDBOX = "/sandbox/"
API = "/api/"  # which takes no cookies: tests/api/


def _paths(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for each in patterns:
        path = before + _example(each.pattern)
        if isinstance(each, URLResolver):
            yield from _paths(each.url_patterns, path)
        else:
            yield path


def _example(pattern: RoutePattern | RegexPattern | object) -> str:
    """Return a path that the pattern matches. The regular expressions in Django's own URLconfs match anything."""
    if isinstance(pattern, RoutePattern):
        return re.sub("<[^>]+>", PLACEHOLDER, str(pattern))
    return PLACEHOLDER


ALL = sorted(set(_paths(get_resolver().url_patterns, "/")))
OURS = [path for path in ALL if not path.startswith((SANDBOX, API))]
