"""What QEMU's monitor shows of the devices of a machine that stands still."""

import re

from harness.base.errors import GuestError
from harness.guest.gdb_stub import StoppedMachine

_WORD = re.compile(r"^[0-9a-f]+: 0x([0-9a-f]{8})\s*$", re.MULTILINE)


def address_of_bar(machine: StoppedMachine, device: str, number: int) -> int:
    """Return where the memory of a PCI device's BAR begins, "1b36:0005" for example.

    Raises GuestError if there is no such device, or if this BAR has no memory.
    """
    shown = machine.order("info pci")
    for one in shown.split("PCI device ")[1:]:
        found = re.search(rf"BAR{number}: \d+ bit (?:prefetchable )?memory at 0x([0-9a-f]+)", one)
        if one.startswith(device) and found:
            return int(found[1], 16)
    raise GuestError(f"the machine has no device {device} with memory in BAR {number}: {shown}")


def word_at(machine: StoppedMachine, physical: int) -> int:
    """Return 32 bits of a device's register. Raises GuestError if there is none."""
    shown = machine.order(f"xp /1wx {physical:#x}")
    word = word_in(shown)
    if word is None:
        raise GuestError(f"the machine's device cannot be read: {shown.strip()}")
    return word


def word_in(shown: str) -> int | None:
    """Return the one word of memory that the monitor shows; None if it shows something else."""
    word = _WORD.search(shown)
    return int(word[1], 16) if word else None
