"""The third witness of lab_port: how often the device itself says that it was written to.

The check `machine_counts_the_same_writes` waits; the harness stops the machine and leaves a number
that nobody in the guest can foresee. The program has the driver make so many writes, and waits
again. Then the harness has QEMU read the device's count, through its BAR of memory, whichever way
the driver has taken.

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
from harness.results.witness import Sighting

# struct port_box: magic, state, how many writes the host wants, how many the driver has found.
_BOX = struct.Struct("<QQQQ")
_MARK = struct.pack("<Q", 0x6B6D61706C616221)
_STATE, _WRITES = 8, 16
_LOOKED_AT = 2

# LAB_PORT_MOST of lab.h.
_MOST_WRITES = 4096

# As QEMU's monitor lists the device, and where in its BAR 0 the count is.
_DEVICE = re.compile(r"PCI device 1b36:0005\s.*?BAR0: 32 bit memory at 0x([0-9a-f]+) ", re.DOTALL)
_COUNT = 12
_WORD = re.compile(r"^[0-9a-f]+: 0x([0-9a-f]{8})\s*$", re.MULTILINE)

_NOT_SAID = "the program never said what the device had counted"


def look(machine: Machine, address: int, sighting: Sighting | None) -> Sighting:
    """Ask the device while the program waits whose box is at ``address``.

    Without a ``sighting`` nothing was written yet; with that one, which is returned, it was.
    Raises GuestError if the machine has no such device.
    """
    if not machine.qemu:
        raise GuestError("this machine has no device that can be asked from outside")
    with waiting.stopped(machine, address, _MARK) as (ram, tables):
        assert isinstance(ram, StoppedMachine)
        memory = ProgramMemory(ram, tables)
        if sighting is None:
            wanted = random.SystemRandom().randint(1, _MOST_WRITES)
            memory.write(address + _WRITES, struct.pack("<Q", wanted))
            sighting = Sighting(writes=[wanted], problems=[_NOT_SAID], is_begun=True)
        else:
            *_, said = _BOX.unpack(memory.read(address, _BOX.size))
            sighting.is_begun = False
            sighting.writes += [said, counted(ram)]
            sighting.problems = [text for text in (_wrong_with(sighting.writes),) if text]
        memory.write(address + _STATE, struct.pack("<Q", _LOOKED_AT))
    return sighting


def counted(machine: StoppedMachine) -> int:
    """Return how many writes the device says that it has counted."""
    devices = machine.order("info pci")
    place = _DEVICE.search(devices)
    if not place:
        raise GuestError(f"the machine has no pci-testdev: {devices.strip()}")
    shown = machine.order(f"xp /1wx {int(place[1], 16) + _COUNT:#x}")
    word = _WORD.search(shown)
    if not word:
        raise GuestError(f"the machine's device cannot be read: {shown.strip()}")
    return int(word[1], 16)


def _wrong_with(writes: list[int]) -> str | None:
    wanted, said, found = writes
    if wanted == said == found:
        return None
    return f"of {wanted} writes the device has counted {found}, and the guest says {said}"
