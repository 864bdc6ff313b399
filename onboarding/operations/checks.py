"""Django's system checks of the settings. docs/design.md lists their ids.

https://docs.djangoproject.com/en/stable/topics/checks/
"""

import re
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_network
from types import UnionType
from urllib.parse import urlsplit

import phonenumbers
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.checks import CheckMessage, Error, Info, Warning

from onboarding import limits
from onboarding.conf import PLAIN, RETENTIONS, conf
from onboarding.domain import budgets
from onboarding.domain.budgets import BUDGETS, NUMBER_OWNER
from onboarding.domain.states import Channel
from onboarding.operations.settings_check import of_settings
from onboarding.upstream.http import is_safe

SHORTEST_SECRET_KEY = 50  # characters, as Django's own generator writes
FEWEST_KEY_CHARACTERS = 5  # distinct ones, as in Django's own check
PLACEHOLDERS = ("django-insecure-", "changeme", "change-me", "example", "placeholder", "secret")
# The fields of a budget that LIMITS may replace.
CHANGEABLE: dict[str, type | UnionType] = {"burst": int, "every_s": int | float, "watch_only": bool}
HIGHEST = 1_000_000_000  # in LIMITS: more overflows in dates and in the database
SHORTEST_S = {NUMBER_OWNER.name: NUMBER_OWNER.every_s}  # a lease must last as long as Twilio's code
SHORTEST_LOGIN = timedelta(minutes=5)  # that a log-in is in use is noted once a minute
CODE_LENGTHS = range(4, 11)  # https://www.twilio.com/docs/verify/api/service
VENDORS = (".proveapis.com", ".twilio.com")
AT_LEAST_1 = (
    *("PROVE_PRICE_CENTS", "TEXT_PRICE_CENTS", "LOOKUP_PRICE_CENTS", "RETENTION_DAYS", *RETENTIONS),
    *("UPSTREAM_CALLS_AT_ONCE", "REQUESTS_WAITING"),  # with no place to wait, nobody new is let in
)
ACTS_OF_TWO = frozenset({"approve", "decline", "revoke"})
LONGEST_VERSION = 32  # characters, in the database and in the API
WEB_SDK = "prove/prove-auth.js"

# Setting -> the prefix of the sid that belongs there. https://www.twilio.com/docs/glossary/what-is-a-sid
SIDS = {"TWILIO_ACCOUNT_SID": "AC", "TWILIO_VERIFY_SERVICE_SID": "VA"}


@of_settings()
def upstream_urls(**_kwargs: object) -> Iterator[CheckMessage]:
    """E001: a base URL is not encrypted. E002: a base URL contains credentials. E062: it is more than the base."""
    names = ["PROVE_BASE_URL", "TWILIO_BASE_URL", *(["PROVE_EU_BASE_URL"] if conf.PROVE_EU_CLIENT_ID else [])]
    for name in names:
        url = getattr(conf, name)
        if not is_safe(url):
            hint = "Plain http is for 127.0.0.1, [::1] and localhost only."
            yield Error(f"{name} is no https URL.", hint=hint, id="proveflow.E001")
        if "@" in urlsplit(url).netloc:
            hint = "Put them into the settings of their own: .env.example names them."
            yield Error(f"{name} holds credentials.", hint=hint, id="proveflow.E002")
        if _is_more_than_a_base(url):
            hint = "Leave out what follows the host, as /v2 or a query: we add the paths."
            yield Error(f"{name} is more than a base URL.", hint=hint, id="proveflow.E062")


def _is_more_than_a_base(url: str) -> bool:
    """Return whether the URL has a query, or a path at a vendor's own host. A stand-alone sandbox is below a path."""
    parts = urlsplit(url)
    is_vendors = (parts.hostname or "").endswith(VENDORS)
    return bool(parts.query or parts.fragment or (is_vendors and parts.path.strip("/")))


@of_settings()
def secret_key(**_kwargs: object) -> Iterator[CheckMessage]:
    """E003: SECRET_KEY, which signs the cookies, LASTING_KEY or a key of DATA_KEYS is weak."""
    found = {"SECRET_KEY": settings.SECRET_KEY, "LASTING_KEY": conf.LASTING_KEY}
    found |= {f"DATA_KEYS, entry {n},": key for n, key in enumerate(conf.DATA_KEYS, start=1)}
    for name, key in found.items():
        if (name == "LASTING_KEY" and not key) or key == PLAIN:
            continue
        weak = len(key) < SHORTEST_SECRET_KEY or len(set(key)) < FEWEST_KEY_CHARACTERS
        if not settings.DEBUG and (weak or key.lower().startswith(PLACEHOLDERS)):
            hint = "python -c 'import secrets; print(secrets.token_urlsafe(50))'"
            yield Error(f"{name} is short or a placeholder.", hint=hint, id="proveflow.E003")


