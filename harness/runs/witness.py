"""The third witness: what a machine's own page tables say while a check program waits.

A check program and a module are software of the guest, and could be wrong together. So the
check `machine_reaches_the_same_frames` maps the memory, has the kernel fill it, and waits.
The harness then stops the machine, walks both addresses of every page through the tables
that the processor reads, compares frames, bytes, rights and memory types, and writes some
words of its own into the frames. The check program goes on, and must find these words
through the mapping and through the kernel. The level at which the walk ended is compared, too:
one entry maps 2 MiB where the load lets it, and a page everywhere else, as in a block that
`machine_finds_a_divided_block_page_by_page` has divided before it waits.

Memory behind a BAR of a device may be a file of this machine (kernels/pci_devices.py). Then the
same bytes must be in the file, and the words that were written into the frames as well.

Program and harness meet in a page of the program's memory; userspace/shared/witness.h has
its layout.
"""

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.errors import GuestError
from harness.catalogue.drivers import Driver
from harness.catalogue.labs import Load
from harness.guest import waiting
from harness.guest.machine import Machine
from harness.guest.waiting import MachineRam, ProgramMemory, Tables
from harness.kernels import pci_devices
from harness.kernels.page_tables import BLOCK, PAGE_SIZE, Translation
from harness.results import pattern
from harness.results.witness import MemorySighting

# struct witness_box: magic, state, user_addr, first, pages, and how many words the host wrote;
# then these words, as offset and value, and the kernel's address of each page.
_HEAD = struct.Struct("<6Q")
_WORD = struct.Struct("<QQ")
_MOST_WORDS = 16
_ADDRESSES = _HEAD.size + _MOST_WORDS * _WORD.size
_WORDS = 40

# No lab has more; what a guest claims is not believed.
_MOST_PAGES = 1 << 14


@dataclass(frozen=True)
class _Box:
    """What the waiting program says, at ``address`` in its memory.

    It has mapped the memory from page ``first`` on at ``user``; ``kernel`` are the kernel's
    addresses of these pages.
    """

    address: int
    user: int
    first: int
    kernel: tuple[int, ...]

    def has_block_around(self, address: int) -> bool:
        """Say whether the 2 MiB around an address are mapped whole."""
        start = address & -BLOCK
        return self.user <= start and start + BLOCK <= self.user + PAGE_SIZE * len(self.kernel)


