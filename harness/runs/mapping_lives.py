"""Leading mappings of labs through their lives, in one guest that is stopped at each step.

userspace/tools/steps.c maps the memory of a lab, touches it, forks, unmaps, and waits at each
of these steps. The harness then stops the machine, and walks the addresses of each page
through the page tables in its RAM; what program and lab say of the same is kept beside it.

    build/pictures/<target>/run.json    what the last guest showed
"""

import datetime
import json
import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.base import digest
from harness.base.errors import GuestError, RequestError
from harness.base.lock import locked
from harness.base.paths import BUILD, GUEST, ROOT
from harness.base.progress import step
from harness.base.tools import printable
from harness.build import check_programs
from harness.catalogue.labs import Lab, Load, all_labs
from harness.guest import prepare, waiting
from harness.guest.channel import Line, LineReader
from harness.guest.job import Job
from harness.guest.machine import Machine
from harness.guest.uml_memory import ProcessMappings
from harness.guest.waiting import MachineRam, ProgramTables
from harness.kernels.page_tables import PAGE_SIZE, PageTables, WalkStep
from harness.kernels.request import Request
from harness.results import steps
from harness.results.steps import (
    EntryField,
    Hex,
    HostArea,
    LabLife,
    LabPage,
    Level,
    LifeStep,
    MappingLives,
    MemoryRegion,
    UserArea,
    UserSide,
    Way,
    Zone,
    from_json,
    to_json,
)
from harness.runs import listening
from harness.runs.listening import Collector

# struct waiting_box: magic, state, and the number of the process.
_BOX = struct.Struct("<3Q")
_WAITED_FOR = 1

# What processes are called, by the program's words; their numbers are their places.
_WHO = {"parent": "program", "child": "its child"}

# LAB_INFO_CONTIGUOUS and LAB_INFO_COUNTS_MAPPINGS.
_CONTIGUOUS, _COUNTS = 0x1, 0x8

# userspace/tools/steps.c says no more; what a guest claims is not believed.
_MOST_PAGES = 64

# Bytes of a frame that are shown.
_SHOWN = 8

_PICTURES = BUILD / "pictures"

# What the facts follow from, beside the guest and its files.
_SOURCES = (
    *("runs/mapping_lives.py", "results/steps.py", "guest/waiting.py", "guest/uml_memory.py"),
    *("kernels/page_tables.py", "kernels/entry_fields.py"),
)


