"""The event log: a closed set of names, each with the facts it may carry. No fact is a number, a code or a token."""

from collections.abc import Mapping
from enum import StrEnum

from onboarding.domain.errors import Busy, HookFailed, UpstreamError
from onboarding.hashes import keyed_hash
from onboarding.models import Event

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
    ACT_PROPOSED = "act:proposed"
    NUMBER_REVEALED = "number:revealed"
    IDS_REVEALED = "ids:revealed"
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
    """Return an event that is not written yet; `about` are its columns.

    Raises ValueError for a fact that this event may not carry.
    """
    if unknown := facts.keys() - FACTS.get(name, frozenset()):
        raise ValueError(f"{name} may not carry {sorted(unknown)}")
    return Event(name=name, facts=dict(facts), **about)


def record(name: Name, facts: Facts, **about: object) -> None:
    """Write one event. Raises as `entry` does."""
    entry(name, facts, **about).save(force_insert=True)


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
