"""Accesses to registers: which the host asks for, and whether the device saw these.

What a device has seen is QEMU's trace of it. Its device takes 32 bits at a time, and QEMU makes
two accesses of one with 64, the low half first, as a bridge to a narrower bus does.
"""

import random
import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

# struct lab_access of labs/include/lab.h, and how many bytes it and the registers have.
PACKED = struct.Struct("<IIIIQ64s")
_BYTES = 64
_REGISTERS = 256

# What QEMU's device takes at once.
_BUS = 4

# How often each kind is asked for in each width.
_TURNS = 2

_LINE = re.compile(
    r"memory_region_ops_(read|write) .* addr (0x[0-9a-f]+) value (0x[0-9a-f]+)"
    r" size (\d+) name 'lsi-ram'"
)


class How(IntEnum):
    """LAB_ACCESS_* of labs/include/lab.h."""

    READ = 0
    WRITE = 1
    READ_BE = 2
    WRITE_BE = 3
    DRAIN = 4
    FEED = 5
    SET = 6
    COPY_FROM = 7
    COPY_TO = 8
    SUBMIT = 9


_RANGES = (How.SET, How.COPY_FROM, How.COPY_TO)
_STREAMS = (How.DRAIN, How.FEED)

_WIDTHS: dict[How, tuple[int, ...]] = {
    How.READ: (1, 2, 4, 8),
    How.WRITE: (1, 2, 4, 8),
    How.READ_BE: (2, 4),
    How.WRITE_BE: (2, 4),
    How.DRAIN: (1, 2, 4),
    How.FEED: (1, 2, 4),
    How.SET: (1,),
    How.COPY_FROM: (1,),
    How.COPY_TO: (1,),
    How.SUBMIT: (4,),
}


@dataclass(frozen=True)
class Access:
    """struct lab_access: what is asked of the lab, or what it has answered."""

    how: int
    offset: int
    width: int
    count: int
    value: int = 0
    data: bytes = bytes(_BYTES)

    @classmethod
    def unpack(cls, packed: bytes) -> list["Access"]:
        """Return those that stand in a program's memory, one behind the other."""
        return [cls(*numbers) for numbers in PACKED.iter_unpack(packed)]

    def pack(self) -> bytes:
        """Return it as it stands in a program's memory."""
        number = (self.how, self.offset, self.width, self.count, self.value)
        return PACKED.pack(*number, self.data)

    def __str__(self) -> str:
        times = "" if self.count == 1 else f"{self.count} times "
        return f"{How(self.how).name} of {times}{self.width} at {self.offset:#x}"


@dataclass(frozen=True)
class Seen:
    """One access as the device saw it; ``data`` in the order of the registers' bytes."""

    is_write: bool
    offset: int
    data: bytes

    def __str__(self) -> str:
        verb = "write" if self.is_write else "read"
        number = int.from_bytes(self.data, "little")
        return f"a {verb} of {len(self.data)} at {self.offset:#x}, 0x{number:x}"


def read_trace(text: str, base: int) -> list[Seen]:
    """Return what the device has seen, whose registers begin at ``base``."""
    return [
        Seen(
            match[1] == "write",
            int(match[2], 16) - base,
            int(match[3], 16).to_bytes(8, "little")[: int(match[4])],
        )
        for match in _LINE.finditer(text)
    ]


def plan(draw: random.Random) -> list[Access]:
    """Return accesses of each kind and width, behind some that fill all registers.

    How a range is divided is the driver's choice. So an access of the other direction follows
    each, and tells where it ends.
    """
    chosen = [Access(How.COPY_TO, start, 1, _BYTES) for start in range(0, _REGISTERS, _BYTES)]
    kinds = [(how, width) for how in How for width in _WIDTHS[how]] * _TURNS
    draw.shuffle(kinds)
    chosen += [_any_access(draw, how, width) for how, width in kinds]
    wanted = []
    for one in chosen:
        value, data = draw.getrandbits(64), draw.randbytes(_BYTES)
        wanted.append(Access(one.how, one.offset, one.width, one.count, value, data))
        if one.how in _RANGES:
            wanted.append(_any_access(draw, _other_way(How(one.how)), 4))
    return wanted


