"""What `manage.py doctor` finds: one safe look at all that a deployment depends on."""

import shutil
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import F, Max
from django.db.models.functions import Now

from onboarding import limits
from onboarding.conf import conf
from onboarding.domain import budgets
from onboarding.domain.budgets import Charge
from onboarding.domain.errors import Busy, Garbled, Uncertain, Unreachable, UpstreamError
from onboarding.figures.tally import CALLS, Call
from onboarding.hashes import signer
from onboarding.models import Event
from onboarding.operations.evidence.checkpoints import unsealed
from onboarding.operations.privacy.encryption import count
from onboarding.telemetry import request_ids
from onboarding.telemetry.request_ids import EXAMINATION
from onboarding.upstream.examination import Examined, examine_prove, examine_twilio, fetch

OK, LOOK, BAD = "ok", "look", "bad"
CLOCK_LIMIT = timedelta(seconds=5)
OLDEST_POSTGRESQL = 130000
FORGED = "203.0.113.9"  # an address for documentation: https://www.rfc-editor.org/rfc/rfc5737
LEAST_FREE = 0.1  # of the disk
CERTIFICATE_DAYS = 14
SEALED_WITHIN = timedelta(minutes=30)
CALLED_WITHIN = timedelta(minutes=15)
MANY_FAIL, MOST_CALLS = 0.1, 1_000
LOOKED_AT = 1_000  # rows of each table, sessions in the order of their random ids
FAILURES = {kind.__name__ for kind in (Unreachable, Uncertain, Garbled, Busy)}
CALLS_OF = {
    "Prove": (Call.UNIFY, Call.STATUS, Call.BIND, Call.REVOKE),
    "Twilio": (Call.LOOKUP, Call.SEND, Call.CHECK, Call.TEXT),
}
PROVE_NAMES = {"prove": "Prove", "prove-eu": "Prove EU"}  # by the service's name in metrics


@dataclass(frozen=True)
class Finding:
    """One row of the table. `verdict` is OK, LOOK (think about it) or BAD (people are affected)."""

    subject: str
    verdict: str
    means: str
    do: str = ""


def findings(url: str = "", sign_ups: int = 0) -> list[Finding]:
    """Return what was found. `url` is the public address, `sign_ups` how many people are expected a day."""
    found: list[Finding] = []
    for look in (_prove, _twilio, _database, _disk):
        found += look()
    try:
        found += [*_budgets(sign_ups), _numbers(), *_calls(), _recover()]
    except DatabaseError as error:
        means = f"The tables cannot be read: {type(error).__name__}."
        found.append(Finding("tables", BAD, means, "Look at the database and its migrations, above."))
    return found + (list(_front_door(url)) if url else [])


def as_json(found: list[Finding]) -> list[dict[str, str]]:
    return [asdict(each) for each in found]


def is_well(found: list[Finding]) -> bool:
    return all(each.verdict != BAD for each in found)


def _asked(name: str, ask: Callable[[], Examined]) -> tuple[Examined | None, Finding]:
    """Return the answer, and what it says about the way to the vendor and our credentials."""
    try:
        examined = ask()
    except UpstreamError as error:
        do = "Look at the network and the vendor's status page."
        if error.status in (401, 403):
            do = "Replace the credentials: docs/operating.md, Rotate."
        return None, Finding(name, BAD, f"The call failed: {error}.", do)
    return examined, Finding(name, OK, f"It answered in {examined.ms} ms and took our credentials.")


def _clock(name: str, examined: Examined | None) -> Iterator[Finding]:
    if examined is None or examined.date is None:
        return
    off = abs(datetime.now(UTC) - examined.date)
    verdict, do = (OK, "") if off <= CLOCK_LIMIT else (BAD, "Let this machine follow NTP.")
    yield Finding(f"clock against {name}", verdict, f"They differ by {off.total_seconds():.0f} s.", do)


def _prove() -> Iterator[Finding]:
    for account in conf.prove_accounts.values():
        name = PROVE_NAMES[account.service]
        examined, finding = _asked(name, partial(examine_prove, account))
        yield finding
        yield from _clock(name, examined)


