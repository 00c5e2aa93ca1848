"""The third witness of a device: it is looked at before the lab does something to it, and after.

The check program waits, has the lab do something, and waits again. Both times the harness stops
the machine, and asks the device itself by QEMU's monitor: no program of the guest has part in
that, and none can foresee what the harness wants.

Program and harness meet in the program's memory; userspace/shared/witness.h has the layouts.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from harness.base.errors import GuestError
from harness.guest import waiting
from harness.guest.gdb_stub import StoppedMachine
from harness.guest.machine import Machine
from harness.guest.waiting import ProgramMemory
from harness.results.witness import Sighting

Looked = TypeVar("Looked", bound=Sighting)

_NOT_DONE = "the program never came back with what it was to do between two looks"


@dataclass(frozen=True)
class Waiting:
    """A machine that stands still: its program, the address of the box, and what to ask."""

    machine: Machine
    ram: StoppedMachine
    memory: ProgramMemory
    box: int

    @property
    def directory(self) -> Path:
        """Where QEMU was started, and writes its files."""
        return self.machine.initrd.parent


class Device(ABC, Generic[Looked]):
    """What one kind of device is asked. All raise GuestError if it cannot be."""

    @abstractmethod
    def first(self, at: Waiting) -> Looked:
        """Look before anything was done, and say in the box what is wanted."""

    @abstractmethod
    def second(self, at: Waiting, seen: Looked) -> list[str]:
        """Look again, complete what was ``seen``, and return what is wrong with it."""


def look(device: Device[Looked], machine: Machine, address: int, seen: Looked | None) -> Looked:
    """Look for the first time if nothing was ``seen`` yet, and else for the second.

    ``address`` is that of the waiting program's box. Raises GuestError if the device cannot
    be asked.
    """
    if not machine.qemu:
        raise GuestError("this machine has no device that can be asked from outside")
    with waiting.stopped(machine, address) as (ram, tables):
        assert isinstance(ram, StoppedMachine)
        at = Waiting(machine, ram, ProgramMemory(ram, tables), address)
        if seen is None:
            seen = device.first(at)
            seen.is_begun, seen.problems = True, [_NOT_DONE]
        else:
            seen.problems = device.second(at, seen)
            seen.is_begun = False
    return seen
