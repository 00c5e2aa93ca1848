"""The KUnit suites as kunit/suites.toml describes them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from harness.catalogue import labs
from harness.base.paths import KUNIT
from harness.kernels.targets import Target


@dataclass(frozen=True)
class Suite:
    """A suite's module, and what LAB= calls it."""

    module: str
    lab: str
    loads: tuple[tuple[str, ...], ...]

    def why_not(self, target: Target) -> str | None:
        """Return why the suite cannot run on a target, or None if it can."""
        since = next((lab.since for lab in labs.all_labs() if lab.name == self.lab), None)
        return since.why_not(target.series) if since else None


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
    """Return the suites in the order of suites.toml."""
    data = tomllib.loads((directory / "suites.toml").read_text())
    return [
        Suite(module, table["lab"], tuple(_modules(load) for load in table["loads"]))
        for module, table in data.items()
    ]


def _modules(load: str) -> tuple[str, ...]:
    return tuple(module.strip() for module in load.split(";") if module.strip())


def choose(wanted: str | None, directory: Path = KUNIT) -> list[Suite]:
    """Return the suites that LAB= names, all if it names none.

    Names are separated by commas or blanks; the "lab_" may be left out. Raises
    RequestError, with the valid names, for an unknown one.
    """
    suites = all_suites(directory)
    chosen = labs.choose_names(wanted, [suite.lab for suite in suites])
    return [suite for suite in suites if suite.lab in chosen]
