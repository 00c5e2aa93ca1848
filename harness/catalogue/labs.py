"""The labs, as the lab.toml of each describes it.

lab.toml is the only list of facts about a lab:

    name, title                 the module, and the lesson's heading
    memory, mapped, lesson      the cells of README's table, in Markdown
    mapping                     how mmap() maps the memory, one of MAPPINGS, whether it is of the
                                lab's own node or of another one
    [mapping_with]              "PARAMETER=VALUE" = another mapping with this parameter
    page_by_page                true if each page is mapped by a call of its own, whatever the
                                parameters: of such a call x86 keeps no memory type
    operations                  what the device can do beside mmap()
    loads, more_loads           the module's parameters: of `make run`, and those that
                                `make contract` adds
    devices                     the PCI devices that it drives, if it does
    [since] series, reason      the first series that the lab runs on, and the reason
    [cannot_run] ARCH           why the check program cannot run on an architecture
    [cannot_load."P=V"] ARCH    why it cannot with this parameter
    [large_entries]             with, the parameter that lets one entry map more than a page;
                                series, reason, as in [since]; cannot, ARCH and the reason
    [suite] loads               the modules that its KUnit suite is loaded after; or
    no_suite                    why it has none
    [hints] CHECK               where to look when a check fails
    [[exercise]]                what a student writes: catalogue/exercises.py reads them

What a check program and a suite do follows from their sources; tests compare both.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.base import toml
from harness.base.errors import RequestError
from harness.base.paths import LABS
from harness.base.toml import Table
from harness.kernels.pci_devices import DEVICES
from harness.kernels.series import number
from harness.kernels.targets import ARCHES, Target

# A VM_PFNMAP mapping, a VM_MIXEDMAP mapping; pages that arrive by fault, with their struct
# page or by frame number; or no mmap() at all.
MAPPINGS = ("pfnmap", "mixedmap", "fault", "fault_pfn", "none")

_NAME = re.compile(r"lab_[a-z0-9_]+")
_OPERATION = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Since:
    """The first kernel series that a lab runs on, and why not on older ones."""

    series: str
    reason: str

    def why_not(self, series: str) -> str | None:
        """Return why the lab cannot run on a series, or None if it can."""
        if number(series) >= number(self.series):
            return None
        return f"runs from Linux {self.series} on: {self.reason}"


@dataclass(frozen=True)
class LargeEntries:
    """The parameter with which a lab maps 2 MiB by one entry, and where the kernel can.

    ``cannot`` maps an architecture to the reason.
    """

    parameter: str
    since: Since
    cannot: dict[str, str]

    def why_not(self, target: Target) -> str | None:
        """Return why all entries are for a page on a target, or None if they need not be."""
        return self.cannot.get(target.arch) or self.since.why_not(target.series)


@dataclass(frozen=True)
class Lab:
    """One lab: its directory, and what its lab.toml says.

    ``loads`` and ``more_loads`` are sets of module parameters; ``suite_loads`` lists of
    modules with their parameters, empty if the lab has no suite of its own; then ``no_suite``
    says why.
    ``devices`` are the PCI devices that it drives, which QEMU's machines have.
    ``mapping_with`` maps a parameter to the mapping that the lab makes with it, ``hints``
    a check's name to what a student may look at when it fails, and ``cannot_run`` an
    architecture to the reason, ``cannot_load`` a parameter to such a table.
    ``large_entries`` is None if all entries are for a page.
    """

    name: str
    title: str
    directory: Path
    loads: tuple[tuple[str, ...], ...]
    hints: dict[str, str] = field(default_factory=dict, hash=False)
    cannot_run: dict[str, str] = field(default_factory=dict, hash=False)
    cannot_load: dict[str, dict[str, str]] = field(default_factory=dict, hash=False)
    since: Since | None = None
    large_entries: LargeEntries | None = field(default=None, hash=False)
    more_loads: tuple[tuple[str, ...], ...] = ()
    mapping: str = MAPPINGS[0]
    mapping_with: dict[str, str] = field(default_factory=dict, hash=False)
    page_by_page: bool = False
    operations: tuple[str, ...] = ()
    suite_loads: tuple[tuple[str, ...], ...] = ()
    no_suite: str = ""
    devices: tuple[str, ...] = ()
    # What the pages' tables say: memory from, mapped by, and the lesson's subject.
    memory: str = ""
    mapped: str = ""
    lesson: str = ""

    @property
    def has_mmap(self) -> bool:
        """Whether the lab's own node can be mapped; of lab_uio another node is."""
        return "mmap" in self.operations

    def why_not(self, target: Target) -> str | None:
        """Return why the lab cannot run on a target, or None if it can."""
        reason = self.cannot_run.get(target.arch)
        if reason or not self.since:
            return reason
        return self.since.why_not(target.series)

    def loads_on(self, target: Target) -> list["Load"]:
        """Return the usual loads that can run on a target; none if the lab cannot."""
        return self._that_can_run(self.loads, target)

    def more_loads_on(self, target: Target) -> list["Load"]:
        """Return the other loads that can run on a target."""
        return self._that_can_run(self.more_loads, target)

    def _that_can_run(self, loads: Iterable[tuple[str, ...]], target: Target) -> list["Load"]:
        every = [Load(self, parameters) for parameters in loads]
        return [load for load in every if not load.why_not(target)]


