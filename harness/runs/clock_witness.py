"""The third witness of a clock: what the device itself says while a check program waits.

The check `machine_shows_the_same_time` waits, reads the time through the lab, and waits again.
Each time the harness stops the machine and has QEMU show what its clock says. That is no part of
the guest, and the guest cannot foresee it. The clock goes on by the host's time, also of a guest
that goes on from a snapshot; so what the guest has read must lie between the two.

Program and harness meet in the program's memory; userspace/shared/witness.h has the layout.
"""

import calendar
import json
import re
import struct

from harness.base.errors import GuestError
from harness.guest import waiting
from harness.guest.gdb_stub import StoppedMachine
from harness.guest.machine import Machine
from harness.guest.waiting import ProgramMemory
from harness.results.witness import Sighting

# struct clock_box: magic, state, and the seconds that the program has read.
_BOX = struct.Struct("<QQq")
_MARK = struct.pack("<Q", 0x6B6D61706C616221)
_STATE = 8
_LOOKED_AT = 2

_NOT_SAID = "the program never said what time it had read"


def look(machine: Machine, address: int, sighting: Sighting | None) -> Sighting:
    """Ask the machine's clock while the program waits whose box is at ``address``.

    Without a ``sighting`` the program has not read anything yet; with that one, which is
    returned, it has. Raises GuestError if the machine cannot be asked.
    """
    if not machine.qemu or not machine.qemu.clock:
        raise GuestError("nobody can ask this machine's clock from outside")
    with waiting.stopped(machine, address, _MARK) as (ram, tables):
        assert isinstance(ram, StoppedMachine)
        now = seconds_of(ram.order(machine.qemu.clock))
        memory = ProgramMemory(ram, tables)
        _, _, said = _BOX.unpack(memory.read(address, _BOX.size))
        memory.write(address + _STATE, struct.pack("<Q", _LOOKED_AT))
    if sighting is None:
        return Sighting(times=[now], is_begun=True, problems=[_NOT_SAID])
    sighting.is_begun = False
    sighting.times += [said, now]
    sighting.problems = [text for text in (_wrong_with(sighting.times),) if text]
    return sighting


def _wrong_with(times: list[int]) -> str | None:
    before, said, after = times
    if before <= said <= after:
        return None
    return f"the clock said {before} and then {after}, but the guest read {said} in between"


def seconds_of(shown: str) -> int:
    """Return the seconds since 1970 that a clock says, as QEMU's monitor shows it.

    Raises GuestError if it shows neither a struct tm nor one word of memory.
    """
    if word := re.search(r"^[0-9a-f]+: 0x([0-9a-f]{8})\s*$", shown, re.MULTILINE):
        return int(word[1], 16)
    if found := re.search(r"\{[^{}]*\}", shown):
        try:
            tm = json.loads(found[0])
            names = ("year", "mon", "mday", "hour", "min", "sec")
            year, month, *rest = (int(tm[f"tm_{name}"]) for name in names)
            return calendar.timegm((year + 1900, month + 1, *rest))
        except (ValueError, KeyError) as error:
            raise GuestError(f"the machine's clock shows {found[0]}") from error
    raise GuestError(f"the machine's clock cannot be read: {shown.strip()}")
