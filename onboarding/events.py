"""The event log: a closed set of names, each with the facts it may carry. No fact is a number, a code or a token.

Each event has a MAC. That of a session's step covers the MAC of the step before, which the session's row has as its
head: so the steps of a session are a chain. Any other event has a random prefix, so that no two MACs are equal.
"""

import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from secrets import token_hex

from onboarding.domain.errors import Busy, HookFailed, UpstreamError
from onboarding.hashes import digest, keyed_hash, secrets
from onboarding.models import Event, OnboardingSession

MAC = "onboarding.events"
encoded = json.JSONEncoder(sort_keys=True).encode
PREFIX, TAG = 16, 32  # hex digits: 128 bits of the HMAC are enough (RFC 2104, section 5)

Facts = Mapping[str, object]


class Name(StrEnum):
    """The events. -ASKED is written before a call to a vendor, -ANSWERED or -UNANSWERED after it.

    -REFUSED: a budget refused the call.
    """

    FLOW_ASKED = "flow:asked"
    FLOW_ANSWERED = "flow:answered"
    FLOW_UNANSWERED = "flow:unanswered"
    FLOW_SUPERSEDED = "flow:superseded"
    FLOW_EXPIRED = "flow:expired"
    CLAIM_LOST = "claim:lost"
    DEVICE_ASKED = "device:asked"
    DEVICE_ANSWERED = "device:answered"
    DEVICE_UNANSWERED = "device:unanswered"
    LINE_ANSWERED = "line:answered"
    LINE_UNANSWERED = "line:unanswered"
    LINE_REFUSED = "line:refused"
    CODE_ASKED = "code:asked"
    CODE_SENT = "code:sent"
    CODE_ELSEWHERE = "code:elsewhere"
    CODE_SOUGHT = "code:sought"
    CODE_EXPIRED = "code:expired"
    CODE_UNANSWERED = "code:unanswered"
    CODE_REFUSED = "code:refused"
    GUESS_ASKED = "guess:asked"
    GUESS_ANSWERED = "guess:answered"
    GUESS_UNANSWERED = "guess:unanswered"
    GUESS_REFUSED = "guess:refused"
    BIND_ASKED = "bind:asked"
    BIND_ANSWERED = "bind:answered"
    BIND_UNANSWERED = "bind:unanswered"
    BIND_OBSERVED = "bind:observed"
    LINK_REFUSED = "link:refused"
    BINDING_MADE = "binding:made"
    BINDING_REVOKED = "binding:revoked"
    REVOKE_ANSWERED = "binding:revoke_answered"
    REVOKE_UNANSWERED = "binding:revoke_unanswered"
    REBIND_HELD = "rebind:held"
    REBIND_TOO_SOON = "rebind:too_soon"
    NOTICE_ASKED = "notice:asked"
    NOTICE_SENT = "notice:sent"
    NOTICE_UNANSWERED = "notice:unanswered"
    REVIEW_APPROVED = "review:approved"
    REVIEW_DECLINED = "review:declined"
    CASE_TAKEN = "case:taken"
    CASE_RELEASED = "case:released"
    CASE_SNOOZED = "case:snoozed"
    CASE_ESCALATED = "case:escalated"
    CASE_NOTED = "case:noted"
    CASE_LABELLED = "case:labelled"
    CASE_EXPORTED = "case:exported"
    ACT_PROPOSED = "act:proposed"
    NUMBER_REVEALED = "number:revealed"
    IDS_REVEALED = "ids:revealed"
    LIST_EXPORTED = "list:exported"
    LIST_SENT = "list:sent"
    REVIEWER_CHANGED = "reviewer:changed"
    SUBJECT_EXPORTED = "subject:exported"
    SUBJECT_ERASED = "subject:erased"
    KEY_MADE = "key:made"
    KEY_REVOKED = "key:revoked"
    LOGIN_PASSED = "login:passed"
    LOGIN_FAILED = "login:failed"


ERROR_FACTS = frozenset({"error", "operation", "status", "code", "request_id", "retry_after_s", "refusal"})
PROVE_FACTS = frozenset({"success", "verdict", "reasons"})

