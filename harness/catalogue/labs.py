"""The labs as their lab.toml files describe them."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.errors import RequestError, SetupError
from harness.base.paths import LABS
from harness.kernels.targets import SERIES, Target


@dataclass(frozen=True)
class Since:
    """The first kernel series that a lab runs on, and why not on older ones."""

    series: str
    reason: str

    def why_not(self, series: str) -> str | None:
        """Return why the lab cannot run on a series, or None if it can."""
        if _number(series) >= _number(self.series):
            return None
        return f"runs from Linux {self.series} on: {self.reason}"


def _number(series: str) -> tuple[int, ...]:
    return tuple(int(part) for part in series.split("."))


@dataclass(frozen=True)
class Lab:
    """One lab: its directory, and what its lab.toml says.

    ``loads`` are the parameter sets that `make run` loads the module with, and
    ``more_loads`` those that `make contract` adds;
    ``hints`` maps a check's name to what a student may look at when it fails;
    ``cannot_run`` an architecture to the reason why the lab cannot run there.
    ``since`` is there if the lab does not run on every series.
    """

    name: str
    title: str
    directory: Path
    loads: tuple[tuple[str, ...], ...]
    hints: dict[str, str] = field(default_factory=dict, hash=False)
    cannot_run: dict[str, str] = field(default_factory=dict, hash=False)
    since: Since | None = None
    more_loads: tuple[tuple[str, ...], ...] = ()

    def why_not(self, target: Target) -> str | None:
        """Return why the lab cannot run on a target, or None if it can."""
        reason = self.cannot_run.get(target.arch)
        if reason or not self.since:
            return reason
        return self.since.why_not(target.series)


@dataclass(frozen=True)
class Load:
    """A lab's module, loaded with these parameters."""

    lab: Lab
    parameters: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.lab.name, *self.parameters))


def all_labs() -> list[Lab]:
    """Return the labs in teaching order, which is that of their directories."""
    return [_read(path) for path in sorted(LABS.glob("[0-9]*_*/lab.toml"))]


def _read(path: Path) -> Lab:
    data = tomllib.loads(path.read_text())
    return Lab(
        name=data["name"],
        title=data["title"],
        directory=path.parent,
        loads=tuple(tuple(load.split()) for load in data["loads"]),
        hints=data.get("hints", {}),
        cannot_run=data.get("cannot_run", {}),
        since=_read_since(path, data.get("since")),
        more_loads=tuple(tuple(load.split()) for load in data.get("more_loads", [])),
    )


def _read_since(path: Path, table: object) -> Since | None:
    match table:
        case None:
            return None
        case {"series": str(series), "reason": str(reason), **rest} if not rest:
            if series in SERIES and reason:
                return Since(series, reason)
    raise SetupError(
        f"{path}: [since] wants series=, which is one of {', '.join(SERIES)}, and reason="
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
        if _full_name(name) not in known:
            raise RequestError(f"LAB={name} is unknown: choose from {', '.join(known)}")
    return {_full_name(name) for name in names} or set(known)


def _full_name(name: str) -> str:
    return name if name.startswith("lab_") else f"lab_{name}"
