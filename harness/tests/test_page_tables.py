"""Page tables of x86_64, i386 and arm64, walked in a made-up machine's RAM."""

from dataclasses import dataclass, field

import pytest

from harness.kernels.page_tables import ARM64, PAGE_SIZE, X86, X86_32, Format, PageTables

_TABLES = 0x100000
_X86_REGISTERS = {"cr3": _TABLES | 0x18, "cs": 0x33}
_ARM64_REGISTERS = {
    "TTBR0_EL1": _TABLES,
    "TTBR1_EL1": 0x1A << 48 | _TABLES + PAGE_SIZE,
    "MAIR_EL1": 0x000000040044FFFF,
    "cpsr": 0x60000000,
}

# Entries of a table: present, writable, for users; arm64's bits for a table.
_X86_TABLE = 0x27
_ARM64_TABLE = 0x3


@dataclass
class MadeUpRam:
    """Tables by their physical addresses, made as they are needed."""

    format: Format
    registers: dict[str, int]
    tables: dict[int, list[int]] = field(default_factory=dict)

    def map(self, virtual: int, leaf: int, table: int, last: int = 1) -> None:
        """Make ``leaf`` the entry of a virtual address on the level ``last``."""
        here = self.format.root(self.registers, virtual)
        for level in range(self.format.levels, last - 1, -1):
            entries = self.tables.setdefault(here, [0] * self.format.entries)
            index = self.format.index(level, virtual)
            if level == last:
                entries[index] = leaf
            elif not entries[index]:
                entries[index] = _TABLES + PAGE_SIZE * (16 + len(self.tables)) | table
            here = self.format.frame(entries[index])

    def read(self, physical: int) -> tuple[int, ...]:
        return tuple(self.tables.get(physical, ()))

    @property
    def walker(self) -> PageTables:
        return PageTables(self.format, self.registers, self.read)


@pytest.fixture
def x86() -> MadeUpRam:
    return MadeUpRam(X86, _X86_REGISTERS)


@pytest.fixture
def i386() -> MadeUpRam:
    return MadeUpRam(X86_32, {"cr3": _TABLES, "cs": 0x73})


@pytest.fixture
def arm64() -> MadeUpRam:
    return MadeUpRam(ARM64, _ARM64_REGISTERS)


USER = 0x7FD11CB31000


def test_a_page_of_x86_is_found_with_its_rights(x86: MadeUpRam) -> None:
    x86.map(USER, 1 << 63 | 0x159CB000 | 0x27, _X86_TABLE)
    found = x86.walker.translate(USER + 0x123)
    assert found and (found.physical, found.size) == (0x159CB123, PAGE_SIZE)
    assert (found.by_user, found.writable, found.user_executes) == (True, True, False)
    assert found.memory_type == "write-back"
    assert [step.level for step in found.steps] == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("bits", "memory_type"),
    [
        (0x08, "write-combining"),
        (0x10, "uncached, weak"),
        (0x18, "uncached"),
        (0x80, "write-back"),
        (0x98, "write-through"),
    ],
)
def test_the_memory_type_of_x86_is_three_bits(x86: MadeUpRam, bits: int, memory_type: str) -> None:
    x86.map(USER, 0x18000000 | 0x27 | bits, _X86_TABLE)
    found = x86.walker.translate(USER)
    assert found and found.memory_type == memory_type


def test_a_large_page_of_x86_has_its_type_elsewhere(x86: MadeUpRam) -> None:
    kernel = 0xFFFF8D9692C00000
    x86.map(kernel, 1 << 63 | 0x12C00000 | 1 << 12 | 1 << 7 | 0x08 | 0x3, _X86_TABLE, last=2)
    found = x86.walker.translate(kernel + 0x1C5123)
    assert found and (found.physical, found.size) == (0x12DC5123, 2 << 20)
    assert found.memory_type == "write-protected" and not found.by_user


@pytest.mark.parametrize("taken", [1 << 1, 1 << 2])
def test_every_level_of_x86_must_allow_it(x86: MadeUpRam, taken: int) -> None:
    x86.map(USER, 0x159CB000 | 0x27, _X86_TABLE & ~taken)
    found = x86.walker.translate(USER)
    assert found and (found.by_user, found.writable) == (taken != 1 << 2, taken != 1 << 1)


def test_what_is_not_present_leads_nowhere(x86: MadeUpRam) -> None:
    x86.map(USER, 0x159CB000 | 0x26, _X86_TABLE)
    assert x86.walker.translate(USER) is None
    assert x86.walker.translate(USER + (1 << 39)) is None


def test_a_walk_ends_with_the_entry_that_leads_nowhere(x86: MadeUpRam) -> None:
    x86.map(USER, 0x159CB000 | 0x26, _X86_TABLE)
    assert [step.level for step in x86.walker.walk(USER)] == [4, 3, 2, 1]
    assert [step.level for step in x86.walker.walk(USER + (1 << 39))] == [4]


