"""The static files in production: their names have a hash of the content."""

import os
from collections.abc import Callable, MutableMapping
from contextlib import suppress

from django.contrib.staticfiles.storage import HashedFilesMixin
from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Leaves references to source maps as they are: a stylesheet of BRAND_DIR may name one that is not there."""

    patterns = tuple(
        (glob, tuple(rule for rule in rules if "sourceMappingURL" not in str(rule)))
        for glob, rules in HashedFilesMixin.patterns
    )


class Middleware(WhiteNoiseMiddleware):  # type: ignore[misc]
    """Serves files too that another release has collected into the same folder since this process began.

    During a deploy, processes of both releases get requests for the files of both.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self.directories.append((os.path.join(os.path.abspath(self.static_root), ""), self.static_prefix))

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Return the file, or what follows."""
        url = request.path_info
        if url.startswith(self.static_prefix) and url not in self.files:
            with suppress(OSError, ValueError):  # a path that no file can have
                if found := self.find_file(url):
                    self.files[url] = found
        response: HttpResponse = super().__call__(request)
        return response


def for_other_origins(headers: MutableMapping[str, str], path: str, url: str) -> None:  # noqa: ARG001 - whitenoise's hook
    """Let pages of another origin load the file, which a CDN passes on with its headers."""
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
