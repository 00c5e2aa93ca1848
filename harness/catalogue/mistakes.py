"""The catalogue of mistakes: wrong versions of the labs, as patches beside them.

    labs/01_kmalloc/mistakes/offset-ignored.patch

        What: the offset that user space asks for is ignored
        Harm: a program that maps the second page writes into the first
        Clause: 1.6

        --- a/lab_kmalloc.c
        +++ b/lab_kmalloc.c
        ...

``Harm`` is what it would do on a machine that others use. ``Clause`` is the one of
docs/contract.md whose checks must notice. ``Load`` are the parameters, by default the first of
lab.toml's. ``On`` is an architecture, by default um, and ``Since`` the first series that
shows it, by default the lab's. ``By`` is user (default), the lab's check
program, kunit, its suite, or core, the suite of what all labs share. ``Lab``, in the directory
of what all share, says which lab shows it. ``Alone: yes`` says that no other clause's checks
notice it.
"""

import random
from dataclasses import dataclass
from pathlib import Path

from harness.catalogue import contract, labs, patches, suites
from harness.catalogue.contract import Clause
from harness.base.errors import RequestError, SetupError
from harness.catalogue.labs import Lab, Load
from harness.base.paths import LABS
from harness.kernels.series import DEFAULT_SERIES, SERIES, number
from harness.kernels.targets import ARCHES, KUNIT_ARCH, Target

# Fails and Shown are for those that a lesson proposes: see catalogue/changes.py.
KEYS = ("What", "Harm", "Clause", "Alone", "Load", "On", "Since", "By", "Lab", "Fails", "Shown")


@dataclass(frozen=True)
class Mistake:
    """One wrong version: its patch, what is wrong and what harm it does, and which clause notices.

    ``owner`` is the directory below labs/ that the patch is applied in; ``arch`` where it
    runs, ``since`` the first series that shows it, if not all do, and ``suite`` what LAB= calls
    the suite that must notice, None if it is the check program. ``alone`` says that the checks of
    no other clause notice it.
    """

    patch: Path
    what: str
    harm: str
    clause: Clause
    owner: str
    load: Load
    arch: str
    suite: str | None
    since: str | None = None
    alone: bool = False

    @property
    def name(self) -> str:
        """The lab without its number, and the patch, as in "kmalloc/offset-ignored"."""
        return patches.name_of(self.patch)

    def why_not(self, series: str) -> str | None:
        """Return why it cannot be shown on a series, or None if it can."""
        wanted = Target(series, self.arch)
        if not wanted.has_image:
            return f"needs {self.arch}, which has no kernel {series}"
        if self.since and number(series) < number(self.since):
            return f"shows from Linux {self.since} on"
        since = self.load.lab.since
        return since.why_not(series) if since else None


def read_all(directory: Path = LABS) -> list[Mistake]:
    """Return the catalogue in teaching order, what all labs share first.

    Raises SetupError, with the patch's name, for a header that makes no sense.
    """
    known = {lab.directory.name: lab for lab in labs.all_labs()}
    found = directory.glob("*/mistakes/*.patch")
    clauses = {clause.number: clause for clause in contract.read()}
    order = sorted(found, key=lambda path: (path.parts[-3] != patches.CORE_FOLDER, path))
    return [_read(patch, known, clauses) for patch in order]


def _read(patch: Path, known: dict[str, Lab], clauses: dict[str, Clause]) -> Mistake:
    header = patches.header(patch, KEYS, ("What", "Harm", "Clause"))
    lab = patches.lab_of(patch, header.get("Lab"), known)
    if header["Clause"] not in clauses:
        raise SetupError(f"{patch}: Clause: {header['Clause']} is not in {contract.PAGE.name}")
    arch, by = header.get("On", KUNIT_ARCH), header.get("By", "user")
    possible = {"user": None, "kunit": lab.name, "core": suites.CORE}
    if arch != KUNIT_ARCH:
        possible = {"user": None}
    if arch not in ARCHES or by not in possible:
        raise SetupError(
            f"{patch}: needs On: {' or '.join(ARCHES)}, and By: user or, on {KUNIT_ARCH}, kunit "
            "or core"
        )
    if by == "user" and (reason := lab.cannot_run.get(arch)):
        raise SetupError(f"{patch}: the check program of {lab.name} cannot run on {arch}: {reason}")
    if header.get("Since", DEFAULT_SERIES) not in SERIES:
        raise SetupError(f"{patch}: Since: choose from {', '.join(SERIES)}")
    if header.get("Alone", "yes") != "yes":
        raise SetupError(f"{patch}: Alone: can only be yes")
    parameters = tuple(header["Load"].split()) if "Load" in header else lab.loads[0]
    return Mistake(
        patch=patch,
        what=header["What"],
        harm=header["Harm"],
        clause=clauses[header["Clause"]],
        owner=patches.owner_of(patch),
        load=Load(lab, parameters),
        arch=arch,
        suite=possible[by],
        since=header.get("Since"),
        alone="Alone" in header,
    )


def choose(
    lab: str | None, clause: str | None, only: str | None, directory: Path = LABS
) -> list[Mistake]:
    """Return the mistakes of the labs in LAB=, of the clauses in CLAUSE=, named in ONLY=.

    ONLY= has names as kmalloc/offset-ignored, separated by commas or blanks. Raises
    RequestError, with what is there, for an unknown one.
    """
    every = read_all(directory)
    if not every:
        raise RequestError(f"{directory} has no mistakes: they would be */mistakes/*.patch")
    shown = {owner_lab(mistake) for mistake in every} | {one.name for one in labs.all_labs()}
    names = labs.choose_names(lab, sorted(shown | {"lab_core"}))
    numbers = {chosen.number for chosen in contract.choose(clause)}
    wanted = (only or "").replace(",", " ").split()
    for name in wanted:
        if name not in [mistake.name for mistake in every]:
            known = ", ".join(mistake.name for mistake in every)
            raise RequestError(f"ONLY={name} is unknown: choose from {known}")
    chosen = [
        mistake
        for mistake in every
        if owner_lab(mistake) in names
        and mistake.clause.number in numbers
        and (not wanted or mistake.name in wanted)
    ]
    if not chosen:
        raise RequestError("no mistake is of both that lab and that clause")
    return chosen


def sample(mistakes: list[Mistake], count: int | None, seed: int) -> list[Mistake]:
    """Return so many mistakes, in their order and chosen by a seed; all without a count.

    Those of as many clauses as can be come first: a mistake of each, if there are enough.
    """
    if count is None:
        return mistakes
    mixed = random.Random(seed).sample(mistakes, len(mistakes))
    first = {mistake.clause.number: mistake for mistake in mixed}.values()
    rest = [mistake for mistake in mixed if mistake not in first]
    chosen = [*first, *rest][:count]
    return [mistake for mistake in mistakes if mistake in chosen]


def owner_lab(mistake: Mistake) -> str:
    """Return the lab whose source the mistake is in, or lab_core."""
    return "lab_core" if mistake.owner == patches.CORE_FOLDER else mistake.load.lab.name