@of_settings()
def data_keys(**_kwargs: object) -> Iterator[CheckMessage]:
    """E053: DATA_KEYS has another secret, or `plain` not in front. W052: numbers are stored plain in production."""
    others = {settings.SECRET_KEY, conf.LASTING_KEY, *settings.SECRET_KEY_FALLBACKS, *conf.LASTING_KEY_FALLBACKS}
    if PLAIN in conf.DATA_KEYS[1:] or not others.isdisjoint(conf.DATA_KEYS):
        hint = "Keys of their own, the newest in front; `plain` only in front, until all nodes have the first key."
        yield Error("DATA_KEYS has SECRET_KEY or LASTING_KEY, or `plain` behind a key.", hint=hint, id="proveflow.E053")
    if not settings.DEBUG and [*conf.DATA_KEYS, PLAIN][0] == PLAIN:
        hint = "Set DATA_KEYS, as docs/operating.md describes under Encryption."
        yield Warning("Phone numbers are stored unencrypted.", hint=hint, id="proveflow.W052")


@of_settings()
def web_sdk(**_kwargs: object) -> Iterator[CheckMessage]:
    """E004: Prove's Web SDK, which runs the device check, is not installed."""
    if finders.find(WEB_SDK) is None:
        yield Error("Prove's Web SDK is not installed.", hint="`make run` installs it.", id="proveflow.E004")


@of_settings()
def secrets(**_kwargs: object) -> Iterator[CheckMessage]:
    """E021: a credential is empty, as in an .env that was copied and not filled in, or has what none has."""
    for name, value in (
        ("PROVE_CLIENT_ID", conf.PROVE_CLIENT_ID),
        ("PROVE_CLIENT_SECRET", conf.PROVE_CLIENT_SECRET),
        *([("PROVE_EU_CLIENT_SECRET", conf.PROVE_EU_CLIENT_SECRET)] if conf.PROVE_EU_CLIENT_ID else []),
        ("PROVE_EU_CLIENT_ID", conf.PROVE_EU_CLIENT_ID or "none"),
        ("TWILIO_API_KEY_SECRET" if conf.TWILIO_API_KEY_SECRET else "TWILIO_AUTH_TOKEN", conf.twilio_credentials[1]),
    ):
        if not re.fullmatch(r"[!-~]+", value):
            what = "has a blank, or another character that none has" if value else "is empty"
            yield Error(f"{name} {what}.", hint="Copy it from the vendor's page once more.", id="proveflow.E021")


@of_settings()
def twilio_sids(**_kwargs: object) -> Iterator[CheckMessage]:
    """E005: a sid has the wrong form, or half an API key is set. Without this check, the first text would fail."""
    for name, prefix in SIDS.items():
        if not re.fullmatch(rf"{prefix}[0-9a-fA-F]{{32}}", getattr(conf, name)):
            hint = f"It is {prefix} and 32 hexadecimal digits."
            yield Error(f"{name} is not such a sid.", hint=hint, id="proveflow.E005")
    if not re.fullmatch(r"|SK[0-9a-fA-F]{32}", conf.TWILIO_API_KEY_SID):
        hint = "It is SK and 32 hexadecimal digits."
        yield Error("TWILIO_API_KEY_SID is not such a sid.", hint=hint, id="proveflow.E005")
    if bool(conf.TWILIO_API_KEY_SID) != bool(conf.TWILIO_API_KEY_SECRET):
        hint = "Set both, or neither: then TWILIO_AUTH_TOKEN is used."
        yield Error("TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET go together.", hint=hint, id="proveflow.E005")
    if not re.fullmatch(r"|MG[0-9a-fA-F]{32}|\+[1-9][0-9]{6,14}", conf.TWILIO_SENDER):
        hint = "A messaging service is MG and 32 hexadecimal digits, a number is like +12015550123."
        yield Error("TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM_NUMBER is no sender.", hint=hint, id="proveflow.E005")


@of_settings()
def default_region(**_kwargs: object) -> Iterator[CheckMessage]:
    """E006: numbers without a country code cannot be read, because DEFAULT_REGION does not exist."""
    if conf.DEFAULT_REGION not in phonenumbers.SUPPORTED_REGIONS:
        hint = "Two capital letters of ISO 3166, like US or DE."
        yield Error("DEFAULT_REGION is no region with phone numbers.", hint=hint, id="proveflow.E006")


