"""What built programs and modules say of themselves: mapping, operations and checks.

Nothing else reads the C of userspace/ and kunit/ to learn them.
"""

import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from harness.base import sandbox, tools
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.paths import BUILD
from harness.base.sandbox import Limits, Sandbox
from harness.build import check_programs
from harness.build.modules import Modules
from harness.catalogue.drivers import Driver
from harness.catalogue.labs import Lab
from harness.catalogue.suites import Suite

# A module is small: what takes longer reads one that was made to be slow.
_LIMITS = Limits(file=1 << 20, seconds=20, address_space=1 << 30, processor_seconds=10)


@dataclass(frozen=True)
class Listing:
    """What `CHECK_PROGRAM --list` prints for a lab.

    ``mapping_with`` maps a parameter to the mapping that the lab makes with it;
    ``page_by_page`` says that each page is mapped by a call of its own. ``usual``
    are the checks of a plain run, ``thorough`` those that --thorough adds, ``races`` those
    that need two processors and run by name only, all in order. ``left_out`` maps each check
    that the lab cannot have to the operation that it lacks, ``seconds`` each check that may
    take longer than is usual to how long it may.
    """

    lab: str
    mapping: str
    mapping_with: dict[str, str]
    operations: tuple[str, ...]
    usual: tuple[str, ...]
    thorough: tuple[str, ...]
    races: tuple[str, ...]
    left_out: dict[str, str]
    page_by_page: bool = False
    seconds: dict[str, int] = field(default_factory=dict)

    @property
    def checks(self) -> set[str]:
        """The names of all checks."""
        return {*self.usual, *self.thorough, *self.races}


@cache
def of_programs() -> dict[str, Listing]:
    """Return what each lab's check program says, by the lab's name.

    The programs are built first, if need be. Raises SetupError if that fails.
    """
    with locked(BUILD / "build.lock", "the build"):
        programs = check_programs.build()
        return {name: parse(_list(programs.executable, name)) for name in programs.names}


def of(lab: Lab) -> Listing:
    """Return what a lab's check program says, or that of a driver, which depends on the driver."""
    return _of_driver(lab) if isinstance(lab, Driver) else of_programs()[lab.name]


@cache
def _of_driver(driver: Driver) -> Listing:
    with locked(BUILD / "build.lock", "the build"):
        programs = check_programs.build()
        name = check_programs.ANY_DRIVER
        return parse(_list(programs.executable, name, "--driver", driver.facts))


def _list(executable: Path, name: str, *options: str) -> str:
    """Return what the program prints under a name."""
    command = [name, "--list", *options]
    result = subprocess.run(
        command, executable=executable, capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise SetupError(f"{executable} as {name} --list failed: {tools.printable(result.stderr)}")
    return result.stdout


def cases_of(suite: Suite, built: Modules) -> set[str]:
    """Return the names of a suite's cases, from its module; none if it was not built.

    The macro KMAPLAB_SUITE in kunit/shared/suite.h puts them there.
    """
    cases: set[str] = set()
    for path in built.files:
        if path.stem == suite.module:
            cases |= set(_modinfo(path, "kunit_case", built.sandboxed))
    return cases


def _modinfo(module: Path, field: str, sandboxed: bool) -> list[str]:
    """Return what a module says in its fields of a name."""
    box = Sandbox(module.parent, read=(module,), limits=_LIMITS) if sandboxed else None
    result = sandbox.ask(box, ["modinfo", "-F", field, str(module)])
    if result.returncode:
        raise SetupError(f"modinfo cannot read {module}: {tools.printable(result.stderr)}")
    return result.stdout.split()


def parse(text: str) -> Listing:
    """Read a listing. Raises SetupError for a line that makes no sense."""
    facts: dict[str, list[list[str]]] = {"lab": [], "mapping": [], "operations": []}
    facts |= {"page_by_page": [], "usual": [], "thorough": [], "race": [], "left_out": []}
    for line in text.splitlines():
        fact, *words = line.split() or [""]
        if fact not in facts or not words:
            raise SetupError(f"--list of a check program has a line that makes no sense: '{line}'")
        facts[fact].append(words)
    return Listing(
        lab=facts["lab"][0][0],
        mapping=next(words[0] for words in facts["mapping"] if len(words) == 1),
        mapping_with={words[0]: words[1] for words in facts["mapping"] if len(words) == 2},
        operations=tuple(facts["operations"][0]),
        usual=tuple(words[0] for words in facts["usual"]),
        thorough=tuple(words[0] for words in facts["thorough"]),
        races=tuple(words[0] for words in facts["race"]),
        left_out={words[0]: words[1] for words in facts["left_out"]},
        page_by_page=facts["page_by_page"] == [["yes"]],
        seconds={
            words[0]: int(words[1])
            for words in (*facts["usual"], *facts["thorough"], *facts["race"])
            if len(words) > 1
        },
    )
