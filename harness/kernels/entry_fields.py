"""The names of all bits of page table entries, for pictures of them.

kernels/page_tables.py has the books that describe the entries, and acts on the bits. Here each
bit has a name, also those that say nothing.
"""

from dataclasses import dataclass

# What stands where in an entry of x86. PWT, PCD and PAT are the memory type together; bits that
# are left to software are used by Linux as arch/x86/include/asm/pgtable_types.h says.
_X86_LOW = (
    (0, 0, "present"),
    (1, 1, "writable"),
    (2, 2, "user"),
    (3, 3, "write-through"),
    (4, 4, "cache-disable"),
    (5, 5, "accessed"),
)
_X86_HIGH = ((59, 62, "protection key"), (63, 63, "no-execute"))
_X86_PAGE = (
    *_X86_LOW,
    (6, 6, "dirty"),
    (7, 7, "memory type"),
    (8, 8, "global"),
    (9, 9, "special"),
    (10, 11, "software"),
    (12, 51, "frame"),
    (52, 58, "software"),
    *_X86_HIGH,
)
_X86_TABLE = (
    *_X86_LOW,
    (6, 6, "ignored"),
    (7, 7, "large page"),
    (8, 11, "ignored"),
    (12, 51, "table"),
    (52, 62, "ignored"),
    (63, 63, "no-execute"),
)
_X86_LARGE = (
    *_X86_LOW,
    (6, 6, "dirty"),
    (7, 7, "large page"),
    (8, 8, "global"),
    (9, 9, "special"),
    (10, 11, "software"),
    (12, 12, "memory type"),
    (13, 20, "reserved"),
    (21, 51, "frame"),
    (52, 58, "software"),
    *_X86_HIGH,
)

# The same of arm64; what is left to software Linux uses as
# arch/arm64/include/asm/pgtable-prot.h says.
_ARM64_PAGE = (
    (0, 0, "valid"),
    (1, 1, "page"),
    (2, 4, "memory type"),
    (5, 5, "non-secure"),
    (6, 6, "user"),
    (7, 7, "read-only"),
    (8, 9, "shareable"),
    (10, 10, "accessed"),
    (11, 11, "not-global"),
    (12, 47, "frame"),
    (48, 49, "reserved"),
    (50, 50, "guarded"),
    (51, 51, "dirty-management"),
    (52, 52, "contiguous"),
    (53, 53, "kernel-no-execute"),
    (54, 54, "user-no-execute"),
    (55, 55, "dirty"),
    (56, 56, "special"),
    (57, 58, "software"),
    (59, 63, "ignored"),
)
_ARM64_TABLE = (
    (0, 0, "valid"),
    (1, 1, "table"),
    (2, 11, "ignored"),
    (12, 47, "table"),
    (48, 50, "reserved"),
    (51, 58, "ignored"),
    (59, 59, "kernel-no-execute"),
    (60, 60, "user-no-execute"),
    (61, 61, "not-user"),
    (62, 62, "read-only"),
    (63, 63, "non-secure"),
)

Names = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True)
class Field:
    """Bits ``low`` to ``high`` of an entry, and what they are."""

    low: int
    high: int
    name: str

    def value(self, entry: int) -> int:
        """Return what an entry has there."""
        return entry >> self.low & (1 << self.high - self.low + 1) - 1


def of_x86(is_leaf: bool, is_large: bool, width: int = 64) -> tuple[Field, ...]:
    """Name the bits of a present entry of x86 with ``width`` bits."""
    names = _X86_TABLE if not is_leaf else _X86_LARGE if is_large else _X86_PAGE
    return _cut(names, width)


def of_arm64(is_leaf: bool) -> tuple[Field, ...]:
    """Name the bits of a valid entry of arm64; a block has a 0 where a page has "page"."""
    return _cut(_ARM64_PAGE if is_leaf else _ARM64_TABLE, 64)


def of_absent(present: str, width: int = 64) -> tuple[Field, ...]:
    """Name the bits of an entry that leads nowhere: but for the lowest they mean nothing."""
    return (Field(0, 0, present), Field(1, width - 1, "no meaning"))


def _cut(names: Names, width: int) -> tuple[Field, ...]:
    """Leave out what an entry of so many bits does not have."""
    return tuple(Field(low, min(high, width - 1), name) for low, high, name in names if low < width)
