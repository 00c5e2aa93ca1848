"""Page tables as a processor reads them, walked by somebody who looks on from outside.

The entries of x86 are described in Intel's Software Developer's Manual, volume 3, chapter
"Paging", and arm64's in the Arm Architecture Reference Manual, chapter "The AArch64 Virtual
Memory System Architecture". With pages of 4 KiB, as Debian's kernels use them, x86_64 and
arm64 have four levels of 512 entries, and 32-bit x86 without PAE has two of 1024. Level 1
holds the page table entries here, and the highest is the top.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from harness.kernels import entry_fields
from harness.kernels.entry_fields import Field

PAGE_SIZE = 4096

# What an entry of level 2 maps on x86_64 and arm64, if it maps memory itself.
BLOCK = 512 * PAGE_SIZE
_OFFSET_BITS = 12

# What Linux calls the levels where there are four; the top is the PGD everywhere.
LEVEL_NAMES = {4: "PGD", 3: "PUD", 2: "PMD", 1: "PTE"}

# Bits of x86's entries by their numbers; those of 32 bits have no 63. 9 and 11 are left to
# the kernel, and Linux uses them as arch/x86/include/asm/pgtable_types.h says; 3, 4 and 7 (12
# where more than a page is mapped) are the memory type.
_X86_BITS = {
    0: "present",
    1: "writable",
    2: "user",
    5: "accessed",
    6: "dirty",
    8: "global",
    9: "special",
    63: "no-execute",
}
# Those of an entry that leads to another table: dirty, global and special mean nothing there.
_X86_TABLE_BITS = (0, 1, 2, 5, 63)

# Bits of arm64's entries; 55 and 56 are Linux' own (arch/arm64/include/asm/pgtable-prot.h).
_ARM64_BITS = {
    0: "valid",
    6: "user",
    7: "read-only",
    10: "accessed",
    11: "not-global",
    51: "dirty-management",
    53: "kernel-no-execute",
    54: "user-no-execute",
    55: "dirty",
    56: "special",
}
_ARM64_TABLE_BITS = {
    0: "valid",
    1: "table",
    59: "kernel-no-execute",
    60: "user-no-execute",
    61: "not-user",
    62: "read-only",
}

# Returns the entries of the table at a physical address; none if no RAM is there.
ReadTable = Callable[[int], tuple[int, ...]]

# The memory types of x86 by the number that three bits of an entry make, as Linux sets them
# up (arch/x86/mm/pat/memtype.c, pat_bp_init()).
_X86_TYPES = (
    "write-back",
    "write-combining",
    "uncached, weak",
    "uncached",
    "write-back",
    "write-protected",
    "uncached, weak",
    "write-through",
)

# Those of arm64 by the byte of MAIR_EL1 (arch/arm64/include/asm/sysreg.h, MAIR_ATTR_*).
_ARM64_TYPES = {
    0x00: "device, nGnRnE",
    0x04: "device, nGnRE",
    0x44: "uncached",
    0xBB: "write-through",
    0xF0: "write-back",
    0xFF: "write-back",
}


@dataclass(frozen=True)
class WalkStep:
    """One level of a walk: the entry at ``index`` of a table, as it stands in RAM."""

    level: int
    index: int
    entry: int


@dataclass(frozen=True)
class Translation:
    """Where a virtual address leads, and what may be done there.

    ``size`` is that of the whole mapping in bytes: a page, 2 or 4 MiB, or 1 GiB. ``by_user``
    says whether user space may use it at all, and ``level`` is what Linux calls the level of
    the entry. What cannot be seen is None.
    """

    virtual: int
    physical: int
    size: int
    by_user: bool | None
    writable: bool | None
    user_executes: bool | None
    memory_type: str | None
    steps: tuple[WalkStep, ...] = ()
    level: str | None = None


@dataclass(frozen=True)
class Format:
    """How an architecture's entries are read.

    ``registers`` are those that say where the tables are, by the names of QEMU's gdb stub;
    ``user_half`` and ``kernel_half`` the entries of the top table for either's addresses.
    A table fills a page: ``index_bits`` bits of an address choose one of its entries, on
    each of the ``levels``. Above the bits that choose the kernel's virtual addresses have
    ``kernel_base``. Bits 12 to ``physical_bits`` of an entry are the physical address of a
    table or of a page frame.
    """

    registers: tuple[str, ...]
    user_half: range
    kernel_half: range
    levels: int = 4
    index_bits: int = 9
    kernel_base: int = 0xFFFF << 48
    physical_bits: int = 48

    @property
    def entries(self) -> int:
        """How many entries a table has."""
        return 1 << self.index_bits

    @property
    def entry_size(self) -> int:
        """Bytes of an entry."""
        return PAGE_SIZE // self.entries

    def shift(self, level: int) -> int:
        """Return the lowest bit of a virtual address that chooses an entry of a level."""
        return _OFFSET_BITS + self.index_bits * (level - 1)

    def index(self, level: int, virtual: int) -> int:
        """Return which entry of a table of a level a virtual address chooses."""
        return virtual >> self.shift(level) & self.entries - 1

    def frame(self, entry: int) -> int:
        """Return the physical address in an entry, or in a register that leads to a table."""
        return entry & (1 << self.physical_bits) - PAGE_SIZE

    def level_name(self, level: int) -> str:
        """Return what Linux calls a level."""
        return LEVEL_NAMES[4 if level == self.levels else level]

    def root(self, registers: Mapping[str, int], virtual: int) -> int:
        """Return the physical address of the top table for a virtual address."""
        raise NotImplementedError

    def in_user_mode(self, registers: Mapping[str, int]) -> bool:
        """Say whether the processor is running a user's program."""
        raise NotImplementedError

    def is_present(self, entry: int) -> bool:
        """Say whether an entry leads anywhere."""
        return bool(entry & 1)

    def is_leaf(self, step: WalkStep) -> bool:
        """Say whether an entry that is present maps memory, and does not lead to another table."""
        raise NotImplementedError

    def rights(self, steps: tuple[WalkStep, ...]) -> tuple[bool, bool, bool | None]:
        """Return whether a user may use it, it can be written, and a user can execute it.

        The last is None where no entry can say so.
        """
        raise NotImplementedError

    def memory_type(self, registers: Mapping[str, int], leaf: WalkStep) -> str:
        """Return the memory type that a leaf asks for, in words."""
        raise NotImplementedError

    def bits(self, step: WalkStep) -> list[str]:
        """Name the bits that are set in an entry, but for frame and memory type."""
        raise NotImplementedError

    def fields(self, step: WalkStep) -> tuple[Field, ...]:
        """Name all bits of an entry, from the lowest on."""
        raise NotImplementedError


