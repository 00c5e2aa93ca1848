"""The third witness of accesses to registers: what the device saw, as QEMU traces it.

The check `machine_saw_the_accesses_that_were_asked_for` waits. The harness stops the machine, has
QEMU trace all accesses to devices, and writes into the program's memory which accesses it wants:
drawn now, so no guest can foresee them. The program has the lab make them, one by one, and waits
again. Then the trace must have these accesses, in this order, and no others, and what the lab has
answered must be what the device said.

Program and harness meet in the program's memory; userspace/shared/witness.h has the layout.
"""

import random
import re
import struct

from harness.base.errors import GuestError
from harness.guest import waiting
from harness.guest.gdb_stub import StoppedMachine
from harness.guest.machine import Machine
from harness.guest.waiting import ProgramMemory
from harness.results import accesses
from harness.results.accesses import PACKED, Access
from harness.results.witness import Sighting

# struct access_box: magic, state, count, and then the accesses.
_MARK = struct.pack("<Q", 0x6B6D61706C616221)
_STATE, _COUNT, _ACCESSES = 8, 16, 24
_LOOKED_AT = 2

# Where QEMU writes the trace, in the directory that it was started in.
_FILE = "accesses"
_EVENTS = ("memory_region_ops_read", "memory_region_ops_write")

# What `info pci` shows of the device that lab_regs uses.
_BAR = re.compile(r"PCI device 1000:0012\b.*?BAR2: \d+ bit memory at (0x[0-9a-f]+)", re.DOTALL)

_NOT_DONE = "the program never made the accesses that it was asked for"


def look(machine: Machine, address: int, sighting: Sighting | None) -> Sighting:
    """Ask for accesses, or compare, while the program waits whose box is at ``address``.

    Without a ``sighting`` nothing was asked for yet; with that one, which is returned, the
    program has made the accesses. Raises GuestError if the machine cannot be asked.
    """
    if not machine.qemu:
        raise GuestError("nobody can see this machine's accesses from outside")
    trace = machine.initrd.parent / _FILE
    with waiting.stopped(machine, address, _MARK) as (ram, tables):
        assert isinstance(ram, StoppedMachine)
        memory = ProgramMemory(ram, tables)
        if sighting is None:
            wanted = accesses.plan(random.SystemRandom())
            sighting = Sighting(wanted=wanted, is_begun=True, problems=[_NOT_DONE])
            _ask(memory, address, sighting.wanted)
            trace.unlink(missing_ok=True)
            ram.order(f"logfile {_FILE}")
            _trace(ram, "on")
        else:
            _trace(ram, "off")
            seen = accesses.read_trace(trace.read_text(), _base(ram))
            answers = _answers(memory, address, len(sighting.wanted))
            sighting.is_begun = False
            sighting.accesses = len(seen)
            sighting.problems = accesses.differences(sighting.wanted, answers, seen)
        memory.write(address + _STATE, struct.pack("<Q", _LOOKED_AT))
    return sighting


def _trace(ram: StoppedMachine, switch: str) -> None:
    for event in _EVENTS:
        ram.order(f"trace-event {event} {switch}")


def _ask(memory: ProgramMemory, address: int, wanted: list[Access]) -> None:
    memory.write(address + _COUNT, struct.pack("<Q", len(wanted)))
    for number, one in enumerate(wanted):
        memory.write(address + _ACCESSES + number * PACKED.size, one.pack())


def _answers(memory: ProgramMemory, address: int, count: int) -> list[Access]:
    packed = memory.read(address + _ACCESSES, count * PACKED.size)
    return [
        Access.unpack(packed[start : start + PACKED.size])
        for start in range(0, len(packed), PACKED.size)
    ]


def _base(ram: StoppedMachine) -> int:
    """Return where the device's registers are. Raises GuestError if there is no such device."""
    if found := _BAR.search(ram.order("info pci")):
        return int(found[1], 16)
    raise GuestError("the machine has no SCSI controller")
