"""Who may be logged in as whom: a model of its own, which knows codes, unlinks and new owners, but no table of ours."""

from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias

Device: TypeAlias = str
Number: TypeAlias = str


@dataclass
class LogIns:
    """A device may be logged in with a number after a code, until something ends that.

    `recycled` are the numbers that have a new owner with each link.
    """

    recycled: frozenset[Number]
    linked: dict[Device, Number] = field(default_factory=dict)
    _began: dict[Device, int] = field(default_factory=dict)  # when the device's flow began
    _revoked: dict[Device, int] = field(default_factory=dict)
    _clock: "count[int]" = field(default_factory=count)

    def flow_begins(self, device: Device) -> None:
        self._began[device] = next(self._clock)

    def code_is_right(self, device: Device, number: Number) -> None:
        """The person at the device typed the code that the number got, and Prove tied number and key."""
        if self._revoked.get(device, -1) > self._began[device]:
            return  # the code outweighs only what was revoked before its flow
        if number in self.recycled:
            for other in self.devices_of(number) - {device}:
                self.is_revoked(other)
        self.linked[device] = number

    def is_revoked(self, device: Device) -> None:
        self.linked.pop(device, None)
        self._revoked[device] = next(self._clock)

    def devices_of(self, number: Number) -> set[Device]:
        return {device for device, linked in self.linked.items() if linked == number}

    def may_be_logged_in(self, device: Device, number: Number) -> bool:
        return self.linked.get(device) == number
