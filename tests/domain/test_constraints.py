"""The constraints of the database: each is violated once, and the database refuses."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import CharField, F, UniqueConstraint
from django.db.models.functions import Now

from onboarding.domain.states import State
from onboarding.models import (
    Binding,
    Checkpoint,
    Event,
    Figure,
    Handoff,
    Invitation,
    OnboardingSession,
    Proposal,
    ProveKey,
    RecoveryCode,
)

NUMBER = "+12015550123"
MODELS = list(apps.get_app_config("proveflow").get_models())
NAMED = {constraint.name for model in MODELS for constraint in model._meta.constraints}
UNIQUE = {f"{m._meta.model_name}.{f.name}" for m in MODELS for f in m._meta.fields if f.unique and not f.primary_key}
KEYS = {f"{m._meta.model_name}.{m._meta.pk.name}" for m in MODELS if isinstance(m._meta.pk, CharField)}


def session(**columns: Any) -> OnboardingSession:
    fresh: dict[str, Any] = {"start_key": uuid.uuid4(), "number": NUMBER, "expires_at": Now()}
    return OnboardingSession.objects.create(**fresh | columns)


def binding(**columns: Any) -> Binding:
    user, _ = User.objects.get_or_create(username="prove:p")
    return Binding.objects.create(**{"user": user, "number": NUMBER, "prove_id": "p", "device_id": "key"} | columns)


def handoff(**columns: Any) -> Handoff:
    return Handoff.objects.create(**{"expires_at": Now(), "token_hash": "hash"} | columns)


def twice(make: Callable[..., object], **columns: Any) -> None:
    make(**columns)
    make(**columns)


def two_events_of_one_version() -> None:
    twice(Event.objects.create, name="flow:asked", session=session(), version=1)


def two_numbers_of_one_key() -> None:
    revoked = binding(number="+12015550199", confirmed=False, revoked_at=Now())
    binding()
    Binding.objects.filter(pk=revoked.pk).update(confirmed=True, revoked_at=None)


def an_unknown_state() -> None:
    OnboardingSession.objects.filter(pk=session().pk).update(state="linked")


def a_bind_without_an_approval() -> None:
    OnboardingSession.objects.filter(pk=session(state=State.CODE_SENT).pk).update(state=State.BINDING)


def a_binding_both_confirmed_and_revoked() -> None:
    Binding.objects.filter(pk=binding().pk).update(revoked_at=Now())


def two_bindings_of_one_name() -> None:
    for key in ("one", "two"):
        binding(device_id=key, public_id=uuid.UUID(int=1))


def a_proposal(**columns: Any) -> Proposal:
    return Proposal.objects.create(act="approve", by=ada(), **columns)


def ada() -> User:
    return User.objects.get_or_create(username="ada")[0]


def two_figures_of_one_day() -> None:
    twice(Figure.objects.create, measure="begun", day=date(2026, 1, 1), label="", count=1, good=1)


def two_checkpoints_of_the_same_events() -> None:
    columns = dict.fromkeys(("after", "last", "count", "total", "unsigned_to", "oldest", "removed_in_all"), 1)
    for number in (1, 2):
        Checkpoint.objects.create(number=number, at=Now(), **columns)


def an_invitation() -> Invitation:
    return Invitation.objects.create(token_hash="hash", name="eve", by=ada(), expires_at=Now())


def a_primary_key_twice(model: Any, **columns: Any) -> None:
    rows = [model(key="key", **columns) for _ in range(2)]
    for row in rows:
        row.save(force_insert=True)


VIOLATIONS: Mapping[str, Callable[[], None]] = {
    "session_state_is_known": an_unknown_state,
    "session_binds_only_what_was_approved": a_bind_without_an_approval,
    "one_number_a_key": two_numbers_of_one_key,
    "one_binding_without_a_key": lambda: twice(binding, device_id=""),
    "revoked_is_not_confirmed": a_binding_both_confirmed_and_revoked,
    "one_line_a_version": two_events_of_one_version,
    "one_proposal_a_session": lambda: twice(a_proposal, session=session()),
    "one_proposal_a_binding": lambda: twice(a_proposal, binding=binding()),
    "onboardingsession.start_key": lambda: twice(session, start_key=uuid.UUID(int=1)),
    "onboardingsession.client_request_id": lambda: twice(session, client_request_id=uuid.UUID(int=1)),
    "onboardingsession.correlation_id": lambda: twice(session, correlation_id="flow"),
    "binding.public_id": two_bindings_of_one_name,
    "handoff.token_hash": lambda: twice(handoff),
    "one_figure_a_day": two_figures_of_one_day,
    "checkpoint.last": two_checkpoints_of_the_same_events,
    "invitation.token_hash": lambda: twice(an_invitation),
    "one_row_a_recovery_code": lambda: twice(RecoveryCode.objects.create, user=ada(), code_hash="hash"),
    "cell.key": lambda: a_primary_key_twice(apps.get_model("proveflow.Cell"), tat=1),
    "provekey.device_id": lambda: twice(partial(ProveKey.objects.create, device_id="key")),
    "lease.key": lambda: a_primary_key_twice(apps.get_model("proveflow.Lease"), journey=uuid.uuid4(), ends_at=Now()),
}


def test_every_constraint_has_a_violation_here() -> None:
    assert VIOLATIONS.keys() == NAMED | UNIQUE | KEYS


@pytest.mark.django_db
@pytest.mark.parametrize("name", VIOLATIONS)
def test_the_database_refuses_each_violation(name: str) -> None:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        VIOLATIONS[name]()
    assert any(words in str(refusal.value) for words in error_texts(name))


def error_texts(name: str) -> list[str]:
    """Return texts of which the error must hold one. SQLite names the columns, PostgreSQL the constraint."""
    model, _, column = name.partition(".")
    named = [(each, c) for each in MODELS for c in each._meta.constraints if c.name == name]
    columns = [
        f"{m._meta.db_table}.{field}" for m, c in named if isinstance(c, UniqueConstraint) for field in _fields(c)
    ]
    tables = [each._meta.db_table for each in MODELS if each._meta.model_name == model]
    return [name, *columns, *(f"{table}{rest}" for table in tables for rest in (f".{column}", f"_{column}", "_pkey"))]


def _fields(constraint: UniqueConstraint) -> list[str]:
    return [*constraint.fields, *(each.name for each in constraint.expressions if isinstance(each, F))]


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.POSSESSION_PASSED, State.BINDING, State.BOUND, State.BIND_UNKNOWN])
def test_the_states_after_an_approved_code_require_the_approval(state: State) -> None:
    assert session(state=state, approved_at=Now()).pk
    with pytest.raises(IntegrityError), transaction.atomic():
        session(state=state)


@pytest.mark.django_db
def test_bindings_that_violate_nothing_are_stored() -> None:
    binding()
    binding(device_id="another key")
    binding(device_id="")
    binding(confirmed=False, revoked_at=Now())
    assert Binding.objects.count() == 4