def test_the_bits_of_entries_have_names(x86: MadeUpRam, arm64: MadeUpRam) -> None:
    x86.map(USER, 1 << 63 | 0x159CB000 | 1 << 9 | 0x67, _X86_TABLE)
    top, *_, leaf = x86.walker.walk(USER)
    assert X86.bits(top) == ["present", "writable", "user", "accessed"]
    names = ["present", "writable", "user", "accessed", "dirty", "special", "no-execute"]
    assert X86.bits(leaf) == names
    arm64.map(USER, 0x0168000048227F43, _ARM64_TABLE)
    top, *_, leaf = arm64.walker.walk(USER)
    assert ARM64.bits(top) == ["valid", "table"]
    names = ["valid", "user", "accessed", "not-global", "dirty-management"]
    assert ARM64.bits(leaf) == [*names, "kernel-no-execute", "user-no-execute", "special"]


def test_a_page_of_32_bit_x86_is_found_on_two_levels(i386: MadeUpRam) -> None:
    user = 0xB7FC4000
    i386.map(user, 0x01EEC000 | 0x27, _X86_TABLE)
    found = i386.walker.translate(user + 0x123)
    assert found and (found.physical, found.size) == (0x01EEC123, PAGE_SIZE)
    assert (found.by_user, found.writable, found.user_executes) == (True, True, None)
    assert [(step.level, step.index) for step in found.steps] == [(2, 0x2DF), (1, 0x3C4)]
    names = [X86_32.level_name(step.level) for step in found.steps]
    assert (names, X86_32.entry_size) == (["PGD", "PTE"], 4)


def test_every_way_to_a_frame_of_32_bit_x86_is_found(i386: MadeUpRam) -> None:
    user, linear, vmalloc = 0xB7FC4000, 0xC1C00000, 0xE08AD000
    i386.map(user, 0x01EEC000 | 0x27, _X86_TABLE)
    i386.map(linear, 0x01C00000 | 1 << 7 | 0x3, _X86_TABLE, last=2)
    i386.map(vmalloc, 0x01EEC000 | 0x13, 0x3)
    found = [*i386.walker.mappings_of({0x01EEC000}, of_kernel=True)]
    where = [(one.virtual, one.size, one.memory_type) for one in found]
    assert where == [
        (linear + 0x2EC000, 4 << 20, "write-back"),
        (vmalloc, PAGE_SIZE, "uncached, weak"),
    ]
    assert [one.virtual for one in i386.walker.mappings_of({0x01EEC000}, False)] == [user]


def test_each_half_of_arm64_has_tables_of_its_own(arm64: MadeUpRam) -> None:
    user, kernel = 0xFFFF8C05D000, 0xFFFF800008235000
    arm64.map(user, 0x68000048227F43, _ARM64_TABLE)
    arm64.map(kernel, 0x68000048227703, _ARM64_TABLE)
    of_user, of_kernel = (arm64.walker.translate(address) for address in (user, kernel))
    assert of_user and of_kernel and of_user.physical == of_kernel.physical == 0x48227000
    assert (of_user.by_user, of_kernel.by_user) == (True, False)
    assert of_user.memory_type == of_kernel.memory_type == "write-back"
    assert arm64.walker.translate(user | 1 << 38 if not user & 1 << 38 else user ^ 1 << 38) is None


@pytest.mark.parametrize(
    ("attribute", "memory_type"),
    [(0, "write-back"), (2, "uncached"), (3, "device, nGnRnE"), (4, "device, nGnRE")],
)
def test_the_memory_type_of_arm64_is_in_mair(
    arm64: MadeUpRam, attribute: int, memory_type: str
) -> None:
    arm64.map(USER, 0x68000058000F43 | attribute << 2, _ARM64_TABLE)
    found = arm64.walker.translate(USER)
    assert found and found.memory_type == memory_type


def test_a_page_of_arm64_that_is_still_clean_is_writable(arm64: MadeUpRam) -> None:
    dirty_bit_modifier, read_only = 1 << 51, 1 << 7
    arm64.map(USER, 0x60000048227F43 | dirty_bit_modifier | read_only, _ARM64_TABLE)
    arm64.map(USER + PAGE_SIZE, 0x60000048228F43 & ~dirty_bit_modifier | read_only, _ARM64_TABLE)
    clean, plain = (arm64.walker.translate(USER + offset) for offset in (0, PAGE_SIZE))
    assert clean and plain and (clean.writable, plain.writable) == (True, False)


@pytest.mark.parametrize(("never", "executes"), [(1 << 54, False), (0, True)])
def test_arm64_says_whether_a_user_executes(arm64: MadeUpRam, never: int, executes: bool) -> None:
    arm64.map(USER, 0x48227F43 | never, _ARM64_TABLE)
    found = arm64.walker.translate(USER)
    assert found and found.user_executes is executes


def test_every_way_to_a_frame_is_found(x86: MadeUpRam) -> None:
    frame = 0x12DC5000
    linear, vmalloc = 0xFFFF8D9692C00000, 0xFFFFD523805BD000
    x86.map(USER, frame | 0x27, _X86_TABLE)
    x86.map(USER + PAGE_SIZE, 0x12DC6000 | 0x27, _X86_TABLE)
    x86.map(linear, 0x12C00000 | 1 << 7 | 0x3, _X86_TABLE, last=2)
    x86.map(vmalloc, frame | 0x3, _X86_TABLE)
    walker = x86.walker
    users = [found.virtual for found in walker.mappings_of({frame}, of_kernel=False)]
    kernels = [found.virtual for found in walker.mappings_of({frame}, of_kernel=True)]
    assert users == [USER]
    assert kernels == [linear + 0x1C5000, vmalloc]