@of_settings()
def production(**_kwargs: object) -> Iterator[CheckMessage]:
    """E007, W008, E016, W017: a setting for development is on in production."""
    if settings.DEBUG:
        return
    if "*" in settings.ALLOWED_HOSTS:
        hint = "Name the hosts that people see: links are made from them."
        yield Error("ALLOWED_HOSTS takes any host.", hint=hint, id="proveflow.E016")
    if conf.LIMITS_WATCH_ONLY:
        yield Warning(
            "LIMITS_WATCH_ONLY refuses nobody.", hint="Set it to 0 once the budgets fit.", id="proveflow.W017"
        )
    if conf.UPSTREAM_ADAPTERS:
        hint = "Set the vendors' credentials."
        yield Error("The sandbox is built in, and DEBUG is off.", hint=hint, id="proveflow.E007")
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
        hint = "Point DATABASE_URL at PostgreSQL when more than one machine, or more than a few people, use it."
        yield Warning("SQLite lets one writer in at a time.", hint=hint, id="proveflow.W008")


@of_settings(deploy=True)
def ceiling(**_kwargs: object) -> Iterator[CheckMessage]:
    """I036: what the vendors may cost in a day, and where to change it."""
    money = limits.in_force(budgets.MONEY)
    daily = timedelta(days=1).total_seconds() / money.every_s
    yield Info(
        f"At most ${daily / 100:,.0f} a day go to flows, texts and look-ups that come to nothing, after the first "
        f"${money.burst / 100:,.0f}.",
        hint='In cents, in LIMITS: {"money": {"burst": 60000, "every_s": 1.44}} is $600 a day.',
        id="proveflow.I036",
    )


@of_settings()
def limits_of_settings(**_kwargs: object) -> Iterator[CheckMessage]:
    """E009: LIMITS names no budget, or a field or value that it cannot have. E019: a number is too small."""
    hint = 'Like {"sends_address": {"burst": 50, "every_s": 60, "watch_only": true}}; domain/budgets.py names them.'
    for name, changes in conf.LIMITS.items():
        known = name in BUDGETS and isinstance(changes, dict) and changes.keys() <= CHANGEABLE.keys()
        if not (known and all(_has_type(changes[k], CHANGEABLE[k]) for k in changes)):
            yield Error(f"LIMITS: {name} is no such budget or no such change of one.", hint=hint, id="proveflow.E009")
        elif "every_s" in changes and changes["every_s"] < SHORTEST_S.get(name, 0.001):
            yield Error(f"LIMITS: every_s of {name} is too short.", hint="Give it more seconds.", id="proveflow.E009")
    for name in AT_LEAST_1:
        if getattr(conf, name) < 1:
            yield Error(f"{name} is less than 1.", hint="Leave it out for the default.", id="proveflow.E019")
    if min(conf.LOGIN_IDLE, conf.LOGIN_LIFE, conf.STEP_UP) < SHORTEST_LOGIN:
        hint = "LOGIN_IDLE_MINUTES and STEP_UP_MINUTES are 5 or more, LOGIN_HOURS is 1 or more."
        yield Error("LOGIN_IDLE_MINUTES, LOGIN_HOURS or STEP_UP_MINUTES is too short.", hint=hint, id="proveflow.E019")


@of_settings()
def channels(**_kwargs: object) -> Iterator[CheckMessage]:
    """E022: CODE_CHANNELS is empty, or has an unknown channel."""
    known = list(map(str, Channel))
    if not conf.CODE_CHANNELS or not set(conf.CODE_CHANNELS) <= set(known):
        hint = f"Name one or more of {', '.join(known)}, with commas; the first is the usual one."
        yield Error("CODE_CHANNELS names no channel, or an unknown one.", hint=hint, id="proveflow.E022")


@of_settings()
def countries(**_kwargs: object) -> Iterator[CheckMessage]:
    """E010: a country does not exist. W013: the default country is not allowed. W020: all countries are allowed."""
    for country in conf.ALLOWED_COUNTRIES:
        if country not in phonenumbers.SUPPORTED_REGIONS:
            hint = "Two capital letters of ISO 3166 each, with commas, like US,CA. Empty: all countries."
            yield Error(f"ALLOWED_COUNTRIES: {country} is no country.", hint=hint, id="proveflow.E010")
    if conf.ALLOWED_COUNTRIES and conf.DEFAULT_REGION not in conf.ALLOWED_COUNTRIES:
        hint = "The phone page chooses no country for a browser that names no language."
        yield Warning("DEFAULT_REGION is not among ALLOWED_COUNTRIES.", hint=hint, id="proveflow.W013")
    if not (settings.DEBUG or conf.ALLOWED_COUNTRIES):
        hint = "Name the countries that your people are from: fraudsters have texts sent to the most expensive ones."
        yield Warning("ALLOWED_COUNTRIES lets all countries in.", hint=hint, id="proveflow.W020")


@of_settings()
def consent(**_kwargs: object) -> Iterator[CheckMessage]:
    """W014: carriers are asked without the consent text that they require."""
    if conf.PROVE_CHECK_REPUTATION and not conf.CARRIER_CONSENT:
        hint = "Set CARRIER_CONSENT to the words of your contract with Prove."
        yield Warning("PROVE_CHECK_REPUTATION asks carriers, and nobody agreed to it.", hint=hint, id="proveflow.W014")


