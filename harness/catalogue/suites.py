"""The KUnit suites: each lab's, from its lab.toml, and those that are no lab's.

What the latter are called, and what they are loaded after, is in a suite.toml beside
their sources.
"""

from dataclasses import dataclass
from pathlib import Path

from harness.base import toml
from harness.base.errors import RequestError
from harness.base.paths import KUNIT
from harness.catalogue import labs
from harness.catalogue.labs import Lab, Since
from harness.kernels.targets import Target

# What LAB= calls the suite of what all labs share.
CORE = "lab_core"


@dataclass(frozen=True)
class Suite:
    """A suite's module, what LAB= calls it, and the modules that each load begins with."""

    module: str
    lab: str
    loads: tuple[tuple[str, ...], ...]
    since: Since | None = None

    def why_not(self, target: Target) -> str | None:
        """Return why the suite cannot run on a target, or None if it can."""
        return self.since.why_not(target.series) if self.since else None


@dataclass(frozen=True)
class SuiteLoad:
    """A suite with the modules that it is loaded after, each with its parameters."""

    suite: Suite
    modules: tuple[str, ...]

    def __str__(self) -> str:
        """Return the line of the guest's plan: what to load, in order."""
        return ";".join((*self.modules, self.suite.module))

    @property
    def name(self) -> str:
        """What the results call it: two loads of one suite differ."""
        loaded = [module for module in self.modules if not module.startswith("!")]
        parameters = [module.split(" ", 1)[1] for module in loaded if " " in module]
        return " ".join((self.suite.lab, *parameters))


def all_suites(directory: Path = KUNIT) -> list[Suite]:
    """Return the suites of a directory: the labs', in teaching order, then the others.

    Raises SetupError, with the file and the key, for a description that makes no sense.
    """
    mine = [
        Suite(f"{lab.name}_kunit", lab.name, lab.suite_loads, lab.since)
        for lab in labs.all_labs()
        if lab.suite_loads and any(directory.rglob(f"{lab.name}_kunit.c"))
    ]
    return mine + [_read(path) for path in sorted(directory.rglob("suite.toml"))]


def _read(path: Path) -> Suite:
    file = toml.read(path)
    return Suite(file.text("module"), file.text("name"), labs.read_suite_loads(file))


def of_contract(chosen: list[Lab], directory: Path = KUNIT) -> list[Suite]:
    """Return the suites that prove the contract for some labs.

    With all labs that is the core's as well, on which each of them rests.
    """
    names = {lab.name for lab in chosen}
    if names >= {lab.name for lab in labs.all_labs()}:
        names.add(CORE)
    return [suite for suite in all_suites(directory) if suite.lab in names]


def choose(wanted: str | None, directory: Path = KUNIT) -> list[Suite]:
    """Return the suites that LAB= names, all if it names none.

    Names are separated by commas or blanks; the "lab_" may be left out. Raises
    RequestError, with the valid names, for an unknown one and for a lab without a suite.
    """
    suites = all_suites(directory)
    known = [suite.lab for suite in suites]
    without = {lab.name: lab.no_suite for lab in labs.all_labs() if lab.name not in known}
    chosen = labs.choose_names(wanted, [*known, *without]) if wanted else set(known)
    for name in chosen.intersection(without):
        why = f" ({without[name]})" if without[name] else ""
        raise RequestError(f"{name} has no KUnit suite{why}: choose from {', '.join(known)}")
    return [suite for suite in suites if suite.lab in chosen]
