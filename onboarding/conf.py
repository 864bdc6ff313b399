"""The settings of the app: the keys of the dict PROVEFLOW in Django's settings, with their types and defaults.

`conf` is their one reader. `onboarding.operations.checks` reports unknown keys and wrong types at start-up.
"""

import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from difflib import get_close_matches
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.dispatch import receiver
from django.utils.functional import LazyObject, empty

from onboarding.domain.regions import ProveRegion, european_host, region_of_host, serving

NAME = "PROVEFLOW"
PLAIN = "plain"  # in the first place of DATA_KEYS: nothing is encrypted yet, and the keys that follow decrypt
# The origin that Prove's Web SDK calls, by base URL. The Content-Security-Policy has to allow it.
DEVICE_ORIGINS = {
    "https://platform.uat.proveapis.com": ["https://device.uat.prove-auth.proveapis.com"],
    "https://platform.proveapis.com": ["https://device.prove-auth.proveapis.com"],
}
# Numbers in no numbering plan (E.164, or how they begin) that are taken where Prove is its UAT or a sandbox of ours:
# Prove's test users, https://developer.prove.com/docs/unify-sandbox-testing, and those for fiction in three countries.
FICTION = (
    *(f"+1200100{last}" for last in (4011, 4014, 4015, 4016, 4017, 4018, 4041)),
    *(f"+200100{last}" for last in (4025, 4026, 4027, 4028, 4029, 4043)),
    *("+447700900", "+3363998", "+3532091"),
)


