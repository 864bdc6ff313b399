"""What lies on the desk: a phone for each number that anything happened to, the Prove Keys, the time."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import phonenumbers

from sandbox.state import clock, people
from sandbox.state.records import Device, Fault, Flow, Handset, Message, Received
from sandbox.state.store import Store
from sandbox.state.switches import SWITCHES, Switch, value

LEDGER_LINES = 12
MOST_PHONES = 8
MOST_KEYS = 20
RECENT = 100  # rows looked at: the desk asks every second
LONGEST_OPTION = 60  # characters


@dataclass(frozen=True)
class Phone:
    """One handset, newest message first. `waiting` messages are on their way, or wait for airplane mode to end."""

    person: people.Person
    airplane: bool
    messages: list[Message]
    waiting: int
    keys: list[Device]

    @property
    def display(self) -> str:
        """+1 202-555-0101"""
        return display(self.person.number)


@dataclass(frozen=True)
class Position:
    """A switch and where it stands."""

    switch: Switch
    choice: str


@dataclass(frozen=True)
class BadDay:
    """A fault that was ordered, in words."""

    fault: Fault

    @property
    def words(self) -> str:
        """status, status 503, 2 more, +12025550101"""
        fault = self.fault
        options = (f"{name} {json.dumps(value)[:LONGEST_OPTION]}" for name, value in fault.options.items())
        times = "always" if fault.times is None else f"{fault.times} more"
        return ", ".join(filter(None, (fault.kind, *options, times, fault.number)))


def display(number: str) -> str:
    """As it is, where no country has such numbers."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def arrived(store: Store, number: str) -> list[Message]:
    """Newest first; of all numbers if `number` is empty."""
    now = clock.now(store)
    away = {handset.number for handset in store.find(Handset, airplane=True)}
    found = store.find(Message, number=number) if number else store.find(Message)
    return [m for m in reversed(found) if m.arrives_at is not None and m.arrives_at <= now and m.number not in away]


def phones(store: Store) -> list[Phone]:
    """Last used first."""
    seen = {handset.number: 0.0 for handset in store.latest(Handset, RECENT)}
    for flow in store.latest(Flow, RECENT):
        seen[flow.number] = max(seen.get(flow.number, 0), flow.started_at)
    for message in store.latest(Message, RECENT):
        seen[message.number] = max(seen.get(message.number, 0), message.sent_at)
    latest = sorted(seen, key=lambda number: seen[number], reverse=True)[:MOST_PHONES]
    return [_phone(store, number) for number in latest]


def _phone(store: Store, number: str) -> Phone:
    handset = store.get(Handset, number) or Handset(number)
    messages = arrived(store, number)
    coming = [m for m in store.find(Message, number=number) if m.arrives_at is not None]
    keys = [device for device in store.find(Device, number=number) if not device.revoked]
    return Phone(people.person(number), handset.airplane, messages, len(coming) - len(messages), keys)


def keys(store: Store) -> list[Device]:
    """Newest first."""
    return store.latest(Device, MOST_KEYS)


def ledger(store: Store) -> list[Received]:
    """The latest calls, newest first."""
    return store.latest(Received, LEDGER_LINES)


def bad_days(store: Store) -> list[BadDay]:
    return [BadDay(fault) for fault in store.find(Fault)]


def positions(store: Store) -> list[Position]:
    return [Position(switch, value(store, name)) for name, switch in SWITCHES.items()]


def time_of_day(store: Store) -> datetime:
    return datetime.fromtimestamp(clock.now(store), UTC)
