"""What the machine itself showed of a load: the third witness beside kernel and user."""

from dataclasses import dataclass, field

from harness.results.accesses import Access

# The checks that a host decides by what it sees of the machine from outside: of memory, of a
# block of it that was divided, of a program's own memory, of a clock, of registers, and of a
# device that counts.
WITNESSED = "machine_reaches_the_same_frames"
DIVISION_WITNESSED = "machine_finds_a_divided_block_page_by_page"
PAGEMAP_WITNESSED = "machine_finds_the_frame_that_pagemap_shows"
CLOCK_WITNESSED = "machine_shows_the_same_time"
ACCESSES_WITNESSED = "machine_saw_the_accesses_that_were_asked_for"
WRITES_WITNESSED = "machine_counts_the_same_writes"

# Which of them a program makes that waits to be looked at, by the word that it says then.
CHECKS = {
    "": WITNESSED,
    "divided": DIVISION_WITNESSED,
    "pagemap": PAGEMAP_WITNESSED,
    "clock": CLOCK_WITNESSED,
    "access": ACCESSES_WITNESSED,
    "port": WRITES_WITNESSED,
}


@dataclass
class Sighting:
    """What was seen from outside while a check program waited.

    ``problems`` is empty if all was as the contract wants it. ``is_begun`` says that it has
    to be looked at once more: devices are, before a program does something and after.
    """

    problems: list[str] = field(default_factory=list, kw_only=True)
    is_begun: bool = field(default=False, kw_only=True)


@dataclass
class MemorySighting(Sighting):
    """What page tables and RAM showed.

    ``frames`` are the physical addresses of the buffer's pages, in its order; ``levels`` the
    level at which the user's page table leads to each of them, as "PTE" for an entry that maps
    a page and "PMD" for one that maps 2 MiB, empty where levels cannot be seen; ``compared``
    counts the bytes that were read there and had to be the pattern's, and ``in_file`` those that
    were read in a file of the host, where the buffer is one; ``memory_type`` is that of the
    first page, None where it cannot be seen.
    """

    frames: list[int] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    compared: int = 0
    in_file: int = 0
    memory_type: str | None = None


@dataclass
class ClockSighting(Sighting):
    """What a clock said, in seconds since 1970: before the program read it, and after.

    ``read`` is what the program has read in between.
    """

    before: int
    read: int = 0
    after: int = 0


@dataclass
class AccessSighting(Sighting):
    """The accesses that the lab was asked for; ``count`` says how many the device saw."""

    wanted: list[Access]
    count: int = 0


@dataclass
class WriteSighting(Sighting):
    """How many writes the host wanted, the guest says were counted, and the device says."""

    wanted: int
    said: int = 0
    counted: int = 0
