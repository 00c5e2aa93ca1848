"""How often the device of lab_port says itself that it was written to.

The harness draws a number, the program has the driver make so many writes, and QEMU reads the
device's count through its BAR of memory, whichever way the driver has taken.
"""

import random
import struct

from harness.guest import devices
from harness.results.witness import WriteSighting
from harness.runs.two_looks import Device, Waiting

# struct port_box: magic, state, how many writes the host wants, how many the driver has found.
_BOX = struct.Struct("<QQQQ")
_WRITES = 16

# LAB_PORT_MOST of lab.h.
_MOST_WRITES = 4096

# The device, and where in the memory of its BAR 0 the count is.
_DEVICE = "1b36:0005"
_COUNT = 12


class CountingDevice(Device[WriteSighting]):
    """QEMU's pci-testdev."""

    def first(self, at: Waiting) -> WriteSighting:
        """Say how many writes are wanted."""
        wanted = random.SystemRandom().randint(1, _MOST_WRITES)
        at.memory.write(at.box + _WRITES, struct.pack("<Q", wanted))
        return WriteSighting(wanted)

    def second(self, at: Waiting, seen: WriteSighting) -> list[str]:
        """Compare what was wanted, what the guest says, and what the device has counted."""
        *_, seen.said = _BOX.unpack(at.memory.read(at.box, _BOX.size))
        bar = devices.address_of_bar(at.ram, _DEVICE, 0)
        seen.counted = devices.word_at(at.ram, bar + _COUNT)
        if seen.wanted == seen.said == seen.counted:
            return []
        found = f"of {seen.wanted} writes the device has counted {seen.counted}"
        return [f"{found}, and the guest says {seen.said}"]