class _X86(Format):
    def root(self, registers: Mapping[str, int], virtual: int) -> int:
        return self.frame(registers["cr3"])

    def in_user_mode(self, registers: Mapping[str, int]) -> bool:
        return registers["cs"] & 3 == 3

    def is_leaf(self, step: WalkStep) -> bool:
        return step.level == 1 or (step.level < 4 and bool(step.entry & 1 << 7))

    def rights(self, steps: tuple[WalkStep, ...]) -> tuple[bool, bool, bool | None]:
        by_user = all(step.entry & 1 << 2 for step in steps)
        writable = all(step.entry & 1 << 1 for step in steps)
        executes = by_user and not any(step.entry & 1 << 63 for step in steps)
        return by_user, writable, executes

    def memory_type(self, registers: Mapping[str, int], leaf: WalkStep) -> str:
        # PWT, PCD and PAT; the last stands elsewhere in entries that map more than a page.
        high = leaf.entry >> (7 if leaf.level == 1 else 12) & 1
        return _X86_TYPES[leaf.entry >> 3 & 3 | high << 2]

    def bits(self, step: WalkStep) -> list[str]:
        known = _X86_BITS if self.is_leaf(step) else _X86_TABLE_BITS
        names = [_X86_BITS[number] for number in known if step.entry >> number & 1]
        return names + (["large"] if self.is_leaf(step) and step.level > 1 else [])

    def fields(self, step: WalkStep) -> tuple[Field, ...]:
        if not self.is_present(step.entry):
            return entry_fields.of_absent("present", 8 * self.entry_size)
        return entry_fields.of_x86(self.is_leaf(step), step.level > 1, 8 * self.entry_size)


class _X86NarrowEntries(_X86):
    """Entries of 32 bits, which have no room for no-execute."""

    def rights(self, steps: tuple[WalkStep, ...]) -> tuple[bool, bool, bool | None]:
        by_user, writable, _ = super().rights(steps)
        return by_user, writable, None


class _Arm64(Format):
    def root(self, registers: Mapping[str, int], virtual: int) -> int:
        # The kernel's half of the addresses has tables of its own.
        is_kernels = virtual >> 63
        return self.frame(registers["TTBR1_EL1" if is_kernels else "TTBR0_EL1"])

    def in_user_mode(self, registers: Mapping[str, int]) -> bool:
        return registers["cpsr"] & 0xF == 0

    def is_leaf(self, step: WalkStep) -> bool:
        return step.level == 1 or not step.entry & 1 << 1

    def rights(self, steps: tuple[WalkStep, ...]) -> tuple[bool, bool, bool | None]:
        *tables, leaf = (step.entry for step in steps)
        # A table's entry can only take away: APTable and UXNTable.
        by_user = bool(leaf & 1 << 6) and not any(entry & 1 << 61 for entry in tables)
        # An entry that was not written through yet is read-only for the processor, and says
        # in another bit (DBM) that Linux makes it writable at the first store.
        writable = not leaf & 1 << 7 or bool(leaf & 1 << 51)
        writable = writable and not any(entry & 1 << 62 for entry in tables)
        never = leaf & 1 << 54 or any(entry & 1 << 60 for entry in tables)
        return by_user, writable, by_user and not never

    def memory_type(self, registers: Mapping[str, int], leaf: WalkStep) -> str:
        attribute = registers["MAIR_EL1"] >> 8 * (leaf.entry >> 2 & 7) & 0xFF
        return _ARM64_TYPES.get(attribute, f"of MAIR attribute {attribute:#04x}")

    def bits(self, step: WalkStep) -> list[str]:
        known = _ARM64_BITS if self.is_leaf(step) else _ARM64_TABLE_BITS
        return [name for number, name in known.items() if step.entry >> number & 1]

    def fields(self, step: WalkStep) -> tuple[Field, ...]:
        if not self.is_present(step.entry):
            return entry_fields.of_absent("valid")
        return entry_fields.of_arm64(self.is_leaf(step))


