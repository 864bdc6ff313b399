"""Every path that there is, read off the URLconf: none can be forgotten."""

import re
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern, RoutePattern

FILLED = "x"  # for what a path takes
SANDBOX = "/sandbox/"


def _paths(patterns: list[URLPattern | URLResolver], before: str) -> Iterator[str]:
    for each in patterns:
        path = before + _written(each.pattern)
        if isinstance(each, URLResolver):
            yield from _paths(each.url_patterns, path)
        else:
            yield path


def _written(pattern: RoutePattern | RegexPattern | object) -> str:
    """A path that it matches. What Django writes as a regular expression here takes anything."""
    if isinstance(pattern, RoutePattern):
        return re.sub("<[^>]+>", FILLED, str(pattern))
    return FILLED


ALL = sorted(set(_paths(get_resolver().url_patterns, "/")))
OURS = [path for path in ALL if not path.startswith(SANDBOX)]
