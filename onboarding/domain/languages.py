"""The country that a browser's languages suggest. Pure: no Django, no network, no clock."""

import re
from collections.abc import Sequence

from babel.core import get_global

# https://www.rfc-editor.org/rfc/rfc5646#section-2.1, as far as the region; variants and extensions may follow.
TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<extended>[a-z]{3})){0,3}(?:-(?P<script>[a-z]{4}))?"
    r"(?:-(?P<region>[a-z]{2}|[0-9]{3}))?(?=-|$)",
    re.IGNORECASE,
)


def country_of(tags: Sequence[str]) -> str | None:
    """Return the country (ISO 3166) that these language tags (RFC 5646, most wanted first) suggest.

    It is "" if their first language suggests none, like Esperanto, and None if none of them names a language.

    The first language decides: by its region, or one that it has further down ("de, de-AT"), or else by the country
    where most people speak it. The languages after it are fallbacks that browsers come with, like en-US.
    """
    found = [match for tag in tags if (match := TAG.match(tag))]
    if not found:
        return None
    first = found[0]
    alike = [tag for tag in found if tag["language"].lower() == first["language"].lower()]
    with_region = [first] if first["region"] else [tag for tag in alike if tag["region"]]
    return next(filter(None, map(_named, with_region)), "") if with_region else _likely(first)


def _named(tag: re.Match[str]) -> str:
    """Return the country of the region subtag, old codes (UK, 840) as today's; "" for a part of the world (419)."""
    region = tag["region"].upper()
    countries, likely = get_global("territory_aliases").get(region) or [region], _likely(tag)
    country = likely if likely in countries else countries[0]
    return country if country.isalpha() else ""


def _likely(tag: re.Match[str]) -> str:
    """Return the likely country of a language and script. https://www.unicode.org/reports/tr35/#Likely_Subtags"""
    likely, aliases = get_global("likely_subtags"), get_global("language_aliases")
    script = (tag["script"] or "").title()
    for subtag in filter(None, (tag["extended"], tag["language"])):
        language = aliases.get(subtag.lower(), subtag.lower()).partition("_")[0]
        found = likely.get(f"{language}_{script}") or likely.get(language)
        if found:
            country = found.split("_")[-1]
            return country if country.isalpha() else ""
    return ""