@dataclass(frozen=True)
class ProveAccount:
    """Our access to one of Prove's hosts. `service` is its name in metrics and log lines."""

    service: str
    base_url: str
    client_id: str
    client_secret: str = field(repr=False)
    device_origins: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Conf:
    """The settings. docs/adopting.md describes those that a host project needs."""

    # Prove: the only host, or that of North America if the next ones, of Europe, have a client id
    PROVE_BASE_URL: str = "https://platform.uat.proveapis.com"
    PROVE_CLIENT_ID: str = ""
    PROVE_CLIENT_SECRET: str = field(default="", repr=False)
    PROVE_DEVICE_ORIGINS: Sequence[str] = ()  # by default those of PROVE_BASE_URL
    PROVE_REGION: str = ""  # whose numbers that host serves: na, eu or all; by default as PROVE_BASE_URL says
    PROVE_EU_BASE_URL: str = ""  # by default Prove's own of the same environment
    PROVE_EU_CLIENT_ID: str = ""
    PROVE_EU_CLIENT_SECRET: str = field(default="", repr=False)
    PROVE_EU_DEVICE_ORIGINS: Sequence[str] = ()  # by default those of PROVE_EU_BASE_URL
    PROVE_CHECK_REPUTATION: bool = False  # Prove charges for it
    # Twilio
    TWILIO_BASE_URL: str = "https://verify.twilio.com"
    TWILIO_LOOKUP_BASE_URL: str = ""  # by default made from TWILIO_BASE_URL, as the next
    TWILIO_MESSAGING_BASE_URL: str = ""
    TWILIO_ACCOUNT_SID: str = ""
    TWILIO_AUTH_TOKEN: str = field(default="", repr=False)
    TWILIO_API_KEY_SID: str = ""  # better than the account's token, as its secret is
    TWILIO_API_KEY_SECRET: str = field(default="", repr=False)
    TWILIO_VERIFY_SERVICE_SID: str = ""
    TWILIO_SENDER: str = ""  # of texts that are no codes: a messaging service or a number; empty: none is sent
    TWILIO_LOOKUP: bool = False  # Twilio charges for it
    # All vendors
    UPSTREAM_CALLS_AT_ONCE: int = 24  # in one process, to one vendor; more wait for their turn
    REQUESTS_WAITING: int = 280  # in one process, for a turn to compute; then newcomers are told to come back
    UPSTREAM_ADAPTERS: Mapping[str, str] = field(
        default_factory=dict
    )  # URL prefix: dotted path of a `requests` adapter
    # Whose numbers, and how codes are delivered
    DEFAULT_REGION: str = "US"
    ALLOWED_COUNTRIES: Sequence[str] = ()  # ISO 3166; by default DEFAULT_REGION; empty: all countries
    TEST_NUMBERS: tuple[
        str, ...
    ] = ()  # taken though in no numbering plan; by default those of Prove's UAT, if it is used
    CODE_CHANNELS: Sequence[str] = ("sms", "call")  # the first by default
    CODE_LENGTH: int = 6  # digits, as the Verify service is set: another length is refused before it costs a guess
    DESKTOP_ALLOWED: bool = False  # whether a computer's browser may be linked; if not, people continue on their phone
    # Moves and new devices
    REBIND_COOLING_OFF: timedelta = timedelta(0)  # in which a number or key that moved may not move again
    REBIND_REVIEW: bool = False  # whether a reviewer decides about each move
    NEW_DEVICE_NOTICE: bool = False  # whether a person's other devices are told of a new one, by a text
    HOLD_LIFE: timedelta = timedelta(days=30)  # of an undecided or declined bind
    # Log-ins
    LOGIN_IDLE: timedelta = timedelta(minutes=60)
    LOGIN_LIFE: timedelta = timedelta(hours=12)
    ENDS_ALL_LOGINS: bool = False  # whether these hold for log-ins without a number, too: reviewers, the host's users
    STEP_UP: timedelta = timedelta(minutes=15)  # since the last proof, to unlink other devices
    HOOKS: str = "onboarding.hooks.Hooks"  # dotted path of the class of the host's hooks
    # Brand and links
    BRAND_NAME: str = "proveflow"
    BRAND_DIR: str = ""  # the folder of the next two, if there is one: it has to exist
    BRAND_LOGO: str = "proveflow/icon.svg"  # a static file, as the next
    BRAND_CSS: str = ""
    SUPPORT_URL: str = ""
    PRIVACY_URL: str = ""
    TERMS_URL: str = ""
    CONTINUE_URL: str = ""  # where people go on when their number is linked
    CONTINUE_HOSTS: Sequence[str] = ()  # that `?next=` may name for it; the host of CONTINUE_URL is one
    SANDBOX_URL: str = ""  # of the sandbox's page, which the pages then link to
    REVIEW_HOURS: int = 4  # within which reviewers decide; people read it
    TWO_REVIEWERS: Sequence[str] = ()  # acts that a second reviewer has to repeat: approve, decline, revoke
    NOTICES_VERSION: str = "1"  # of the legal notices; a session keeps the accepted one
    CARRIER_CONSENT: str = ""  # the text that your contract with Prove requires
    # Limits
    TRUSTED_PROXY_COUNT: int = 0  # proxies that append to FORWARDED_HEADER
    TRUSTED_PROXY_CIDRS: Sequence[str] = ()  # the networks of the last one
    # The header that they append to: X-Forwarded-For, Forwarded (RFC 7239), or one that has the client alone.
    FORWARDED_HEADER: str = "X-Forwarded-For"
    LIMITS: Mapping[str, Any] = field(default_factory=dict)  # fields of onboarding.domain.budgets to replace, by budget
    LIMITS_WATCH_ONLY: bool = False  # log and do not refuse
    PROVE_PRICE_CENTS: int = 5  # of a flow, as the next of a text and a look-up: charged to the budget `money`
    TEXT_PRICE_CENTS: int = 5
    LOOKUP_PRICE_CENTS: int = 1
    # Of counts, leases, log lines and remembered browsers, in place of SECRET_KEY, which then can be changed
    LASTING_KEY: str = field(default="", repr=False)
    LASTING_KEY_FALLBACKS: Sequence[str] = field(default=(), repr=False)
    # Of numbers at rest: the first one encrypts, all decrypt. Empty: numbers are stored plain
    DATA_KEYS: Sequence[str] = field(default=(), repr=False)
    # What operators see
    COMMIT: str = ""  # that runs, for /version and the metrics
    METRICS_DIR: str = ""  # where the processes of a node keep their metrics, for `manage.py metrics`
    TRACES: bool = False  # spans of OpenTelemetry, which the extra `otel` installs
    RETENTION_DAYS: int = 90  # of sessions and their events, and of the next three unless they are set
    LINK_RETENTION_DAYS: int = 90  # of revoked bindings, after the revocation
    LOG_RETENTION_DAYS: int = 90  # of events that are about no session: log-ins, lists, access of reviewers
    FIGURES_RETENTION_DAYS: int = 90  # of the dashboard's daily figures, which name nobody

    @cached_property
    def prove_accounts(self) -> Mapping[str, ProveAccount]:
        """Return the accounts by ProveRegion."""
        first = ProveAccount(
            "prove", self.PROVE_BASE_URL, self.PROVE_CLIENT_ID, self.PROVE_CLIENT_SECRET, self.PROVE_DEVICE_ORIGINS
        )
        accounts = {self.PROVE_REGION: first}
        if self.PROVE_EU_CLIENT_ID:
            accounts[ProveRegion.EUROPE] = ProveAccount(
                "prove-eu",
                self.PROVE_EU_BASE_URL,
                self.PROVE_EU_CLIENT_ID,
                self.PROVE_EU_CLIENT_SECRET,
                self.PROVE_EU_DEVICE_ORIGINS,
            )
        return accounts

    @property
    def device_origins(self) -> list[str]:
        """Return the origins that Prove's Web SDK calls, of all accounts."""
        origins = (origin for account in self.prove_accounts.values() for origin in account.device_origins)
        return list(dict.fromkeys(origins))

    def prove_region(self, country: str | None) -> ProveRegion | None:
        """Return the region whose account serves the numbers of a country, or None if there is no such account."""
        return serving(country, self.prove_accounts)

    @property
    def continue_hosts(self) -> list[str]:
        """Return the hosts that a link may name to go on to."""
        return [*self.CONTINUE_HOSTS, *filter(None, [urlsplit(self.CONTINUE_URL).netloc])]

    @property
    def twilio_credentials(self) -> tuple[str, str]:
        """Return the user name and the password of Twilio's APIs: an API key, or else the account and its token."""
        return (
            self.TWILIO_API_KEY_SID or self.TWILIO_ACCOUNT_SID,
            self.TWILIO_API_KEY_SECRET or self.TWILIO_AUTH_TOKEN,
        )


