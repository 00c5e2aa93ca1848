"""What a machine's clock says itself, and what a lab has read of it in between.

The clock goes on by the host's time, also of a guest that goes on from a snapshot. So what the
guest has read must lie between the two times that QEMU says.
"""

import calendar
import json
import re
import struct

from harness.base.errors import GuestError
from harness.guest import devices
from harness.results.witness import ClockSighting
from harness.runs.two_looks import Device, Waiting

# struct clock_box: magic, state, and the seconds that the program has read.
_BOX = struct.Struct("<QQq")


class Clock(Device[ClockSighting]):
    """The clock of the machine that QEMU plays."""

    def first(self, at: Waiting) -> ClockSighting:
        """Note what it says before the program reads it."""
        return ClockSighting(_now(at))

    def second(self, at: Waiting, seen: ClockSighting) -> list[str]:
        """Compare what the program has read."""
        *_, seen.read = _BOX.unpack(at.memory.read(at.box, _BOX.size))
        seen.after = _now(at)
        if seen.before <= seen.read <= seen.after:
            return []
        said = f"the clock said {seen.before} and then {seen.after}"
        return [f"{said}, but the guest read {seen.read} in between"]


def _now(at: Waiting) -> int:
    assert at.machine.qemu
    if not at.machine.qemu.clock:
        raise GuestError("nobody can ask this machine's clock from outside")
    return seconds_of(at.ram.order(at.machine.qemu.clock))


def seconds_of(shown: str) -> int:
    """Return the seconds since 1970 that a clock says, as QEMU's monitor shows it.

    Raises GuestError if it shows neither a struct tm nor one word of memory.
    """
    word = devices.word_in(shown)
    if word is not None:
        return word
    if found := re.search(r"\{[^{}]*\}", shown):
        try:
            tm = json.loads(found[0])
            names = ("year", "mon", "mday", "hour", "min", "sec")
            year, month, *rest = (int(tm[f"tm_{name}"]) for name in names)
            return calendar.timegm((year + 1900, month + 1, *rest))
        except (ValueError, KeyError) as error:
            raise GuestError(f"the machine's clock shows {found[0]}") from error
    raise GuestError(f"the machine's clock cannot be read: {shown.strip()}")
