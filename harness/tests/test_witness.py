"""The witness, before machines made up of a dictionary of pages."""

import random
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness.base import processes
from harness.base.errors import GuestError
from harness.catalogue import labs
from harness.catalogue.labs import Load
from harness.guest import prepare, uml_memory
from harness.guest.uml_memory import FileMapping, ProcessMappings, read_maps
from harness.kernels.page_tables import BLOCK, PAGE_SIZE, Translation
from harness.kernels.request import Request
from harness.kernels.targets import ARCHES, DEFAULT_ARCH
from harness.results import pattern
from harness.results.load_results import LoadVerdict
from harness.results.witness import WITNESSED, MemorySighting
from harness.runs import check_loads
from harness.runs.check_loads import Order
from harness.runs.witness import Witness

SEED = 0x1234
USER, KERNEL, BOX = 0x7F0000000000, 0xFFFF888000000000, 0x4A9000
PAGES = 3
BOX_FRAME = 0x900000


@dataclass
class LookedAtMachine:
    """RAM by page frames, and a translation for each virtual page."""

    ram: dict[int, bytearray] = field(default_factory=dict)
    mapped: dict[int, Translation] = field(default_factory=dict)

    def map(self, virtual: int, physical: int, by_user: bool) -> None:
        self.ram.setdefault(physical, bytearray(PAGE_SIZE))
        self.mapped[virtual] = Translation(
            virtual, physical, PAGE_SIZE, by_user, True, False, "write-back"
        )

    def change(self, virtual: int, **changes: object) -> None:
        self.mapped[virtual] = replace(self.mapped[virtual], **changes)

    def read(self, physical: int, size: int) -> bytes:
        page = self.ram.get(physical & -PAGE_SIZE)
        if page is None:
            raise GuestError("no RAM")
        return bytes(page[physical % PAGE_SIZE :][:size])

    def write(self, physical: int, data: bytes) -> None:
        start = physical % PAGE_SIZE
        self.ram[physical & -PAGE_SIZE][start : start + len(data)] = data

    def translate(self, virtual: int) -> Translation | None:
        found = self.mapped.get(virtual & -PAGE_SIZE)
        return found and replace(found, physical=found.physical + virtual % PAGE_SIZE)

    def mappings_of(self, frames: set[int], of_kernel: bool) -> Iterator[Translation]:
        for virtual, found in self.mapped.items():
            if found.physical in frames and (virtual >= KERNEL) == of_kernel:
                yield found


def frame(page: int) -> int:
    """Scattered in RAM."""
    return 0x500000 + 7 * PAGE_SIZE * (PAGES - page)