@dataclass(frozen=True)
class Load:
    """A lab's module, loaded with these parameters."""

    lab: Lab
    parameters: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.lab.name, *self.parameters))

    @property
    def mapping(self) -> str:
        """How mmap() maps the memory with these parameters, one of MAPPINGS."""
        others = (self.lab.mapping_with.get(parameter) for parameter in self.parameters)
        return next((mapping for mapping in others if mapping), self.lab.mapping)

    def why_not(self, target: Target) -> str | None:
        """Return why it cannot run on a target, or None if it can."""
        large = self._large_entries
        tables = [self.lab.cannot_load.get(parameter, {}) for parameter in self.parameters]
        reasons = [table[target.arch] for table in tables if target.arch in table]
        reasons += [reason] if large and (reason := large.why_not(target)) else []
        return self.lab.why_not(target) or (reasons[0] if reasons else None)

    def has_large_entries(self, target: Target) -> bool:
        """Say whether one entry maps 2 MiB of the memory on a target, where they fit."""
        return bool(self._large_entries and not self._large_entries.why_not(target))

    @property
    def _large_entries(self) -> LargeEntries | None:
        large = self.lab.large_entries
        return large if large and large.parameter in self.parameters else None


def all_labs() -> list[Lab]:
    """Return the labs in teaching order, which is that of their directories.

    Raises SetupError, with the file and the key, for a lab.toml that makes no sense.
    """
    return [_read(path) for path in sorted(LABS.glob("[0-9]*_*/lab.toml"))]


def _read(path: Path) -> Lab:
    file = toml.read(path)
    lab = Lab(
        name=_read_name(file),
        title=file.text("title"),
        directory=path.parent,
        loads=_split(file.texts("loads")) or file.refuse("loads", "is empty"),
        hints=_all_texts(file.table("hints")),
        cannot_run=_read_cannot_run(file.table("cannot_run")),
        cannot_load=_read_cannot_load(file.table("cannot_load")),
        since=_read_since(file.table("since")),
        large_entries=_read_large_entries(file.table("large_entries")),
        more_loads=_split(file.texts("more_loads", default=())),
        mapping=_mapping(file, "mapping"),
        mapping_with=_read_mapping_with(file.table("mapping_with")),
        page_by_page=file.flag("page_by_page", False),
        operations=_read_operations(file),
        suite_loads=read_suite_loads(file.table("suite")),
        no_suite=file.text("no_suite") if "no_suite" in file.values else "",
        devices=_read_devices(file),
        memory=file.text("memory"),
        mapped=file.text("mapped"),
        lesson=file.text("lesson"),
    )
    file.tables("exercise")
    file.end()
    if bool(lab.suite_loads) == bool(lab.no_suite):
        file.refuse("no_suite", "must say why there is no table [suite], and only then")
    return lab


