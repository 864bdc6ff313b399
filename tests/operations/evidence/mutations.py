"""Random mutations of the event log by somebody who can write to the database and has no key."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from django.db import connection
from django.db.models import F, Max, Model

from onboarding.models import Binding, Checkpoint, Event, OnboardingSession
from onboarding.operations.evidence.removal import allowed

Mutation = Callable[[Random], bool]
MUTATIONS: list[Mutation] = []
OTHER_STATES = ("bound", "declined", "in_review", "authenticated")


def mutation(mutate: Mutation) -> Mutation:
    MUTATIONS.append(mutate)
    return mutate


def any_of(random: Random, rows: Any) -> Any:
    """Return one of the rows, or None."""
    found = list(rows.order_by("pk"))
    return random.choice(found) if found else None


def write(row: Model, **columns: object) -> bool:
    """Write the columns into the row; return whether that changed it."""
    changed = {name: value for name, value in columns.items() if getattr(row, name) != value}
    if changed:
        type(row)._base_manager.filter(pk=row.pk).update(**changed)
    return bool(changed)


def delete(rows: Any) -> bool:
    pks = list(rows.values_list("pk", flat=True))
    rows.model._base_manager.filter(pk__in=pks)._raw_delete(connection.alias)
    return bool(pks)


def flipped(random: Random, text: str) -> str:
    """Return the text with another hex digit at one place; a digit if it is empty."""
    at = random.randrange(len(text) or 1)
    other = random.choice([digit for digit in "0123456789abcdef" if digit != text[at : at + 1]])
    return text[:at] + other + text[at + 1 :]


@mutation
def a_column_is_changed(random: Random) -> bool:
    event = any_of(random, Event.objects)
    name, value = random.choice(
        [
            ("name", random.choice(["code:sent", "guess:answered", "review:approved", "case:noted"])),
            ("from_state", random.choice(OTHER_STATES)),
            ("to_state", random.choice(OTHER_STATES)),
            ("facts", {**event.facts, "approved": True}),
            ("facts", {}),
            ("mac", flipped(random, event.mac)),
            ("at", event.at + timedelta(milliseconds=random.choice([-1, 1]) * random.randint(1, 10**9))),
            ("actor_id", None),
            ("binding_id", getattr(any_of(random, Binding.objects), "pk", None)),
            ("session_id", any_of(random, OnboardingSession.objects).pk),
            ("version", event.version and event.version + 100),
        ]
    )
    return write(event, **{name: value})


@mutation
def an_id_is_changed(random: Random) -> bool:
    event = any_of(random, Event.objects)
    to = random.choice([random.randint(-5, 0), 10**6 + random.randrange(10**6)])
    return bool(Event.objects.filter(pk=event.pk).update(id=to))


@mutation
def an_event_is_deleted(random: Random) -> bool:
    return delete(Event.objects.filter(pk=any_of(random, Event.objects).pk))


@mutation
def a_session_is_deleted_with_its_events(random: Random) -> bool:
    session = any_of(random, OnboardingSession.objects)
    OnboardingSession.objects.filter(previous=session).update(previous=None)
    delete(Event.objects.filter(session=session))
    for table in ("case", "proposals"):
        delete(session._meta.get_field(table).related_model._base_manager.filter(session=session))
    return delete(OnboardingSession.objects.filter(pk=session.pk))


@mutation
def two_events_are_exchanged(random: Random) -> bool:
    """Their contents, or their ids or times alone."""
    one, other = any_of(random, Event.objects), any_of(random, Event.objects)
    names = random.choice([("at",), ("facts",), ("name", "facts"), ("id",), ("mac",)])
    if names == ("id",):
        Event.objects.filter(pk=one.pk).update(id=-99)
        Event.objects.filter(pk=other.pk).update(id=one.pk)
        Event.objects.filter(pk=-99).update(id=other.pk)
        return bool(one.pk != other.pk)
    changed = write(one, **{name: getattr(other, name) for name in names})
    write(other, **{name: getattr(one, name) for name in names})
    return changed


@mutation
def the_end_is_cut_off(random: Random) -> bool:
    last = Event.objects.aggregate(last=Max("pk"))["last"]
    return delete(Event.objects.filter(pk__gt=last - random.randint(1, 5)))


@mutation
def the_end_of_a_session_is_cut_off_and_its_row_put_back(random: Random) -> bool:
    session = any_of(random, OnboardingSession.objects.filter(version__gt=1))
    version = random.randint(1, session.version - 1)
    end = Event.objects.get(session=session, version=version)
    delete(Event.objects.filter(session=session, version__gt=version))
    return write(session, version=version, head=f"{version}:{end.mac}", state=end.to_state)


@mutation
def the_row_of_a_session_is_changed(random: Random) -> bool:
    session = any_of(random, OnboardingSession.objects)
    name, value = random.choice(
        [
            ("head", flipped(random, session.head)),
            ("head", ""),
            ("version", session.version + random.choice([-1, 1])),
            ("state", random.choice(["failed", "expired", "superseded", "declined"])),
        ]
    )
    return write(session, **{name: value})


@mutation
def an_event_is_forged(random: Random) -> bool:
    mac = random.choice(["", f"{random.getrandbits(128):032x}", f"{random.getrandbits(192):048x}"])
    session = random.choice([None, any_of(random, OnboardingSession.objects)])
    version = session and random.choice([None, session.version + 1])
    Event.objects.create(name="review:approved", session=session, version=version, mac=mac, facts={"reason": "x"})
    return True


@mutation
def a_step_is_forged_and_the_row_of_its_session_follows(random: Random) -> bool:
    session = any_of(random, OnboardingSession.objects)
    mac, version = f"{random.getrandbits(128):032x}", session.version + 1
    Event.objects.create(
        name="bind:answered", session=session, version=version, mac=mac, from_state=session.state, to_state="bound"
    )
    return write(session, version=version, head=f"{version}:{mac}")


@mutation
def an_event_is_replayed_from_another_session(random: Random) -> bool:
    event = any_of(random, Event.objects.filter(session__isnull=False))
    session = any_of(random, OnboardingSession.objects.exclude(pk=event.session_id))
    if session is None:
        return False
    if event.version is not None:
        event.version = session.version + 1
    event.pk, event.session = None, session
    event.save(force_insert=True)
    return True


@mutation
def an_event_that_is_no_step_is_written_again(random: Random) -> bool:
    event = any_of(random, Event.objects.filter(version=None))
    if event is None:
        return False
    event.pk = None
    event.save(force_insert=True)
    return True


@mutation
def a_checkpoint_is_deleted(random: Random) -> bool:
    return delete(Checkpoint.objects.filter(pk=any_of(random, Checkpoint.objects).pk))


@mutation
def checkpoints_are_deleted_with_their_events(random: Random) -> bool:
    row = any_of(random, Checkpoint.objects)
    delete(Event.objects.filter(pk__gt=row.after, pk__lte=row.last))
    return delete(Checkpoint.objects.filter(pk=row.pk))


@mutation
def a_checkpoint_is_changed(random: Random) -> bool:
    row = any_of(random, Checkpoint.objects)
    name = random.choice([field.attname for field in Checkpoint._meta.concrete_fields])
    value = getattr(row, name)
    if isinstance(value, bool):
        other: object = not value
    elif isinstance(value, int):
        other = value + 1_000_000 if name in ("number", "last") else max(0, value + random.choice([-1, 1, 2]))
    elif isinstance(value, str):
        other = flipped(random, value)
    else:
        other = value + timedelta(milliseconds=random.randint(1, 10**6))
    return value != other and bool(Checkpoint.objects.filter(pk=row.pk).update(**{name: other}))


@mutation
def an_event_is_deleted_and_its_checkpoint_says_that_it_was_removed(random: Random) -> bool:
    row = any_of(random, Checkpoint.objects)
    event = any_of(random, Event.objects.filter(pk__gt=row.after, pk__lte=row.last))
    if event is None:
        return False
    Checkpoint.objects.filter(pk=row.pk).update(removed=F("removed") + 1)
    return delete(Event.objects.filter(pk=event.pk))


def mutate(random: Random) -> str:
    """Do one mutation that changes something; return its name. Raises IntegrityError if the database refuses it."""
    while True:
        chosen = random.choice(MUTATIONS)
        with allowed():
            changed = chosen(random)
        if changed:
            return chosen.__name__
