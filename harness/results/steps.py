"""The life of a lab's mapping, step by step, as a stopped machine showed it from outside.

What the program and the lab themselves said of it stands beside it, so that both can be
compared. Frames are page frame numbers, addresses and sizes are in bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

# A number that JSON has as text: other readers of JSON cannot hold 64 bits.
Hex = NewType("Hex", int)

# The steps, in order, and what a person calls them.
TITLES = {
    "before": "before mmap",
    "mmap": "after mmap",
    "touch": "after first touch",
    "fork": "after fork",
    "munmap": "after munmap of the middle",
    "last": "after the last unmap",
}

# What /proc/iomem calls RAM that the kernel uses.
_RAM = "System RAM"

# The flags of a VMA that say how frames are mapped, by the letters of VmFlags in
# /proc/PID/smaps (Documentation/filesystems/proc.rst).
_KINDS = {"pf": "VM_PFNMAP", "mm": "VM_MIXEDMAP", "io": "VM_IO"}


@dataclass(frozen=True)
class EntryField:
    """Bits ``low`` to ``high`` of an entry: what they are, and what is there."""

    low: int
    high: int
    name: str
    value: Hex


@dataclass(frozen=True)
class Level:
    """One level of a walk: entry ``index`` of a table, of ``width`` bits.

    Bits ``low`` to ``high`` of an address choose the entry.
    """

    name: str
    index: int
    low: int
    high: int
    entry: Hex
    width: int
    is_present: bool
    fields: tuple[EntryField, ...]


@dataclass(frozen=True)
class HostArea:
    """Where an address leads in user-mode Linux: the host maps its RAM, a file, there."""

    start: Hex
    end: Hex
    offset: Hex


@dataclass(frozen=True)
class Way:
    """From a virtual address to a page frame; ``frame`` is None where nothing is mapped.

    ``size`` is that of the whole mapping. What cannot be seen is None or empty.
    """

    address: Hex
    frame: Hex | None
    levels: tuple[Level, ...] = ()
    host: HostArea | None = None
    size: int | None = None
    by_user: bool | None = None
    writable: bool | None = None
    executable_by_user: bool | None = None
    memory_type: str | None = None


@dataclass(frozen=True)
class UserArea:
    """A VMA of a process that maps the device from byte ``offset`` on.

    ``flags`` are the letters of VmFlags in /proc/PID/smaps.
    """

    start: Hex
    end: Hex
    offset: Hex
    rights: str
    flags: tuple[str, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of those flags that say how frames are mapped."""
        return tuple(name for flag, name in _KINDS.items() if flag in self.flags)


@dataclass(frozen=True)
class UserSide:
    """A process, its VMAs, and the way to each page that it has, had or will have."""

    name: str
    areas: tuple[UserArea, ...]
    pages: tuple[Way, ...]

    def has(self, address: int) -> bool:
        """Say whether an address is in one of the VMAs."""
        return any(area.start <= address < area.end for area in self.areas)


@dataclass(frozen=True)
class LabPage:
    """A page of a lab's memory.

    ``told`` is the frame that LAB_IOC_PAGE names, ``kernel`` the way from the address that it
    names; ``linear`` is the way from the linear map's address, None where that leaves the frame
    out. ``region`` is what /proc/iomem calls that physical memory, and ``content`` are its
    first bytes, in RAM.
    """

    index: int
    told: Hex
    kernel: Way
    linear: Way | None
    region: str
    content: str

    @property
    def is_ram(self) -> bool:
        """Whether the frame is of RAM that the kernel manages."""
        return self.region == _RAM


@dataclass(frozen=True)
class LifeStep:
    """What was there at a step. ``mappings`` is the lab's own count, None if it has none."""

    name: str
    mappings: int | None
    processes: tuple[UserSide, ...]
    pages: tuple[LabPage, ...]

    @property
    def title(self) -> str:
        """The step in words."""
        return TITLES[self.name]


@dataclass(frozen=True)
class Zone:
    """Kernel addresses of one kind.

    ``offset`` is what a physical address is added to in a zone where that is constant.
    """

    name: str
    start: Hex
    end: Hex
    offset: Hex | None