FACTS: Mapping[Name, frozenset[str]] = {
    Name.FLOW_ASKED: frozenset({"rebind"}),
    Name.DEVICE_ANSWERED: PROVE_FACTS,
    Name.BIND_ANSWERED: PROVE_FACTS,
    Name.LINE_ANSWERED: frozenset({"line_type"}),
    Name.LINE_REFUSED: frozenset({"line_type", "verdict"}),
    Name.CODE_SENT: frozenset({"send"}),
    Name.CODE_REFUSED: frozenset({"limit"}),
    Name.GUESS_REFUSED: frozenset({"limit"}),
    Name.GUESS_ANSWERED: frozenset({"approved", "guess"}),
    Name.BINDING_REVOKED: frozenset({"why"}),
    Name.LINK_REFUSED: frozenset({"reasons"}),
    Name.KEY_MADE: frozenset({"key"}),
    Name.KEY_REVOKED: frozenset({"key", "reason"}),
    **dict.fromkeys((Name.LOGIN_PASSED, Name.LOGIN_FAILED), frozenset({"account"})),
    **dict.fromkeys(
        (Name.REVIEW_APPROVED, Name.REVIEW_DECLINED, Name.NUMBER_REVEALED, Name.IDS_REVEALED), frozenset({"reason"})
    ),
    **dict.fromkeys(
        (Name.CASE_RELEASED, Name.CASE_SNOOZED, Name.CASE_ESCALATED, Name.CASE_NOTED), frozenset({"reason"})
    ),
    Name.LIST_EXPORTED: frozenset({"list", "filters", "whole", "reason"}),
    Name.LIST_SENT: frozenset({"list", "rows"}),
    Name.REVIEWER_CHANGED: frozenset({"account", "change"}),
    Name.CASE_LABELLED: frozenset({"reason", "outcome"}),
    **dict.fromkeys(
        (Name.SUBJECT_EXPORTED, Name.SUBJECT_ERASED),
        frozenset({"receipt", "subject", "sessions", "links", "people", "revocations_owed"}),
    ),
    Name.ACT_PROPOSED: frozenset({"reason", "act"}),
    **dict.fromkeys(
        (
            Name.FLOW_UNANSWERED,
            Name.DEVICE_UNANSWERED,
            Name.LINE_UNANSWERED,
            Name.CODE_UNANSWERED,
            Name.GUESS_UNANSWERED,
            Name.BIND_UNANSWERED,
            Name.REVOKE_UNANSWERED,
            Name.NOTICE_UNANSWERED,
        ),
        ERROR_FACTS,
    ),
}


def entry(name: Name, facts: Facts, **about: object) -> Event:
    """Return an event that is not written yet and has no MAC; `about` are its columns.

    Raises ValueError for a fact that this event may not carry.
    """
    if unknown := facts.keys() - FACTS.get(name, frozenset()):
        raise ValueError(f"{name} may not carry {sorted(unknown)}")
    return Event(name=name, facts=json.loads(json.dumps(facts)), **about)  # as the database returns them


def record(name: Name, facts: Facts, **about: object) -> None:
    """Write one event that is no step of a session. Raises as `entry` does."""
    event = entry(name, facts, **about)
    chain([event])
    event.save(force_insert=True)


def chain(events: Iterable[Event], head: str = "") -> str:
    """Give the events of a session their MACs, and return its new head. `head` is the one so far, as `head_of` says."""
    secret, version = secrets()[0], None
    for event in events:
        if event.version is None:
            prefix = token_hex(PREFIX // 2)
            event.mac = prefix + mac(event, prefix, secret)
        else:
            event.mac = head = mac(event, head, secret)
            version = event.version
    return f"{version}:{head}"


def head_of(session: OnboardingSession) -> str:
    """Return the MAC of the session's last step, or "" if a release that made no MACs took it."""
    version, _, head = session.head.partition(":")
    return head if version == str(session.version) else ""


def mac(event: Event, before: str, secret: str) -> str:
    """Return the MAC of what the writer of an event knows; `before` is the MAC of the step before, or the prefix."""
    return digest(MAC, encoded([before, *content(event)]), secret).hex()[:TAG]


def content(event: Event) -> list[object]:
    """Return the columns of an event but its id, its time and its MAC, as JSON has them."""
    about = [None if key is None else str(key) for key in (event.session_id, event.binding_id, event.actor_id)]
    return [*about, event.name, event.from_state, event.to_state, event.version, event.facts]


def account_hash(account: str) -> str:
    """Return what the log has in place of a name that was typed at a log-in: it may be anybody's, or a password."""
    return keyed_hash("onboarding.events", account)


def hook_facts(failed: HookFailed) -> Facts:
    """Return the facts of a failed hook."""
    return {"error": type(failed).__name__, "operation": failed.hook}


def error_facts(error: UpstreamError) -> Facts:
    """Return the facts of a failed call."""
    facts: dict[str, object] = {"error": type(error).__name__, "operation": f"{error.service}.{error.operation}"}
    facts |= {k: v for k in ("status", "code", "request_id", "refusal") if (v := getattr(error, k, None)) is not None}
    if isinstance(error, Busy):
        facts["retry_after_s"] = error.retry_after.total_seconds()
    return facts
