"""The catalogue of mistakes: wrong versions of the labs, as patches beside them.

    labs/01_kmalloc/mistakes/offset-ignored.patch

        What: the offset that user space asks for is ignored
        Clause: 1.6

        --- a/lab_kmalloc.c
        +++ b/lab_kmalloc.c
        ...

``Clause`` is the one of docs/contract.md whose checks must notice. ``Load`` are the
parameters, by default the first of lab.toml's. ``On`` is an architecture, by default um. ``By``
is user (default), the lab's check program, or kunit, its suite. ``Lab``, in the
directory of what all share, says which lab shows it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from harness.catalogue import contract, labs
from harness.catalogue.contract import Clause
from harness.base.errors import RequestError, SetupError
from harness.catalogue.labs import Lab, Load
from harness.base.paths import LABS
from harness.kernels.targets import ARCHES, KUNIT_ARCH, Target

_KEYS = ("What", "Clause", "Load", "On", "By", "Lab")
_CORE = "core"
_HEADER = re.compile(r"^(\w+): (\S.*)$")


@dataclass(frozen=True)
class Mistake:
    """One wrong version: its patch, whose it is, and which clause must notice.

    ``owner`` is the directory below labs/ that the patch is applied in; ``arch`` where it
    runs, and ``by_kunit`` whether the suite or the check program must notice.
    """

    patch: Path
    what: str
    clause: Clause
    owner: str
    load: Load
    arch: str
    by_kunit: bool

    @property
    def name(self) -> str:
        """The lab without its number, and the patch, as in "kmalloc/offset-ignored"."""
        return f"{self.owner.split('_', 1)[-1]}/{self.patch.stem}"

    def why_not(self, series: str) -> str | None:
        """Return why it cannot be shown on a series, or None if it can."""
        wanted = Target(series, self.arch)
        if not wanted.has_image:
            return f"needs {self.arch}, which has no kernel {series}"
        since = self.load.lab.since
        return since.why_not(series) if since else None


def read_all(directory: Path = LABS) -> list[Mistake]:
    """Return the catalogue in teaching order, what all labs share first.

    Raises SetupError, with the patch's name, for a header that makes no sense.
    """
    known = {lab.directory.name: lab for lab in labs.all_labs()}
    patches = directory.glob("*/mistakes/*.patch")
    clauses = {clause.number: clause for clause in contract.read()}
    order = sorted(patches, key=lambda path: (path.parts[-3] != _CORE, path))
    return [_read(patch, known, clauses) for patch in order]


def _read(patch: Path, known: dict[str, Lab], clauses: dict[str, Clause]) -> Mistake:
    header = _header(patch)
    owner = patch.parts[-3]
    lab = known.get(owner)
    if owner == _CORE:
        lab = next((lab for lab in known.values() if lab.name == header.get("Lab")), None)
    elif "Lab" in header:
        raise SetupError(f"{patch}: Lab: is for what all labs share only")
    if lab is None:
        raise SetupError(f"{patch}: Lab: wants one of {', '.join(sorted(known))}")
    if header["Clause"] not in clauses:
        raise SetupError(f"{patch}: Clause: {header['Clause']} is not in {contract.PAGE.name}")
    arch, by = header.get("On", KUNIT_ARCH), header.get("By", "user")
    possible = {"user", "kunit"} if arch == KUNIT_ARCH else {"user"}
    if arch not in ARCHES or by not in possible:
        raise SetupError(
            f"{patch}: wants On: {' or '.join(ARCHES)}, and By: user or, on {KUNIT_ARCH}, kunit"
        )
    if by == "user" and (reason := lab.cannot_run.get(arch)):
        raise SetupError(f"{patch}: the check program of {lab.name} cannot run on {arch}: {reason}")
    parameters = tuple(header["Load"].split()) if "Load" in header else lab.loads[0]
    return Mistake(
        patch=patch,
        what=header["What"],
        clause=clauses[header["Clause"]],
        owner=owner,
        load=Load(lab, parameters),
        arch=arch,
        by_kunit=by == "kunit",
    )


def _header(patch: Path) -> dict[str, str]:
    """Return the lines before the first empty one, each of them "Key: value"."""
    header: dict[str, str] = {}
    for line in patch.read_text().splitlines():
        if not line:
            break
        match = _HEADER.match(line)
        if not match or match[1] not in _KEYS or match[1] in header:
            raise SetupError(f"{patch}: '{line}' is none of {', '.join(_KEYS)}, or there twice")
        header[match[1]] = match[2]
    for key in ("What", "Clause"):
        if key not in header:
            raise SetupError(f"{patch}: has no line '{key}:'")
    return header


def choose(
    lab: str | None, clause: str | None, only: str | None, directory: Path = LABS
) -> list[Mistake]:
    """Return the mistakes of the labs in LAB=, of the clauses in CLAUSE=, named in ONLY=.

    ONLY= has names as kmalloc/offset-ignored, separated by commas or blanks. Raises
    RequestError, with what is there, for an unknown one.
    """
    every = read_all(directory)
    if not every:
        raise RequestError(f"{directory} holds no mistakes: they would be */mistakes/*.patch")
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
        raise RequestError("no mistake is of that lab and that clause: ask for fewer")
    return chosen


def owner_lab(mistake: Mistake) -> str:
    """Return the lab whose source the mistake is in, or lab_core."""
    return "lab_core" if mistake.owner == _CORE else mistake.load.lab.name