def faults(given: object) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the dict, and a hint for it: each unknown key and each value of a wrong type."""
    if not isinstance(given, Mapping):
        yield f"{NAME} has the wrong type {type(given).__name__}.", "It is a dict, with no comma behind it."
        return
    for name, value in given.items():
        if name not in TYPES:
            near = get_close_matches(str(name).upper(), TYPES, n=1)
            yield f"{NAME} has an unknown key {name!r}.", f"Did you mean {near[0]!r}?" if near else "Leave it out."
        elif not _has_type(value, TYPES[name]):
            yield f"{NAME}[{name!r}] has the wrong type {type(value).__name__}.", f"Its type is {_name(TYPES[name])}."


def _has_type(value: object, kind: Any) -> bool:
    origin, arguments = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin is Sequence:
        return isinstance(value, list | tuple) and all(isinstance(each, arguments[0]) for each in value)
    if origin is Mapping:
        return isinstance(value, Mapping) and all(isinstance(each, str) for each in value)
    return isinstance(value, origin) and (origin is bool or not isinstance(value, bool))


def _name(kind: Any) -> str:
    return {Sequence: "list of strings", Mapping: "dict with strings as keys"}.get(
        typing.get_origin(kind), getattr(kind, "__name__", "")
    )


RETENTIONS = ("LINK_RETENTION_DAYS", "LOG_RETENTION_DAYS", "FIGURES_RETENTION_DAYS")


def read(given: Mapping[str, Any]) -> Conf:
    """Return the settings that a dict means. Raises ImproperlyConfigured for unknown keys and wrong types."""
    if wrong := [f"{what} {hint}" for what, hint in faults(given)]:
        raise ImproperlyConfigured(" ".join(wrong))
    made = Conf(**given)
    return replace(made, **{name: value for name, value in _dependent(made).items() if name not in given})


def _dependent(made: Conf) -> dict[str, Any]:
    """Return the defaults that depend on other settings."""
    base, europe = urlsplit(made.PROVE_BASE_URL), made.PROVE_EU_BASE_URL or european_host(made.PROVE_BASE_URL)
    region = ProveRegion.NORTH_AMERICA if made.PROVE_EU_CLIENT_ID else region_of_host(made.PROVE_BASE_URL)
    return {
        "PROVE_DEVICE_ORIGINS": _device_origins(made.PROVE_BASE_URL),
        "PROVE_REGION": region.value,
        "PROVE_EU_BASE_URL": europe,
        "PROVE_EU_DEVICE_ORIGINS": _device_origins(europe),
        "TEST_NUMBERS": FICTION if base.scheme != "https" or ".uat." in base.netloc else (),
        "TWILIO_LOOKUP_BASE_URL": made.TWILIO_BASE_URL.replace("://verify.", "://lookups.", 1),
        "TWILIO_MESSAGING_BASE_URL": made.TWILIO_BASE_URL.replace("://verify.", "://api.", 1),
        "ALLOWED_COUNTRIES": [made.DEFAULT_REGION],
        **dict.fromkeys(RETENTIONS, made.RETENTION_DAYS),
    }


def _device_origins(base_url: str) -> list[str]:
    """Return what the Web SDK calls with this base URL: of a stand-alone sandbox, its own origin; [] if unknown."""
    base = urlsplit(base_url)
    return [f"http://{base.netloc}"] if base.scheme == "http" else DEVICE_ORIGINS.get(base_url, [])


def given() -> Mapping[str, Any]:
    """Return the dict PROVEFLOW of Django's settings, or an empty one."""
    return cast("Mapping[str, Any]", getattr(settings, NAME, {}))


class _Lazy(LazyObject):
    """Reads the settings when one of them is used, and again when a test has changed them."""

    def _setup(self) -> None:
        self._wrapped = read(given())


TYPES = typing.get_type_hints(Conf)
conf = cast("Conf", _Lazy())


@receiver(setting_changed)
def _forget(*, setting: str, **_signal: object) -> None:
    if setting == NAME:
        cast("Any", conf)._wrapped = empty
