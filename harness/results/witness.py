"""What the machine itself showed of a load: the third witness beside kernel and user."""

from dataclasses import dataclass, field

from harness.results.accesses import Access


@dataclass
class Sighting:
    """What page tables and RAM showed while a check program waited.

    ``frames`` are the physical addresses of the buffer's pages, in its order; ``levels`` the
    level at which the user's page table leads to each of them, as "PTE" for an entry that maps
    a page and "PMD" for one that maps 2 MiB, empty where levels cannot be seen; ``compared``
    counts the bytes that were read there and had to be the pattern's, and ``in_file`` those that
    were read in a file of the host, where the buffer is one; ``memory_type`` is that of the
    first page, None where it cannot be seen. Of a clock ``times`` are what the device said,
    then what the program had read, then what the device said, in seconds since 1970. Of
    registers ``wanted`` are the accesses that the lab was asked for, and ``accesses`` counts
    those that the device has seen. Of a device that counts, ``writes`` are those that the host
    wanted, those that the guest says were counted, and what the device says. ``is_begun`` says
    that it has to be looked at once more.
    ``problems`` is empty if all was as the contract wants it.
    """

    frames: list[int] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    compared: int = 0
    in_file: int = 0
    memory_type: str | None = None
    times: list[int] = field(default_factory=list)
    wanted: list[Access] = field(default_factory=list)
    accesses: int = 0
    writes: list[int] = field(default_factory=list)
    is_begun: bool = False
    problems: list[str] = field(default_factory=list)