def _twilio() -> Iterator[Finding]:
    examined, finding = _asked("Twilio Verify", examine_twilio)
    yield finding
    yield from _clock("Twilio", examined)
    service = examined.content if examined else {}
    if "code_length" in service:
        same = service["code_length"] == conf.CODE_LENGTH
        do = "" if same else f"Set CODE_LENGTH={service['code_length']}, or the service to {conf.CODE_LENGTH}."
        means = f"The service sends {service['code_length']} digits, CODE_LENGTH is {conf.CODE_LENGTH}."
        yield Finding("length of codes", OK if same else BAD, means, do)
    if "do_not_share_warning_enabled" in service:
        warns = bool(service["do_not_share_warning_enabled"])
        do = "" if warns else "Turn on the do-not-share warning of the Verify service."
        yield Finding("do-not-share warning", OK if warns else LOOK, f"The text warns: {warns}.", do)
    if "lookup_enabled" in service and service["lookup_enabled"] and conf.TWILIO_LOOKUP:
        means = "Both TWILIO_LOOKUP and the service look numbers up: each costs."
        yield Finding("look-up", LOOK, means, "Turn one of them off.")


def _database() -> Iterator[Finding]:
    try:
        began = time.monotonic()
        connection.ensure_connection()
        with connection.cursor() as cursor:
            cursor.execute("SELECT CURRENT_TIMESTAMP")
            [now] = cursor.fetchone()
        ms = round((time.monotonic() - began) * 1000)
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError as error:
        yield Finding("database", BAD, f"It does not answer: {error}.", "Look at DATABASE_URL and the database's log.")
        return
    yield Finding("database", OK, f"{connection.vendor} answers in {ms} ms.")
    if isinstance(now, datetime):
        off = abs(datetime.now(UTC) - now)
        verdict, do = (OK, "") if off <= CLOCK_LIMIT else (LOOK, "Let both machines follow NTP.")
        yield Finding("clock against the database", verdict, f"They differ by {off.total_seconds():.0f} s.", do)
    version = getattr(connection, "pg_version", OLDEST_POSTGRESQL)
    old = version < OLDEST_POSTGRESQL
    yield Finding(
        "database version", BAD if old else OK, f"Version {version}.", "Upgrade to 13 or later." if old else ""
    )
    do = "Run manage.py migrate." if pending else ""
    yield Finding("migrations", BAD if pending else OK, f"{pending} are to be done.", do)
    yield from _connections()


def _connections() -> Iterator[Finding]:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('max_connections')::int, (SELECT count(*) FROM pg_stat_activity)")
        most, used = cursor.fetchone()
    pool = settings.DATABASES["default"].get("OPTIONS", {}).get("pool") or {}
    needs = 2 * int(pool.get("max_size", 0)) + 3 if isinstance(pool, dict) else 0
    tight = used + needs > most
    do = "Raise max_connections, or lower DATABASE_POOL_SIZE." if tight else ""
    means = f"{used} of {most} are used; a node of two workers needs up to {needs}."
    yield Finding("connections", LOOK if tight else OK, means, do)


def _disk() -> Iterator[Finding]:
    usage = shutil.disk_usage(Path.cwd())
    free = usage.free / usage.total
    verdict, do = (OK, "") if free > LEAST_FREE else (BAD, "Make room: logs, old static files, old backups.")
    yield Finding("disk", verdict, f"{free:.0%} are free here.", do)


def _budgets(sign_ups: int) -> Iterator[Finding]:
    money = limits.in_force(budgets.MONEY)
    daily = timedelta(days=1).total_seconds() / money.every_s
    [(_, used)] = limits.used([Charge(budgets.MONEY, "")])
    cost = sign_ups * (conf.PROVE_PRICE_CENTS + conf.TEXT_PRICE_CENTS)
    tight = cost > money.burst + daily
    means = f"{used:.0%} of the money is in use; calls that come to nothing may cost ${daily / 100:,.0f} a day."
    if sign_ups:
        means += f" {sign_ups:,} sign-ups cost ${cost / 100:,.0f}, which is given back as they succeed."
    yield Finding("money", LOOK if tight or used > 0.5 else OK, means, "Raise money in LIMITS." if tight else "")
    if conf.LIMITS_WATCH_ONLY:
        yield Finding("limits", LOOK, "LIMITS_WATCH_ONLY refuses nobody.", "Set it to 0.")


