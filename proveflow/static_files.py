"""The static files in production: their names have a hash of the content."""

from collections.abc import MutableMapping

from django.contrib.staticfiles.storage import HashedFilesMixin
from whitenoise.storage import CompressedManifestStaticFilesStorage  # type: ignore[import-untyped]


class Storage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Leaves references to source maps as they are: a stylesheet of BRAND_DIR may name one that is not there."""

    patterns = tuple(
        (glob, tuple(rule for rule in rules if "sourceMappingURL" not in str(rule)))
        for glob, rules in HashedFilesMixin.patterns
    )


def for_other_origins(headers: MutableMapping[str, str], path: str, url: str) -> None:  # noqa: ARG001 - whitenoise's hook
    """Let pages of another origin load the file, which a CDN passes on with its headers."""
    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