def _read_name(file: Table) -> str:
    name = file.text("name")
    return name if _NAME.fullmatch(name) else file.refuse("name", "must be lab_ and a word")


def _split(loads: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(load.split()) for load in loads)


def _all_texts(table: Table | None) -> dict[str, str]:
    return table.all_texts() if table else {}


def _mapping(table: Table, key: str) -> str:
    mapping = table.text(key)
    if mapping not in MAPPINGS:
        table.refuse(key, f"must be one of {', '.join(MAPPINGS)}")
    return mapping


def _read_mapping_with(table: Table | None) -> dict[str, str]:
    if not table:
        return {}
    return {key: _mapping(table, key) for key in list(table.values)}


def _read_operations(file: Table) -> tuple[str, ...]:
    names = file.texts("operations")
    if len(set(names)) < len(names) or not all(_OPERATION.fullmatch(name) for name in names):
        file.refuse("operations", "must be a list of names in lower case, each once")
    return names


def _read_devices(file: Table) -> tuple[str, ...]:
    names = file.texts("devices", default=())
    if unknown := sorted(set(names) - set(DEVICES)):
        file.refuse("devices", f"has {unknown[0]}: choose from {', '.join(DEVICES)}")
    return names


def _read_since(table: Table | None) -> Since | None:
    if not table:
        return None
    since = _read_series(table)
    table.end()
    return since


def _read_series(table: Table) -> Since:
    since = Since(table.text("series"), table.text("reason"))
    # It need not be a series that this harness has.
    if not re.fullmatch(r"\d+\.\d+", since.series):
        table.refuse("series", "must be the number of a series, as 7.2")
    return since


def _read_large_entries(table: Table | None) -> LargeEntries | None:
    if not table:
        return None
    cannot = _read_cannot_run(table.table("cannot"))
    found = LargeEntries(table.text("with"), _read_series(table), cannot)
    table.end()
    return found


def _read_cannot_run(table: Table | None) -> dict[str, str]:
    reasons = _all_texts(table)
    for arch in reasons:
        if table and arch not in ARCHES:
            table.refuse(arch, f"is unknown: choose from {', '.join(ARCHES)}")
    return reasons


def _read_cannot_load(table: Table | None) -> dict[str, dict[str, str]]:
    if not table:
        return {}
    return {key: _read_cannot_run(table.table(key)) for key in list(table.values)}


def read_suite_loads(table: Table | None) -> tuple[tuple[str, ...], ...]:
    """Return what a suite is loaded after, once for each time that it runs.

    A load lists modules with their parameters, separated by ";"; one behind a "!" must
    refuse to load.
    """
    if not table:
        return ()
    loads = table.texts("loads") or table.refuse("loads", "is empty")
    table.end()
    return tuple(
        tuple(module.strip() for module in load.split(";") if module.strip()) for load in loads
    )


def choose(wanted: str | None) -> list[Lab]:
    """Return the labs that LAB= names, all if it names none.

    Raises RequestError, with the valid names, for an unknown one.
    """
    labs = all_labs()
    chosen = choose_names(wanted, [lab.name for lab in labs])
    return [lab for lab in labs if lab.name in chosen]


def choose_names(wanted: str | None, known: list[str]) -> set[str]:
    """Return the names in LAB=, or all that are known if it names none.

    Names are separated by commas or blanks; the "lab_" may be left out. Raises
    RequestError, with the known names, for another one.
    """
    names = (wanted or "").replace(",", " ").split()
    if wanted and not names:
        raise RequestError(f"LAB={wanted!r} names no lab: choose from {', '.join(known)}")
    for name in names:
        if _full_name(name, known) not in known:
            raise RequestError(f"LAB={name} is unknown: choose from {', '.join(known)}")
    return {_full_name(name, known) for name in names} or set(known)


def _full_name(name: str, known: list[str]) -> str:
    """Return the known name that is meant: "lab_" is optional, also in front of a suite's."""
    for meant in (name, f"lab_{name}", name.removeprefix("lab_")):
        if meant in known:
            return meant
    return name