def _other_way(how: How) -> How:
    return How.WRITE if how is How.COPY_FROM else How.READ


def _any_access(draw: random.Random, how: How, width: int) -> Access:
    many = how in _RANGES or how in _STREAMS or how is How.SUBMIT
    most = _BYTES if how in _RANGES else 16
    count = draw.randrange(1, most + 1) if many else 1
    size = width if how in _STREAMS else width * count
    offset = draw.randrange(0, _REGISTERS - size + 1, width)
    return Access(how, offset, width, count)


def differences(wanted: list[Access], answers: list[Access], seen: list[Seen]) -> list[str]:
    """Say where the device saw something else than was asked for and answered.

    Behind the first difference nothing is where it is looked for, so there is one at most.
    """
    left = list(seen)
    for number, (one, answer) in enumerate(zip(wanted, answers)):
        if one.how in _RANGES:
            problem = _of_range(one, answer, left)
        else:
            problem = _of_access(one, answer, left)
        if problem:
            return [f"access {number}, {one}: {problem}"]
    return [f"behind the last access the device saw {left[0]}"] if left else []


def _of_access(one: Access, answer: Access, left: list[Seen]) -> str | None:
    """Take off ``left`` what belongs to an access; say what is wrong with it."""
    for expected in _expected(one, answer):
        found = left.pop(0) if left else "nothing"
        if found != expected:
            return f"the device saw {found}, and not {expected}"
    return None


def _expected(one: Access, answer: Access) -> Iterator[Seen]:
    """Yield what the device should have seen: what was to be written, or what was answered."""
    width, start = one.width, one.offset
    if one.how in (How.READ, How.READ_BE, How.WRITE, How.WRITE_BE):
        is_write = one.how in (How.WRITE, How.WRITE_BE)
        value = (one if is_write else answer).value % (1 << 8 * width)
        highest_first = one.how in (How.READ_BE, How.WRITE_BE)
        data = value.to_bytes(width, "big" if highest_first else "little")
        yield from _on_the_bus(is_write, start, data)
        if not is_write and value != answer.value:
            yield Seen(False, start, answer.value.to_bytes(8, "little"))
        return
    is_write = one.how != How.DRAIN
    data = (one if is_write else answer).data
    for number in range(one.count):
        part = data[number * width : (number + 1) * width]
        yield Seen(is_write, start + (number * width if one.how == How.SUBMIT else 0), part)
    if one.how == How.SUBMIT:
        last = answer.value.to_bytes(8, "little")
        yield Seen(False, start + (one.count - 1) * width, last[:4] if not any(last[4:]) else last)


def _on_the_bus(is_write: bool, offset: int, data: bytes) -> Iterator[Seen]:
    for start in range(0, len(data), _BUS):
        yield Seen(is_write, offset + start, data[start : start + _BUS])


def _of_range(one: Access, answer: Access, left: list[Seen]) -> str | None:
    """Likewise for a range, whose bytes may come in any order and width, and more than once."""
    is_write = one.how != How.COPY_FROM
    data = {
        How.SET: bytes([one.value & 0xFF]) * one.count,
        How.COPY_TO: one.data,
        How.COPY_FROM: answer.data,
    }[How(one.how)]
    reached: set[int] = set()
    while left and left[0].is_write == is_write:
        found = left.pop(0)
        places = range(found.offset - one.offset, found.offset - one.offset + len(found.data))
        if places.start < 0 or places.stop > one.count:
            return f"the device saw {found}, which is outside of the range"
        if found.data != data[places.start : places.stop]:
            return f"the device saw {found}, and not {data[places.start : places.stop].hex()}"
        reached.update(places)
    missing = _first_missing(reached, one.count)
    return None if missing is None else f"the device never saw the byte at {missing:#x} of it"


def _first_missing(reached: Iterable[int], count: int) -> int | None:
    return min(set(range(count)) - set(reached), default=None)
