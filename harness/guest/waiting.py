"""Stopping a machine while one of its programs waits to be looked at, and that program's memory.

The program makes no system call while it waits (userspace/shared/witness.h). So its page
tables are those that the processor uses when the machine stands still.
"""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from harness.base.errors import GuestError
from harness.guest import gdb_stub, uml_memory
from harness.guest.machine import Machine
from harness.kernels.page_tables import PAGE_SIZE, Format, PageTables, Translation

# How often the machine is stopped until the program runs. Each pause is longer than the one
# before, by these seconds: where many guests share a processor, a short one may pass without
# this guest having run at all.
_TRIES = 50
_PAUSE = 0.01


# What each structure begins with in which program and harness meet: a magic number and an enum
# witness_state (userspace/shared/witness.h).
MAGIC = 0x6B6D61706C616221
_STATE = 8
_WAS_HERE = 2


class MachineRam(Protocol):
    """A machine's RAM, by physical addresses. Both raise GuestError where there is none."""

    def read(self, physical: int, size: int) -> bytes:
        """Return bytes."""

    def write(self, physical: int, data: bytes) -> None:
        """Change bytes."""


class Tables(Protocol):
    """What leads from virtual to physical addresses, as kernels.page_tables has it."""

    def translate(self, virtual: int) -> Translation | None:
        """Return where an address leads; None if nothing is mapped there."""

    def mappings_of(self, frames: set[int], of_kernel: bool) -> Iterator[Translation]:
        """Yield what leads to page frames, from the kernel's or the program's addresses."""


# Those of a machine that QEMU plays, and what stands for them in user-mode Linux.
ProgramTables = PageTables | uml_memory.ProcessMappings


@dataclass(frozen=True)
class ProgramMemory:
    """The memory of the program that waits."""

    machine: MachineRam
    tables: Tables

    def read(self, address: int, size: int) -> bytes:
        """Return bytes. Raises GuestError if the program has nothing there."""
        parts = [self.machine.read(place, count) for place, count in self._parts(address, size)]
        return b"".join(parts)

    def write(self, address: int, data: bytes) -> None:
        """Change bytes; likewise."""
        for place, count in self._parts(address, len(data)):
            self.machine.write(place, data[:count])
            data = data[count:]

    def has(self, address: int, mark: bytes) -> bool:
        """Say whether these bytes are there."""
        try:
            return self.read(address, len(mark)) == mark
        except GuestError:
            return False

    def _parts(self, address: int, size: int) -> Iterator[tuple[int, int]]:
        """Yield the pieces of RAM behind the program's memory, each within a page."""
        while size > 0:
            found = self.tables.translate(address)
            if not found or found.by_user is False:
                raise GuestError(f"the waiting program has no memory at {address:#x}")
            count = min(size, PAGE_SIZE - address % PAGE_SIZE)
            yield found.physical, count
            address, size = address + count, size - count


@contextmanager
def stopped(
    machine: Machine, address: int, mark: bytes = struct.pack("<Q", MAGIC)
) -> Iterator[tuple[MachineRam, ProgramTables]]:
    """Have a machine stand still while the program runs that waits with its box at ``address``.

    The box begins with ``mark``. Gives the machine's RAM and what leads there; behind that the
    program need not wait any more. Raises GuestError if the program is never seen to run.
    """
    with _standing_still(machine, address, mark) as (ram, tables):
        yield ram, tables
        ProgramMemory(ram, tables).write(address + _STATE, struct.pack("<Q", _WAS_HERE))


@contextmanager
def _standing_still(
    machine: Machine, address: int, mark: bytes
) -> Iterator[tuple[MachineRam, ProgramTables]]:
    qemu = machine.qemu
    if not qemu:
        with uml_memory.stopped(machine.initrd, address, mark) as found:
            yield found
        return
    for number in range(_TRIES):
        with gdb_stub.stopped(machine.initrd.parent) as ram:
            tables = _of_program(ram, qemu.tables)
            if tables and ProgramMemory(ram, tables).has(address, mark):
                yield ram, tables
                return
        time.sleep(_PAUSE * number)
    raise GuestError(f"no program was ever seen to run that waits with its box at {address:#x}")


def _of_program(ram: gdb_stub.StoppedMachine, layout: Format) -> PageTables | None:
    """Return the page tables in use, if a user's program runs."""
    registers = ram.registers(layout.registers)
    if not layout.in_user_mode(registers):
        return None
    return gdb_stub.tables_of(ram, layout, registers)
