"""Which accesses a device has seen, as QEMU traces them.

The harness draws accesses, has QEMU trace all that reach devices, and the program has the lab
make them one by one. Then the trace must have these accesses, in this order, and no others, and
what the lab has answered must be what the device said.
"""

import random
import struct

from harness.guest import devices
from harness.guest.gdb_stub import StoppedMachine
from harness.results import accesses
from harness.results.accesses import PACKED, Access
from harness.results.witness import AccessSighting
from harness.runs.two_looks import Device, Waiting

# struct access_box: magic, state, count, and then the accesses.
_COUNT, _ACCESSES = 16, 24

# Where QEMU writes the trace, in the directory that it was started in.
_FILE = "accesses"
_EVENTS = ("memory_region_ops_read", "memory_region_ops_write")

# The device, and the number of the BAR with its registers.
_DEVICE, _BAR = "1000:0012", 2


class TracedDevice(Device[AccessSighting]):
    """QEMU's SCSI controller, whose scratch memory lab_regs takes for registers."""

    def first(self, at: Waiting) -> AccessSighting:
        """Say which accesses are wanted, and begin to trace."""
        wanted = accesses.plan(random.SystemRandom())
        at.memory.write(at.box + _COUNT, struct.pack("<Q", len(wanted)))
        at.memory.write(at.box + _ACCESSES, b"".join(one.pack() for one in wanted))
        (at.directory / _FILE).unlink(missing_ok=True)
        at.ram.order(f"logfile {_FILE}")
        _trace(at.ram, "on")
        return AccessSighting(wanted)

    def second(self, at: Waiting, seen: AccessSighting) -> list[str]:
        """Compare the trace with what was wanted and answered."""
        _trace(at.ram, "off")
        trace = (at.directory / _FILE).read_text()
        found = accesses.read_trace(trace, devices.address_of_bar(at.ram, _DEVICE, _BAR))
        seen.count = len(found)
        size = len(seen.wanted) * PACKED.size
        packed = at.memory.read(at.box + _ACCESSES, size)
        return accesses.differences(seen.wanted, Access.unpack(packed), found)


def _trace(ram: StoppedMachine, switch: str) -> None:
    for event in _EVENTS:
        ram.order(f"trace-event {event} {switch}")
