"""The pattern of labs/include/lab_pattern.h, computed a third time, on the host."""

import struct
from functools import cache

_BITS = (1 << 64) - 1


def _mix(number: int) -> int:
    """The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    number ^= number >> 30
    number = number * 0xBF58476D1CE4E5B9 & _BITS
    number ^= number >> 27
    number = number * 0x94D049BB133111EB & _BITS
    return number ^ number >> 31


@cache
def _start(seed: int) -> int:
    return _mix(seed + 0x9E3779B97F4A7C15 & _BITS)


def word(seed: int, index: int) -> int:
    """Return the 32-bit word at ``index``, its offset in bytes / 4, for a seed."""
    return _mix(_start(seed) + index & _BITS) >> 32


def words(seed: int, first: int, count: int) -> bytes:
    """Return ``count`` words from ``first`` on, as they stand in little-endian memory."""
    return struct.pack(f"<{count}I", *(word(seed, first + place) for place in range(count)))