@dataclass
class Witness:
    """Looks at a machine that stands still, and writes into its RAM.

    ``large`` says that one entry must map 2 MiB wherever addresses and frames allow it.
    """

    machine: MachineRam
    tables: Tables
    # The file that the memory is, from its first byte on, if it is one.
    file: Path | None = None
    large: bool = False
    # The box has no addresses of the kernel, but those of another mapping of the program.
    no_lab: bool = False
    sighting: MemorySighting = field(default_factory=MemorySighting)

    @property
    def _memory(self) -> ProgramMemory:
        return ProgramMemory(self.machine, self.tables)

    def examine(self, address: int, seed: int) -> MemorySighting:
        """Compare what a program that waits says with what is so; leave words for it.

        ``address`` is that of its box, and ``seed`` what the contents must follow from.
        Raises GuestError if there is no box: the program would wait in vain.
        """
        box = self._read_box(address)
        for page, kernel in enumerate(box.kernel):
            self._compare(box, page, kernel, seed)
        if not self.sighting.problems:
            self._look_for_others(box)
            self._leave_words(box)
        return self.sighting

    @property
    def _other(self) -> str:
        """What reaches the frames beside the user's mapping."""
        return "other mapping" if self.no_lab else "kernel"

    def _object(self, text: str) -> None:
        self.sighting.problems.append(text)

    def _read_box(self, address: int) -> _Box:
        magic, _, user, first, pages, _ = _HEAD.unpack(self._memory.read(address, _HEAD.size))
        if magic != waiting.MAGIC or not 0 < pages <= _MOST_PAGES or first > _MOST_PAGES:
            raise GuestError(f"the waiting program has no box at {address:#x}")
        kernel = struct.unpack(f"<{pages}Q", self._memory.read(address + _ADDRESSES, 8 * pages))
        return _Box(address, user, first, kernel)

    def _compare(self, box: _Box, number: int, kernel_address: int, seed: int) -> None:
        """Look at one page of the mapping from both sides, and at the bytes in its frame."""
        page = box.first + number
        user_address = box.user + number * PAGE_SIZE
        user = self.tables.translate(user_address)
        kernel = self.tables.translate(kernel_address)
        if not user or not kernel:
            side = self._other if user else "user"
            self._object(f"page {page}: no page table entry for the {side}'s address")
            return
        if user.physical != kernel.physical:
            frames = f"{user.physical // PAGE_SIZE:#x} and {kernel.physical // PAGE_SIZE:#x}"
            self._object(f"page {page}: user and {self._other} reach other frames, {frames}")
            return
        if number == 0:
            self.sighting.memory_type = kernel.memory_type
        self.sighting.frames.append(user.physical)
        self._compare_level(box, page, user)
        for text in _wrong_with(user, kernel, self.no_lab):
            self._object(f"page {page}: {text}")
        count = PAGE_SIZE // 4
        written = pattern.words(seed, page * count, count)
        if self.machine.read(user.physical, PAGE_SIZE) == written:
            self.sighting.compared += PAGE_SIZE
        else:
            self._object(f"page {page}: the frame does not hold what the kernel was told to write")
        if not self.file:
            return
        if self._in_file(page * PAGE_SIZE, PAGE_SIZE) == written:
            self.sighting.in_file += PAGE_SIZE
        else:
            self._object(f"page {page}: the host's file does not hold what the kernel wrote")

    def _in_file(self, offset: int, size: int) -> bytes:
        """Return what the host reads there; less if the file ends."""
        assert self.file
        with self.file.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def _compare_level(self, box: _Box, page: int, user: Translation) -> None:
        """Note the level of a page's entry; object if it maps more or less than it must."""
        if not user.level:
            return
        self.sighting.levels.append(user.level)
        fits = user.virtual % BLOCK == user.physical % BLOCK
        whole = self.large and fits and box.has_block_around(user.virtual)
        expected = BLOCK if whole else PAGE_SIZE
        if user.size != expected:
            text = f"its entry, on the level {user.level}, maps {user.size // 1024} KiB"
            self._object(f"page {page}: {text}, expected {expected // 1024}")

    def _look_for_others(self, box: _Box) -> None:
        """Object to further ways to the frames that the contract does not allow."""
        frames = set(self.sighting.frames)
        own = {box.user + PAGE_SIZE * page for page in range(len(box.kernel))}
        own |= set(box.kernel) if self.no_lab else set()
        for found in self.tables.mappings_of(frames, of_kernel=False):
            if found.virtual not in own:
                self._object(f"the program reaches its frames at {found.virtual:#x} as well")
        for found in self.tables.mappings_of(frames, of_kernel=True):
            if found.by_user:
                self._object(f"user space can use the kernel's address {found.virtual:#x}")
            if found.memory_type != self.sighting.memory_type:
                text = f"{found.memory_type}, beside {self.sighting.memory_type}"
                self._object(f"the kernel also has them at {found.virtual:#x}: {text}")

    def _leave_words(self, box: _Box) -> None:
        """Write words that nobody in the guest can foresee, and say in the box which."""
        chosen = random.SystemRandom()
        words = PAGE_SIZE // 4 * len(box.kernel)
        places = sorted(chosen.sample(range(words), min(_MOST_WORDS, words)))
        listed = b""
        for place in places:
            offset, value = 4 * place, chosen.getrandbits(32)
            frame = self.sighting.frames[offset // PAGE_SIZE]
            word = struct.pack("<I", value)
            self.machine.write(frame + offset % PAGE_SIZE, word)
            in_device = box.first * PAGE_SIZE + offset
            if self.file and self._in_file(in_device, len(word)) != word:
                self._object(
                    f"offset {in_device:#x}: a word written there is not in the host's file"
                )
            listed += _WORD.pack(in_device, value)
        self._memory.write(box.address + _WORDS, struct.pack("<Q", len(places)))
        self._memory.write(box.address + _HEAD.size, listed)


def _wrong_with(user: Translation, kernel: Translation, no_lab: bool = False) -> Iterator[str]:
    """Yield what one frame's two page table entries have that the contract forbids."""
    if user.by_user is False:
        yield "the user's address is not for user space"
    if user.writable is False:
        yield "the user's mapping cannot be written"
    if user.user_executes:
        yield "user space can execute it"
    if kernel.by_user and not no_lab:
        yield "user space can use the kernel's address"
    if user.memory_type != kernel.memory_type:
        yield f"memory types differ: {kernel.memory_type} and, for the user, {user.memory_type}"


def looking_at(seed: int) -> Callable[[Machine, int, Load], MemorySighting]:
    """Return what examines a machine.

    It is given the machine, the address of the waiting program's box, and the load whose memory
    it is. What the memory must hold follows from ``seed``.
    """

    def look(machine: Machine, address: int, load: Load) -> MemorySighting:
        is_file = pci_devices.SHARED in load.lab.devices
        file = machine.initrd.parent / pci_devices.SHARED_FILE if is_file else None
        large = load.has_large_entries(machine.kernel.target)
        with waiting.stopped(machine, address) as (ram, tables):
            no_lab = isinstance(load.lab, Driver)
            return Witness(ram, tables, file, large, no_lab).examine(address, seed)

    return look