@of_settings()
def support(**_kwargs: object) -> Iterator[CheckMessage]:
    """W015: people who cannot receive texts have nowhere to go."""
    if not settings.DEBUG and not conf.SUPPORT_URL:
        hint = "Where people get help who cannot receive a text or a call (NIST SP 800-63B, 3.2.9; ASVS 5.0, 6.6.1)."
        yield Warning("SUPPORT_URL is not set.", hint=hint, id="proveflow.W015")


@of_settings()
def journey(**_kwargs: object) -> Iterator[CheckMessage]:
    """W031: the last page leads nowhere. E032, E033, E034: CONTINUE_URL, CODE_LENGTH, REVIEW_HOURS is wrong.

    E063: the version of the notices cannot be stored.
    """
    url = urlsplit(conf.CONTINUE_URL)
    if not settings.DEBUG and not conf.CONTINUE_URL:
        hint = "Where people go on when their number is linked. A link may name another place: /?next=..."
        yield Warning("CONTINUE_URL is not set.", hint=hint, id="proveflow.W031")
    if conf.CONTINUE_URL and (url.scheme not in ("http", "https") or not url.netloc):
        yield Error("CONTINUE_URL is no http or https URL.", hint="https://app.example.com/", id="proveflow.E032")
    if conf.CODE_LENGTH not in CODE_LENGTHS:
        hint = "As the Verify service is set: https://www.twilio.com/docs/verify/api/service"
        yield Error("CODE_LENGTH is not 4 to 10.", hint=hint, id="proveflow.E033")
    if not 1 <= conf.REVIEW_HOURS <= settings.SESSION_COOKIE_AGE // 3600:
        hint = "The page that waits for the decision knows its person only as long as SESSION_COOKIE_AGE."
        yield Error("REVIEW_HOURS is less than 1, or longer than a session.", hint=hint, id="proveflow.E034")
    if len(conf.NOTICES_VERSION) > LONGEST_VERSION:
        hint = "A number or a date, like 2026-12-01: it names the notices, and is no text for people."
        yield Error("NOTICES_VERSION has more than 32 characters.", hint=hint, id="proveflow.E063")


@of_settings()
def two_reviewers(**_kwargs: object) -> Iterator[CheckMessage]:
    """E064: TWO_REVIEWERS has what is no act, so that one reviewer would be enough for what was meant."""
    if not ACTS_OF_TWO.issuperset(conf.TWO_REVIEWERS):
        hint = f"Name some of {', '.join(sorted(ACTS_OF_TWO))}, with commas, or none."
        yield Error("TWO_REVIEWERS has an unknown act.", hint=hint, id="proveflow.E064")


@of_settings()
def proxies(**_kwargs: object) -> Iterator[CheckMessage]:
    """E011: the settings of trusted proxies contradict each other. W012: everybody is trusted as a proxy."""
    for cidr in conf.TRUSTED_PROXY_CIDRS:
        try:
            network = ip_network(cidr, strict=False)
        except ValueError:
            yield Error(f"TRUSTED_PROXY_CIDRS: {cidr} is no network.", hint="Like 10.0.0.0/8.", id="proveflow.E011")
            continue
        if not network.prefixlen:
            hint = "Anybody can then pretend to be at any address. Name the proxies' own network."
            yield Warning(f"TRUSTED_PROXY_CIDRS: {cidr} trusts everybody.", hint=hint, id="proveflow.W012")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", conf.FORWARDED_HEADER):
        hint = "X-Forwarded-For, Forwarded, or another one that the proxy sets."
        yield Error("FORWARDED_HEADER is no header.", hint=hint, id="proveflow.E011")
    if settings.SECURE_PROXY_SSL_HEADER and not conf.TRUSTED_PROXY_COUNT:
        hint = "Set TRUSTED_PROXY_COUNT and TRUSTED_PROXY_CIDRS: otherwise all people share the proxy's one budget."
        yield Error("BEHIND_TLS_PROXY is on, and no proxy is trusted.", hint=hint, id="proveflow.E011")
    if bool(conf.TRUSTED_PROXY_COUNT) != bool(conf.TRUSTED_PROXY_CIDRS):
        hint = "Set both, or neither where no proxy stands in front."
        yield Error("TRUSTED_PROXY_COUNT and TRUSTED_PROXY_CIDRS go together.", hint=hint, id="proveflow.E011")


def _has_type(value: object, kind: type | UnionType) -> bool:
    """Return whether the value is a bool, or a number from 0 to HIGHEST, as `kind` says. JSON's true is no number."""
    if kind is bool or isinstance(value, bool):
        return kind is bool and isinstance(value, bool)
    return isinstance(value, kind) and isinstance(value, int | float) and 0 <= value <= HIGHEST
