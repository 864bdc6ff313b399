"""The contents of the sandbox's page, read from the store."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

import phonenumbers

from sandbox.state import clock, people
from sandbox.state.records import Device, Fault, Flow, Handset, Message, Received
from sandbox.state.store import Store
from sandbox.state.switches import SWITCHES, Switch, value

MAX_LEDGER_ENTRIES = 12
MAX_PHONES = 8
MAX_KEYS = 20
MAX_ROWS = 100  # read of each table, because the page refreshes every second
MAX_OPTION_LENGTH = 60  # characters


@dataclass(frozen=True)
class Phone:
    """A phone with its delivered messages, newest first. `waiting` counts those that are still to be delivered."""

    person: people.Person
    airplane: bool
    messages: list[Message]
    waiting: int
    keys: list[Device]

    @property
    def display(self) -> str:
        """The number in international format, for example +1 202-555-0101."""
        return display(self.person.number)


@dataclass(frozen=True)
class SwitchState:
    """A switch and its current choice."""

    switch: Switch
    choice: str


@dataclass(frozen=True)
class OrderedFault:
    """An ordered fault and its description."""

    fault: Fault

    @property
    def description(self) -> str:
        """Kind, options, remaining calls and number, for example "status, status 503, 2 more, +12025550101"."""
        fault = self.fault
        options = (f"{name} {json.dumps(value)[:MAX_OPTION_LENGTH]}" for name, value in fault.options.items())
        times = "always" if fault.times is None else f"{fault.times} more"
        return ", ".join(filter(None, (fault.kind, *options, times, fault.number)))


def display(number: str) -> str:
    """The number in international format, or unchanged if it has no valid country code."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def delivered_messages(store: Store, number: str) -> list[Message]:
    """The messages that have arrived, newest first: those of `number`, or of all numbers if it is empty."""
    moment = clock.now(store)
    in_airplane_mode = {handset.number for handset in store.find(Handset, airplane=True)}
    found = store.find(Message, number=number) if number else store.find(Message)
    return [
        m
        for m in reversed(found)
        if m.arrives_at is not None and m.arrives_at <= moment and m.number not in in_airplane_mode
    ]


def phones(store: Store) -> list[Phone]:
    """The phones that were used last, latest first."""
    used_at = {handset.number: 0.0 for handset in store.latest(Handset, MAX_ROWS)}
    for flow in store.latest(Flow, MAX_ROWS):
        used_at[flow.number] = max(used_at.get(flow.number, 0), flow.started_at)
    for message in store.latest(Message, MAX_ROWS):
        used_at[message.number] = max(used_at.get(message.number, 0), message.sent_at)
    latest = sorted(used_at, key=lambda number: used_at[number], reverse=True)[:MAX_PHONES]
    return [_phone(store, number) for number in latest]


def _phone(store: Store, number: str) -> Phone:
    handset = store.get(Handset, number) or Handset(number)
    messages = delivered_messages(store, number)
    deliverable = [m for m in store.find(Message, number=number) if m.arrives_at is not None]
    keys = [device for device in store.find(Device, number=number) if not device.revoked]
    return Phone(people.person(number), handset.airplane, messages, len(deliverable) - len(messages), keys)


def keys(store: Store) -> list[Device]:
    """The latest Prove Keys, newest first."""
    return store.latest(Device, MAX_KEYS)


def ledger(store: Store) -> list[Received]:
    """The latest calls, newest first."""
    return store.latest(Received, MAX_LEDGER_ENTRIES)


def ordered_faults(store: Store) -> list[OrderedFault]:
    return [OrderedFault(fault) for fault in store.find(Fault)]


def switch_states(store: Store) -> list[SwitchState]:
    return [SwitchState(switch, value(store, name)) for name, switch in SWITCHES.items()]


def now(store: Store) -> datetime:
    """The sandbox's time, in UTC."""
    return datetime.fromtimestamp(clock.now(store), UTC)