@pytest.fixture
def machine() -> LookedAtMachine:
    """A machine as it should be: filled, mapped, and a program that waits."""
    made = LookedAtMachine()
    for page in range(PAGES):
        made.map(USER + page * PAGE_SIZE, frame(page), True)
        made.map(KERNEL + page * PAGE_SIZE, frame(page), False)
        made.ram[frame(page)][:] = pattern.words(SEED, page * PAGE_SIZE // 4, PAGE_SIZE // 4)
    made.map(BOX, BOX_FRAME, True)
    head = struct.pack("<6Q", 0x6B6D61706C616221, 1, USER, 0, PAGES, 0)
    made.write(BOX_FRAME, head)
    addresses = [KERNEL + page * PAGE_SIZE for page in range(PAGES)]
    made.write(BOX_FRAME + 48 + 16 * 16, struct.pack(f"<{PAGES}Q", *addresses))
    return made


def examine(machine: LookedAtMachine) -> MemorySighting:
    return Witness(machine, machine).examine(BOX, SEED)


def test_the_pattern_is_the_one_of_lab_pattern_h() -> None:
    """Words that a lab filled with seed 0x1234, read by a program."""
    assert pattern.words(0x1234, 0, 2).hex() == "efc04535626e93b1"


class MachineWithFile(LookedAtMachine):
    """One whose frames are a file of the host: what is written there is in the file."""

    file: Path

    def write(self, physical: int, data: bytes) -> None:
        super().write(physical, data)
        for page in range(PAGES):
            if physical & -PAGE_SIZE == frame(page):
                self._write_file(page * PAGE_SIZE + physical % PAGE_SIZE, data)

    def _write_file(self, offset: int, data: bytes) -> None:
        with self.file.open("r+b") as file:
            file.seek(offset)
            file.write(data)


@pytest.fixture
def with_file(machine: LookedAtMachine, tmp_path: Path) -> MachineWithFile:
    made = MachineWithFile()
    vars(made).update(vars(machine))
    made.file = tmp_path / "memory"
    made.file.write_bytes(b"".join(machine.ram[frame(page)] for page in range(PAGES)))
    return made


def test_a_file_of_the_host_has_the_same_bytes(with_file: MachineWithFile) -> None:
    sighting = Witness(with_file, with_file, with_file.file).examine(BOX, SEED)
    assert not sighting.problems
    assert sighting.in_file == sighting.compared == PAGES * PAGE_SIZE


def test_a_file_that_holds_something_else_is_no_witness(with_file: MachineWithFile) -> None:
    with with_file.file.open("r+b") as file:
        file.seek(PAGE_SIZE + 7)
        file.write(b"!")
    sighting = Witness(with_file, with_file, with_file.file).examine(BOX, SEED)
    assert sighting.problems == ["page 1: the host's file does not hold what the kernel wrote"]


def test_words_that_do_not_reach_the_file_are_missed(
    machine: LookedAtMachine, with_file: MachineWithFile
) -> None:
    """The file is a copy, and not the memory."""
    sighting = Witness(machine, machine, with_file.file).examine(BOX, SEED)
    assert len(sighting.problems) == 16
    assert "a word written there is not in the host's file" in sighting.problems[0]


def test_all_is_well_and_words_are_left(machine: LookedAtMachine) -> None:
    before = {page: bytes(machine.ram[frame(page)]) for page in range(PAGES)}
    sighting = examine(machine)
    assert not sighting.problems
    assert sighting.compared == PAGES * PAGE_SIZE
    assert sighting.frames == [frame(page) for page in range(PAGES)]
    *_, count = struct.unpack("<6Q", machine.read(BOX_FRAME, 48))
    assert count == 16
    words = struct.unpack("<32Q", machine.read(BOX_FRAME + 48, 256))
    offsets = list(words[::2])
    assert offsets == sorted(set(offsets))
    for offset, value in zip(offsets, words[1::2], strict=True):
        found = machine.read(frame(offset // PAGE_SIZE) + offset % PAGE_SIZE, 4)
        assert found == struct.pack("<I", value)
    changed = sum(
        before[page][place : place + 4] != machine.ram[frame(page)][place : place + 4]
        for page in range(PAGES)
        for place in range(0, PAGE_SIZE, 4)
    )
    assert changed == 16


@pytest.mark.parametrize("page", range(PAGES))
def test_another_frame_is_seen(machine: LookedAtMachine, page: int) -> None:
    machine.map(USER + page * PAGE_SIZE, 0xA00000, True)
    machine.ram[0xA00000][:] = machine.ram[frame(page)]
    problem = (
        f"page {page}: user and kernel reach other frames, 0xa00 and {frame(page) // PAGE_SIZE:#x}"
    )
    assert examine(machine).problems == [problem]


def test_one_wrong_bit_is_seen(machine: LookedAtMachine) -> None:
    page = random.randrange(PAGES)
    machine.ram[frame(page)][random.randrange(PAGE_SIZE)] ^= 1 << random.randrange(8)
    problem = f"page {page}: the frame does not hold what the kernel was told to write"
    assert examine(machine).problems == [problem]


@pytest.mark.parametrize(
    ("virtual", "changes", "text"),
    [
        (USER, {"writable": False}, "cannot be written"),
        (USER, {"user_executes": True}, "user space can execute it"),
        (USER, {"by_user": False}, "not for user space"),
        (KERNEL, {"by_user": True}, "user space can use the kernel's address"),
        (USER, {"memory_type": "uncached"}, "write-back and, for the user, uncached"),
    ],
)
def test_wrong_rights_and_types_are_seen(
    machine: LookedAtMachine, virtual: int, changes: dict[str, object], text: str
) -> None:
    machine.change(virtual, **changes)
    assert text in examine(machine).problems[0]


@pytest.mark.parametrize(("virtual", "side"), [(USER, "user"), (KERNEL, "kernel")])
def test_a_page_that_is_not_mapped_is_seen(
    machine: LookedAtMachine, virtual: int, side: str
) -> None:
    del machine.mapped[virtual + PAGE_SIZE]
    assert f"page 1: no page table entry for the {side}'s address" in examine(machine).problems


BLOCK_PAGES = BLOCK // PAGE_SIZE
RAM_OF_BLOCK = 32 * BLOCK


@dataclass
class LargeMachine(LookedAtMachine):
    """A mapping of a block and a page, from ``first`` on; entries are of the size ``size``."""

    first: int = 0
    size: int = BLOCK
    start: int = USER

    def fill(self) -> "LargeMachine":
        pages = range(self.first, BLOCK_PAGES + 1)
        for page in pages:
            at, physical = page * PAGE_SIZE, RAM_OF_BLOCK + page * PAGE_SIZE
            self.map(self.start + at, physical, True)
            self.map(KERNEL + at, physical, False)
            large = self.size == BLOCK and page < BLOCK_PAGES
            level = {"size": BLOCK, "level": "PMD"} if large else {"level": "PTE"}
            self.change(self.start + at, **level)
            self.ram[physical][:] = pattern.words(SEED, page * PAGE_SIZE // 4, PAGE_SIZE // 4)
        user, count = self.start + self.first * PAGE_SIZE, len(pages)
        head = struct.pack("<6Q", 0x6B6D61706C616221, 1, user, self.first, count, 0)
        addresses = [KERNEL + page * PAGE_SIZE for page in pages]
        box = head + bytes(16 * 16) + struct.pack(f"<{count}Q", *addresses)
        for page in range(2):
            self.map(BOX + page * PAGE_SIZE, BOX_FRAME + page * PAGE_SIZE, True)
            self.write(BOX_FRAME + page * PAGE_SIZE, box[page * PAGE_SIZE :][:PAGE_SIZE])
        return self


def levels_of(machine: LargeMachine, large: bool) -> tuple[list[str], list[str]]:
    sighting = Witness(machine, machine, large=large).examine(BOX, SEED)
    return sighting.levels, sighting.problems


def test_the_level_of_each_frame_is_named_and_compared() -> None:
    found = levels_of(LargeMachine().fill(), True)
    assert found == (["PMD"] * BLOCK_PAGES + ["PTE"], [])


def test_an_entry_for_a_page_is_too_small_where_one_for_the_block_was_asked_for() -> None:
    levels, problems = levels_of(LargeMachine(size=PAGE_SIZE).fill(), True)
    assert levels == ["PTE"] * (BLOCK_PAGES + 1) and len(problems) == BLOCK_PAGES
    assert problems[0] == "page 0: its entry, on the level PTE, maps 4 KiB, expected 2048"


def test_an_entry_for_a_block_is_too_large_where_nobody_asked_for_it() -> None:
    _, problems = levels_of(LargeMachine().fill(), False)
    assert problems[0] == "page 0: its entry, on the level PMD, maps 2048 KiB, expected 4"
    assert len(problems) == BLOCK_PAGES


@pytest.mark.parametrize(("first", "start"), [(1, USER), (257, USER), (0, USER + PAGE_SIZE)])
def test_a_block_that_is_divided_or_does_not_fit_has_an_entry_for_each_page(
    first: int, start: int
) -> None:
    levels, problems = levels_of(
        LargeMachine(first=first, size=PAGE_SIZE, start=start).fill(), True
    )
    assert set(levels) == {"PTE"} and problems == []
    _, problems = levels_of(LargeMachine(first=first, start=start).fill(), True)
    assert len(problems) == BLOCK_PAGES - first


def test_words_are_left_where_the_mapping_begins() -> None:
    machine = LargeMachine(first=257, size=PAGE_SIZE).fill()
    assert levels_of(machine, True)[1] == []
    words = struct.unpack("<32Q", machine.read(BOX_FRAME + 48, 256))
    for offset, value in zip(words[::2], words[1::2], strict=True):
        assert offset >= 257 * PAGE_SIZE
        assert machine.read(RAM_OF_BLOCK + offset, 4) == struct.pack("<I", value)


def test_other_ways_to_the_frames_are_seen(machine: LookedAtMachine) -> None:
    other = KERNEL + (1 << 40)
    machine.map(other, frame(1), False)
    assert not examine(machine).problems, "the linear map has all of RAM"


def test_an_alias_of_another_type_is_seen(machine: LookedAtMachine) -> None:
    other = KERNEL + (1 << 40)
    machine.map(other, frame(1), False)
    machine.change(other, memory_type="uncached")
    assert "uncached, beside write-back" in examine(machine).problems[0]


def test_a_second_way_of_the_program_is_seen(machine: LookedAtMachine) -> None:
    machine.map(USER + (1 << 30), frame(2), True)
    assert f"at {USER + (1 << 30):#x} as well" in examine(machine).problems[0]


AGAIN = 0x7E0000000000


@pytest.fixture
def mapped_again(machine: LookedAtMachine) -> LookedAtMachine:
    """A machine with a driver that is no lab: the box has another mapping's addresses."""
    for page in range(PAGES):
        machine.map(AGAIN + page * PAGE_SIZE, frame(page), True)
    addresses = [AGAIN + page * PAGE_SIZE for page in range(PAGES)]
    machine.write(BOX_FRAME + 48 + 16 * 16, struct.pack(f"<{PAGES}Q", *addresses))
    return machine


def problems_of_a_driver(machine: LookedAtMachine) -> list[str]:
    return Witness(machine, machine, no_lab=True).examine(BOX, SEED).problems


def test_two_mappings_of_a_driver_reach_the_same_frames(mapped_again: LookedAtMachine) -> None:
    assert not problems_of_a_driver(mapped_again)


def test_a_lab_cannot_name_a_mapping_for_the_kernels(mapped_again: LookedAtMachine) -> None:
    assert examine(mapped_again).problems


@pytest.mark.parametrize(
    "virtual, changes, said",
    [
        (AGAIN, {"physical": frame(1)}, "user and other mapping reach other frames"),
        (AGAIN, {"memory_type": "uncached"}, "memory types differ"),
        (KERNEL, {"memory_type": "uncached"}, "the kernel also has them"),
        (KERNEL, {"by_user": True}, "user space can use the kernel's address"),
        (USER, {"user_executes": True}, "user space can execute it"),
        (USER, {"writable": False}, "cannot be written"),
    ],
)
def test_a_wrong_mapping_of_a_driver_is_seen(
    mapped_again: LookedAtMachine, virtual: int, changes: dict[str, object], said: str
) -> None:
    mapped_again.change(virtual, **changes)
    assert any(said in problem for problem in problems_of_a_driver(mapped_again))


@pytest.mark.parametrize("pages", [0, 1 << 20])
def test_a_box_that_makes_no_sense_is_none(machine: LookedAtMachine, pages: int) -> None:
    machine.write(BOX_FRAME + 32, struct.pack("<Q", pages))
    with pytest.raises(GuestError, match="has no box at"):
        examine(machine)


def test_a_box_that_is_not_there_is_none(machine: LookedAtMachine) -> None:
    del machine.mapped[BOX]
    with pytest.raises(GuestError, match="has no memory at"):
        examine(machine)


_MAPS = """\
40002000-40003000 r-xs 076b8000 00:1b 42                                 /dev/shm/vm (deleted)
40003000-40004000 r-xs 07726000 00:1b 42                                 /dev/shm/vm (deleted)
60000000-68000000 rwxs 00000000 00:1b 42                                 /dev/shm/vm (deleted)
6d818000-6d819000 rwxs 07726000 00:1b 42                                 /dev/shm/vm (deleted)
7ffd0000-7ffd2000 rw-p 00000000 00:00 0                                  [stack]
"""


def test_what_processes_of_this_machine_map_is_read() -> None:
    found = read_maps(_MAPS)
    assert found[0] == FileMapping(0x40002000, 0x40003000, 0x76B8000, 42) and len(found) == 4
    seen = ProcessMappings(kernel=tuple(found[2:]), program=tuple(found[:2]))
    user, kernel = seen.translate(0x40003010), seen.translate(0x6D818010)
    assert user and kernel and user.physical == kernel.physical == 0x7726010
    assert seen.translate(0x50000000) is None
    ways = [one.virtual for one in seen.mappings_of({0x7726000}, of_kernel=True)]
    assert ways == [0x67726000, 0x6D818000]
    assert [one.virtual for one in seen.mappings_of({0x7726000}, of_kernel=False)] == [0x40003000]


def started(stack: ExitStack, argument: str) -> int:
    """Start a shell with this argument and a program below it; return the shell's process.

    Both go when the stack ends: the program reads a pipe that is closed then.
    """
    command = ["sh", "-c", "cat; :", argument]
    shell = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE))
    # The shell needs a moment until its program runs.
    while not processes.below(shell.pid):
        pass
    return shell.pid


def test_the_kernel_is_found_whatever_number_its_programs_have(tmp_path: Path) -> None:
    """Numbers of processes begin anew, so a program's may be below its kernel's."""
    with ExitStack() as stack:
        started(stack, f"initrd={tmp_path}.other")
        kernel = started(stack, f"initrd={tmp_path}")
        assert uml_memory._kernel_of(tmp_path) == kernel
        assert kernel not in processes.below(kernel)


def state_of(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_kernel_that_cannot_be_looked_at_goes_on(tmp_path: Path) -> None:
    with ExitStack() as stack:
        kernel = started(stack, f"initrd={tmp_path}")
        with pytest.raises(GuestError, match="RAM cannot be found"):
            with uml_memory.stopped(tmp_path, 0, b""):
                pass
        assert state_of(kernel) != "T"


def test_a_guest_that_is_gone_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(GuestError, match="not among this machine's processes"):
        with uml_memory.stopped(tmp_path, 0, b""):
            pass


@pytest.mark.boot
def test_the_witness_finds_its_way_on_any_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """This one has page tables of five levels, and one that hides the kernel from programs."""
    usual = ARCHES[DEFAULT_ARCH]
    assert usual.qemu
    other = replace(usual.qemu, processor="max,-cx16,vendor=GenuineIntel")
    monkeypatch.setitem(ARCHES, DEFAULT_ARCH, replace(usual, qemu=other))
    [lab] = labs.choose("kmalloc")
    order = Order([Load(lab, lab.loads[0])], 1, ("--only", WITNESSED))
    checked = check_loads.run(prepare.machine(Request()), order)
    assert checked.trouble is None
    [result] = checked.results
    assert result.verdict is LoadVerdict.PASSED
    assert isinstance(result.sighting, MemorySighting)
    assert result.sighting.compared == 4 * PAGE_SIZE