def way_to(tables: ProgramTables, address: int, of_kernel: bool) -> Way:
    """Return where an address leads, level by level, or as the host maps it."""
    if isinstance(tables, ProcessMappings):
        return _way_of_host(tables, address, of_kernel)
    levels = tuple(_level(tables, one) for one in tables.walk(address))
    found = tables.translate(address)
    if not found:
        return Way(Hex(address), None, levels)
    return Way(
        Hex(address),
        Hex(found.physical // PAGE_SIZE),
        levels,
        size=found.size,
        by_user=found.by_user,
        writable=found.writable,
        executable_by_user=found.user_executes,
        memory_type=found.memory_type,
    )


def _way_of_host(tables: ProcessMappings, address: int, of_kernel: bool) -> Way:
    found = tables.mapping_at(address, of_kernel)
    if not found:
        return Way(Hex(address), None)
    area = HostArea(Hex(found.start), Hex(found.end), Hex(found.offset))
    return Way(Hex(address), Hex((found.offset + address - found.start) // PAGE_SIZE), host=area)


def _level(tables: PageTables, one: WalkStep) -> Level:
    named = tables.format.fields(one)
    low = tables.format.shift(one.level)
    return Level(
        name=tables.format.level_name(one.level),
        index=one.index,
        low=low,
        high=low + tables.format.index_bits - 1,
        entry=Hex(one.entry),
        width=named[-1].high + 1,
        is_present=tables.format.is_present(one.entry),
        fields=tuple(
            EntryField(bits.low, bits.high, bits.name, Hex(bits.value(one.entry))) for bits in named
        ),
    )


@dataclass
class _Told:
    """What the guest says at a step, until all has come."""

    name: str
    mappings: int | None = None
    contiguous: bool = False
    pages: list[tuple[int, int]] = field(default_factory=list)
    areas: list[UserArea] = field(default_factory=list)
    processes: list[UserSide] = field(default_factory=list)
    seen: list[LabPage] = field(default_factory=list)


@dataclass
class _Loaded:
    """A load under way: what is known of the kernel's addresses, and the steps so far."""

    load: Load
    iomem: list[str] = field(default_factory=list)
    zones: list[tuple[int, int, int | None]] = field(default_factory=list)
    told: list[_Told] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    offset: int | None = None

    @property
    def regions(self) -> list[MemoryRegion]:
        """Physical memory as the kernel tells of it."""
        return steps.regions_in(self.iomem)

    def life(self) -> LabLife:
        """Return it as it is when all steps are over. Raises GuestError if one did not come."""
        came = [one.name for one in self.told if one.seen]
        if self.errors or came != list(steps.TITLES):
            why = "; ".join(self.errors) or f"of its steps came: {', '.join(came) or 'none'}"
            raise GuestError(f"{self.load}: {why}")
        made = tuple(
            LifeStep(one.name, one.mappings, tuple(one.processes), tuple(one.seen))
            for one in self.told
        )
        load = self.load
        zones = tuple(self._zones(made[0]))
        middle = len(made[0].pages) // 2
        told = {page.told for page in made[0].pages}
        memory = tuple(
            one for one in self.regions if one.is_ram or any(one.has(frame) for frame in told)
        )
        lab = load.lab
        return LabLife(
            lab=lab.name,
            title=lab.title,
            parameters=load.parameters,
            page=middle,
            zones=zones,
            memory=memory,
            contiguous=self.told[0].contiguous,
            steps=made,
            usual=load.parameters == lab.loads[0],
        )

    def _zones(self, first: LifeStep) -> list[Zone]:
        found = []
        linear = [zone for zone in self.zones if _offset(zone) == self.offset]
        if linear and self.offset is not None:
            start, end = min(zone[0] for zone in linear), max(zone[1] for zone in linear)
            found.append(Zone("linear map", Hex(start), Hex(end), Hex(self.offset)))
        paged = [zone[:2] for zone in self.zones if zone[2] is None]
        if not paged:
            # User-mode Linux: all that is known of it is where the pages are.
            outside = [page.kernel.address for page in first.pages]
            outside = [one for one in outside if not any(z.start <= one < z.end for z in found)]
            paged = [(min(outside), max(outside) + PAGE_SIZE)] if outside else []
        if paged:
            start, end = max(paged, key=lambda zone: zone[1] - zone[0])
            found.append(Zone("vmalloc space", Hex(start), Hex(end), None))
        return sorted(found, key=lambda zone: zone.start)


def _offset(zone: tuple[int, int, int | None]) -> int | None:
    """Return what is added to a physical address in a zone; None if there is no such number."""
    start, _, physical = zone
    return None if physical is None else start - physical


def linear_offset(zones: list[tuple[int, int, int | None]]) -> int | None:
    """Return what the linear map adds to a physical address: it is the largest such zone.

    ``zones`` are start, end, and the physical address behind the start, or None.
    """
    sizes: dict[int, int] = defaultdict(int)
    for zone in zones:
        offset = _offset(zone)
        if offset is not None:
            sizes[offset] += zone[1] - zone[0]
    return max(sizes, key=sizes.__getitem__) if sizes else None


@dataclass
class _StepCollector(Collector):
    """Takes in what a guest says of its steps, and looks at the machine at each."""

    loads: list[Load]
    loaded: list[_Loaded] = field(default_factory=list)
    _machine: Machine | None = None

    def booted(self, machine: Machine) -> None:
        """Note the machine to look at."""
        self._machine = machine

    def take(self, line: Line) -> None:
        """Take in one line."""
        try:
            self._take(line.word, line.rest)
        except (GuestError, ValueError, IndexError) as error:
            self.no_sense(f"'{printable(f'{line.word} {line.rest}')}': {error}")

    def _take(self, word: str, rest: str) -> None:
        if word == "begin":
            self.loaded.append(_Loaded(self.loads[len(self.loaded)]))
        elif word == "done":
            self.done = True
        elif word == "error" and self.loaded:
            self.loaded[-1].errors.append(printable(rest))
        elif word == "iomem":
            self.loaded[-1].iomem.append(rest)
        elif word == "zone":
            start, end, physical = rest.split()
            place = None if physical == "none" else int(physical, 16)
            self.loaded[-1].zones.append((int(start, 16), int(end, 16), place))
        elif word == "step":
            self.loaded[-1].told.append(_Told(rest))
        elif word in ("info", "page", "area", "look"):
            self._take_fact(word, rest.split())

    def _take_fact(self, word: str, words: list[str]) -> None:
        told = self.loaded[-1].told[-1]
        if word == "info":
            flags = int(words[0], 16)
            told.mappings = int(words[1]) if flags & _COUNTS else None
            told.contiguous = bool(flags & _CONTIGUOUS)
        elif word == "page" and len(told.pages) < _MOST_PAGES:
            told.pages.append((int(words[1], 16), int(words[2], 16)))
        elif word == "area":
            start, end, offset = (Hex(int(number, 16)) for number in words[:3])
            told.areas.append(UserArea(start, end, offset, words[3], tuple(words[4:])))
        elif word == "look":
            self._look(told, words[0], int(words[1], 16), int(words[2], 16))

    def _look(self, told: _Told, who: str, box: int, mapped: int) -> None:
        """Stop the machine, look, and let the process go on."""
        assert self._machine
        loaded = self.loaded[-1]
        mark = _BOX.pack(waiting.MAGIC, _WAITED_FOR, list(_WHO).index(who))
        with waiting.stopped(self._machine, box, mark) as (ram, tables):
            if loaded.offset is None:
                loaded.zones += _zones_of_host(tables)
                loaded.offset = linear_offset(loaded.zones)
            addresses = [mapped + number * PAGE_SIZE for number in range(len(told.pages))]
            ways = tuple(way_to(tables, address, False) for address in addresses)
            told.processes.append(UserSide(_WHO[who], tuple(told.areas), ways))
            if not told.seen:
                told.seen = [_page(ram, tables, loaded, *one) for one in enumerate(told.pages)]
        told.areas = []


def _zones_of_host(tables: ProgramTables) -> list[tuple[int, int, int | None]]:
    """Return what user-mode Linux' kernel has mapped of its RAM, in few pieces."""
    if isinstance(tables, PageTables):
        return []
    offset = linear_offset([(one.start, one.end, one.offset) for one in tables.kernel])
    linear = [one for one in tables.kernel if one.start - one.offset == offset]
    return [(one.start, one.end, one.offset) for one in linear]


def _page(
    ram: MachineRam, tables: ProgramTables, loaded: _Loaded, index: int, told: tuple[int, int]
) -> LabPage:
    """Return what is to be said of a page, by the kernel's addresses."""
    address, frame = told
    kernel = way_to(tables, address, True)
    linear = None
    physical = (frame if kernel.frame is None else kernel.frame) * PAGE_SIZE
    if loaded.offset is not None:
        linear = way_to(tables, physical + loaded.offset, True)
        if linear.frame != physical // PAGE_SIZE:
            linear = None
    return LabPage(
        index=index,
        told=Hex(frame),
        kernel=kernel,
        linear=linear,
        region=steps.region_of(loaded.regions, physical // PAGE_SIZE),
        content=ram.read(physical, _SHOWN).hex(),
    )


def why_not(lab: Lab, request: Request) -> str | None:
    """Return why there is no picture of a lab on a target, or None if there is."""
    if not lab.has_mmap:
        return "maps no memory to user space by its own node"
    return lab.why_not(request.target)


def of_target(request: Request, seed: int | None = None) -> MappingLives:
    """Return the lives of mappings of all labs that run on a target.

    What a guest has shown before is used again as long as all that it follows from is the same;
    with a ``seed``, only if it had that. Raises GuestError if a lab does not come to its end.
    """
    machine = prepare.machine(request)
    directory = directory_of(request)
    directory.mkdir(parents=True, exist_ok=True)
    file, stamp = directory / "run.json", directory / "run.digest"
    wanted = digest.of([*_inputs(machine)])
    with locked(directory / "run.lock", f"the pictures of {directory.name}"):
        kept = read(file) if digest.is_current([file], stamp, wanted) else None
        if kept and seed in (None, kept.seed):
            return kept
        found = _run(machine, replace(request, seed=request.seed if seed is None else seed))
        file.write_text(json.dumps(to_json(found), separators=(",", ":")))
        digest.set_current([file], stamp, wanted)
    return found


def directory_of(request: Request) -> Path:
    """Return where the pictures of a target are."""
    flavour = f"-{request.flavour}" if request.flavour else ""
    return _PICTURES / f"{request.target}{flavour}"


def read(file: Path) -> MappingLives | None:
    """Return what a file of a run holds; None if there is none that can be read."""
    try:
        found: MappingLives = from_json(MappingLives, json.loads(file.read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def _inputs(machine: Machine) -> list[str | Path]:
    assert machine.modules
    programs = check_programs.build(machine.kernel.target.architecture)
    sources: list[str | Path] = [ROOT / "harness" / name for name in _SOURCES]
    told = (machine.kernel.version, machine.accel, machine.modules.digest, programs.digest)
    tomls = [lab.directory / "lab.toml" for lab in all_labs()]
    return [*told, GUEST, *sources, *tomls]


def _run(machine: Machine, request: Request) -> MappingLives:
    """Boot a guest, and lead all labs that run there through their steps."""
    labs = all_labs()
    loads = [
        one for lab in labs if not why_not(lab, request) for one in lab.loads_on(request.target)
    ]
    if not loads:
        raise RequestError(f"no lab runs on {request.target}")
    job = Job("show", {"SEED": f"0x{request.seed:x}"}, plan=tuple(str(load) for load in loads))
    collector = _StepCollector(LineReader(job.nonce), loads)
    text = f"leading mappings of {len(loads)} loads through the steps on {machine.kernel.release}"
    with step(text) as progress:
        show = _shower(collector, lambda told: setattr(progress, "detail", told))
        _, trouble = listening.boot(replace(machine, debugger=True), job, collector, show)
    if trouble:
        raise GuestError(trouble)
    return MappingLives(
        target=str(request.target),
        release=machine.kernel.release,
        machine=f"QEMU, {machine.accel}" if machine.qemu else machine.accel,
        seed=Hex(request.seed),
        date=datetime.date.today().isoformat(),
        labs=tuple(loaded.life() for loaded in collector.loaded),
        skipped={lab.name: why for lab in labs if (why := why_not(lab, request))},
    )


def _shower(collector: _StepCollector, tell: Callable[[str], None]) -> Callable[[], None]:
    """Return what tells how far the guest is."""

    def show() -> None:
        if collector.loaded and collector.loaded[-1].told:
            tell(f"{collector.loaded[-1].load.lab.name} {collector.loaded[-1].told[-1].name}")

    return show