@dataclass(frozen=True)
class MemoryRegion:
    """Physical memory from ``start`` to ``end``, the last byte, by its name in /proc/iomem."""

    name: str
    start: Hex
    end: Hex

    @property
    def is_ram(self) -> bool:
        """Whether it is RAM that the kernel manages."""
        return self.name == _RAM

    def has(self, frame: int) -> bool:
        """Say whether a page frame is in it."""
        return self.start <= frame << 12 <= self.end


@dataclass(frozen=True)
class LabLife:
    """All steps of a lab, loaded with ``parameters``; ``page`` is the one that they are about.

    A lab's first life is its ``usual`` one; others are of its further loads.

    ``memory`` has the regions of RAM and those with the lab's frames, in order; it is empty
    where the kernel does not tell. ``contiguous`` is what the lab says of its frames.
    """

    lab: str
    title: str
    parameters: tuple[str, ...]
    page: int
    zones: tuple[Zone, ...]
    memory: tuple[MemoryRegion, ...]
    contiguous: bool
    steps: tuple[LifeStep, ...]
    usual: bool = True

    @property
    def place(self) -> str:
        """Where its pictures are, below those of a target."""
        return self.lab if self.usual else f"{self.lab}/{'-'.join(self.parameters)}"

    def step(self, name: str) -> LifeStep:
        """Return a step by its name."""
        return next(step for step in self.steps if step.name == name)


@dataclass(frozen=True)
class MappingLives:
    """What one guest showed: the lives of mappings of labs.

    ``machine`` is what ran the guest, and ``date`` the day, as 2026-11-22. ``skipped`` has for
    each other lab why it has no picture there.
    """

    target: str
    release: str
    machine: str
    seed: Hex
    date: str
    labs: tuple[LabLife, ...]
    skipped: dict[str, str] = field(default_factory=dict)


def regions_in(iomem: list[str]) -> list[MemoryRegion]:
    """Return the regions in the lines of /proc/iomem.

    A claim of a driver, which is further to the right, does not count.
    """
    found = []
    for line in iomem:
        place, _, name = line.partition(" : ")
        start, _, end = place.partition("-")
        if not line.startswith(" "):
            found.append(MemoryRegion(name, Hex(int(start, 16)), Hex(int(end, 16))))
    return found


def region_of(regions: list[MemoryRegion], frame: int) -> str:
    """Return what a page frame is; where the kernel tells of no regions, all is RAM."""
    names = [one.name for one in regions if one.has(frame)]
    return names[0] if names else "nothing" if regions else _RAM


def to_json(value: Any, kind: Any = None) -> Any:
    """Return what JSON can hold, without a loss."""
    if is_dataclass(value) and not isinstance(value, type):
        made_of: Any = type(value)
        hints = _types_of(made_of)
        return {
            one.name: to_json(getattr(value, one.name), hints[one.name]) for one in fields(value)
        }
    if isinstance(value, tuple):
        return [to_json(one, get_args(kind)[0]) for one in value]
    if value is not None and _without_none(kind) is Hex:
        return f"0x{value:x}"
    return value


def from_json(kind: Any, value: Any) -> Any:
    """Return what to_json() was given. Raises ValueError, KeyError or TypeError for other data."""
    kind = _without_none(kind)
    if value is None:
        return None
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _types_of(kind)
        return kind(
            **{one.name: from_json(hints[one.name], value[one.name]) for one in fields(kind)}
        )
    if get_origin(kind) is tuple:
        return tuple(from_json(get_args(kind)[0], one) for one in value)
    return int(value, 16) if kind is Hex else value


@cache
def _types_of(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _without_none(kind: Any) -> Any:
    """Return what a type is if it is not None."""
    if get_origin(kind) not in (Union, UnionType):
        return kind
    [meant] = [one for one in get_args(kind) if one is not NoneType]
    return meant


def frames_of(step: LifeStep) -> Iterator[int]:
    """Yield every frame that a step shows."""
    for page in step.pages:
        yield page.told
        for way in (page.kernel, page.linear, *(side.pages[page.index] for side in step.processes)):
            if way and way.frame is not None:
                yield way.frame