# One top table for both halves; on 32-bit x86 the kernel has the last of four GiB.
X86 = _X86(("cr3", "cs"), range(256), range(256, 512))
X86_32 = _X86NarrowEntries(
    ("cr3", "cs"),
    range(768),
    range(768, 1024),
    levels=2,
    index_bits=10,
    kernel_base=0,
    physical_bits=32,
)
# One for each.
ARM64 = _Arm64(("TTBR0_EL1", "TTBR1_EL1", "MAIR_EL1", "cpsr"), range(512), range(512))


@dataclass(frozen=True)
class PageTables:
    """The tables of a machine that stands still: the running process' and the kernel's."""

    format: Format
    registers: Mapping[str, int]
    read: ReadTable

    def walk(self, virtual: int) -> tuple[WalkStep, ...]:
        """Return the entries on the way to a virtual address.

        The last one maps memory, or is not present and leads nowhere.
        """
        table = self.format.root(self.registers, virtual)
        steps: tuple[WalkStep, ...] = ()
        for level in range(self.format.levels, 0, -1):
            entries = self.read(table)
            if not entries:
                return steps
            index = self.format.index(level, virtual)
            steps += (WalkStep(level, index, entries[index]),)
            if not self.format.is_present(entries[index]) or self.format.is_leaf(steps[-1]):
                return steps
            table = self.format.frame(entries[index])
        return steps

    def translate(self, virtual: int) -> Translation | None:
        """Walk to a virtual address; None if nothing is mapped there."""
        steps = self.walk(virtual)
        last = steps[-1] if steps else None
        if not last or not self.format.is_present(last.entry) or not self.format.is_leaf(last):
            return None
        return self._translation(virtual, steps)

    def mappings_of(self, frames: set[int], of_kernel: bool) -> Iterator[Translation]:
        """Yield every translation of one half that leads to one of these page frames.

        ``frames`` are physical addresses of pages. A mapping of 2 MiB or more is yielded
        once for each of the frames in it.
        """
        half = self.format.kernel_base if of_kernel else 0
        indexes = self.format.kernel_half if of_kernel else self.format.user_half
        root = self.format.root(self.registers, half)
        yield from self._search(root, (), half, frames, indexes, set())

    def _search(
        self,
        table: int,
        above: tuple[WalkStep, ...],
        virtual: int,
        frames: set[int],
        indexes: range,
        seen: set[int],
    ) -> Iterator[Translation]:
        level = self.format.levels - len(above)
        for index, entry in self._worth_a_look(table, level, frames, indexes):
            steps = (*above, WalkStep(level, index, entry))
            here = virtual | index << self.format.shift(level)
            below = self.format.frame(entry)
            if self.format.is_leaf(steps[-1]):
                yield from self._found(here, steps, frames)
            # Some tables stand at thousands of addresses and lead to the same pages.
            elif below not in seen:
                seen.add(below)
                every = range(self.format.entries)
                yield from self._search(below, steps, here, frames, every, seen)

    def _worth_a_look(
        self, table: int, level: int, frames: set[int], indexes: range
    ) -> Iterator[tuple[int, int]]:
        """Yield the entries of a table that are present; of those of pages what is searched for.

        A machine has tens of thousands of entries.
        """
        entries = self.read(table)
        if level == 1 and frames.isdisjoint({self.format.frame(entry) for entry in entries}):
            return
        for index in indexes if entries else ():
            if entries[index] and self.format.is_present(entries[index]):
                yield index, entries[index]

    def _found(
        self, virtual: int, steps: tuple[WalkStep, ...], frames: set[int]
    ) -> Iterator[Translation]:
        size = 1 << self.format.shift(steps[-1].level)
        first = self.format.frame(steps[-1].entry) & -size
        if size == PAGE_SIZE:
            inside = [first] if first in frames else []
        else:
            inside = sorted(frame for frame in frames if first <= frame < first + size)
        for frame in inside:
            yield self._translation(virtual + frame - first, steps)

    def _translation(self, virtual: int, steps: tuple[WalkStep, ...]) -> Translation:
        leaf = steps[-1]
        size = 1 << self.format.shift(leaf.level)
        by_user, writable, user_executes = self.format.rights(steps)
        return Translation(
            virtual=virtual,
            physical=self.format.frame(leaf.entry) & -size | virtual & size - 1,
            size=size,
            by_user=by_user,
            writable=writable,
            user_executes=user_executes,
            memory_type=self.format.memory_type(self.registers, leaf),
            steps=steps,
            level=self.format.level_name(leaf.level),
        )