def _numbers() -> Finding:
    """Look whether the keys in use, and former ones, decrypt what is stored."""
    tally = count(most=LOOKED_AT)
    if tally.undecryptable:
        do = "Put the former key back into DATA_KEYS: docs/operating.md, Encryption."
        return Finding("numbers", BAD, f"No key decrypts {tally.undecryptable} of those looked at.", do)
    if tally.left:
        do = "Run manage.py encrypt before you remove a former key."
        return Finding("numbers", LOOK, f"{tally.left} of those looked at are not under the keys in use.", do)
    return Finding("numbers", OK, "Those looked at are under the keys in use.")


def _calls() -> Iterator[Finding]:
    """Look at the latest calls of sign-ups: a vendor may take our credentials, and fail all the same."""
    known = {str(name): vendor for vendor, calls in CALLS_OF.items() for call in calls for name in CALLS[call]}
    latest = Event.objects.filter(name__in=known, at__gte=Now() - CALLED_WITHIN).order_by("-pk")[:MOST_CALLS]
    made, failed = Counter[str](), Counter[str]()
    for name, error in latest.values_list("name", "facts__error"):
        made[known[name]] += 1
        failed[known[name]] += error in FAILURES
    for vendor in CALLS_OF:
        share = failed[vendor] / max(1, made[vendor])
        verdict = BAD if share > MANY_FAIL else LOOK if failed[vendor] else OK
        do = "Look at the vendor's status page, and at docs/operating.md, Alerts." if failed[vendor] else ""
        means = f"{failed[vendor]} of {made[vendor]} in the last {CALLED_WITHIN.seconds // 60} minutes failed."
        yield Finding(f"calls to {vendor}", verdict, means, do)


def _recover() -> Finding:
    """Look whether `manage.py recover` runs, by what it has not sealed."""
    age = unsealed()[:1].aggregate(age=Max(Now() - F("at")))["age"] or timedelta(0)
    if age > SEALED_WITHIN:
        do = "Look at its timer and its log: docs/operating.md, RecoverMissing."
        return Finding("recover", BAD, f"An event is not sealed after {age // timedelta(minutes=1)} minutes.", do)
    return Finding("recover", OK, "What is older than some minutes is sealed.")


def _front_door(url: str) -> Iterator[Finding]:
    """Send a request through the proxy, and see what arrives."""
    forged = {EXAMINATION: signer(EXAMINATION).sign("doctor"), "X-Forwarded-For": FORGED}
    try:
        answer = fetch(url, forged)
    except (OSError, ValueError) as error:
        reason = "its certificate is not valid" if isinstance(error, ssl.SSLError) else type(error).__name__
        yield Finding("front door", BAD, f"{urlsplit(url).hostname} does not answer: {reason}.", "Look at the proxy.")
        return
    well = answer.status == 200
    yield Finding(
        "front door", OK if well else BAD, f"It answers {answer.status}.", "" if well else "Look at the proxy."
    )
    hsts = "strict-transport-security" in answer.headers
    do = "" if hsts else "Set BEHIND_TLS_PROXY=1, and let the proxy set X-Forwarded-Proto."
    yield Finding("TLS", OK if hsts else BAD, f"The server knows that it is behind TLS: {hsts}.", do)
    if answer.certificate_days is not None:
        soon = answer.certificate_days < CERTIFICATE_DAYS
        means = f"The certificate is valid for {answer.certificate_days} days."
        yield Finding("certificate", BAD if soon else OK, means, "Renew it." if soon else "")
    yield _seen(answer.headers.get(EXAMINATION.lower(), ""))
    passed = bool(request_ids.ACCEPTED.fullmatch(answer.headers.get("x-request-id", "")))
    yield Finding("request id", OK if passed else LOOK, f"The response has an id: {passed}.")


def _seen(address: str) -> Finding:
    """Judge the address that the server saw, of a request that pretends to be forwarded for FORGED."""
    if not address:
        means = "Another server answered, or one with another LASTING_KEY: it does not tell what it saw."
        return Finding("proxy trust", LOOK, means, "Run the doctor with the server's settings.")
    if address == FORGED:
        means = "The server believes what clients write into X-Forwarded-For."
        return Finding("proxy trust", BAD, means, "Lower TRUSTED_PROXY_COUNT to the number of your proxies.")
    if any(ip_address(address) in ip_network(cidr, strict=False) for cidr in conf.TRUSTED_PROXY_CIDRS):
        means = f"The server takes us for the proxy ({address}): all people would share its budget."
        return Finding("proxy trust", LOOK, means, "Right if you run this beside the proxy; else TRUSTED_PROXY_COUNT.")
    return Finding("proxy trust", OK, f"The server saw us as {address}.")
