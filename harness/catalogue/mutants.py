"""Mutants: the rules by which they are made, and those that nobody could tell from the labs.

A rule is a semantic patch for Coccinelle in catalogue/rules: the mistake that it makes is in
its first line. equivalent.toml, beside a lab, has a table for each mutant that is right as well:

    [[mutant]]
    file = "lab_core.c"
    function = "lab_unregister"
    rule = "left-out"
    changes = ["mutex_destroy(&lab->lock); => {}"]
    reason = "Why no check can notice it."
"""

from dataclasses import dataclass
from pathlib import Path

from harness.base import toml
from harness.base.errors import RequestError
from harness.base.paths import LABS
from harness.base.toml import Table

RULES = Path(__file__).parent / "rules"

# What stands in front of every rule, and chooses one of the places that it matches.
PICKED = RULES / "picked.inc"

_EQUIVALENT = "equivalent.toml"


@dataclass(frozen=True)
class Rule:
    """A semantic patch, and in words the mistake that it makes."""

    path: Path
    what: str

    @property
    def name(self) -> str:
        """What the reports call it."""
        return self.path.stem


@dataclass(frozen=True)
class Mutant:
    """A wrong version of a source: its whole text, and what differs.

    ``file`` is a path below labs/, ``line`` where the difference begins, and ``change`` what
    stood there and what stands there now, without line breaks, as "old => new".
    """

    rule: str
    file: str
    function: str
    line: int
    change: str
    text: str

    @property
    def name(self) -> str:
        """Where it is, and the rule."""
        return f"{self.file}:{self.line} {self.rule}"

    @property
    def owner(self) -> str:
        """The directory below labs/ that the source is in."""
        return self.file.split("/")[0]


@dataclass(frozen=True)
class Equivalent:
    """A mutant that is as right as the lab, and the reason."""

    file: str
    function: str
    rule: str
    change: str
    reason: str

    def is_of(self, mutant: Mutant) -> bool:
        """Say whether this is the mutant."""
        mine = (self.file, self.function, self.rule, self.change)
        return mine == (mutant.file, mutant.function, mutant.rule, mutant.change)

    def __str__(self) -> str:
        return f"{self.file}, {self.function}(), {self.rule}: {self.change}"


def rules(directory: Path = RULES) -> list[Rule]:
    """Return the rules of a directory."""
    found = []
    for path in sorted(directory.glob("*.cocci")):
        first = path.read_text().splitlines()[0]
        found.append(Rule(path, first.removeprefix("//").strip()))
    return found


def choose_rules(wanted: str | None) -> list[Rule]:
    """Return the rules in RULE=, all if it names none. Raises RequestError for an unknown one."""
    every = rules()
    names = (wanted or "").replace(",", " ").split()
    for name in names:
        if name not in [rule.name for rule in every]:
            known = ", ".join(rule.name for rule in every)
            raise RequestError(f"RULE={name} is unknown: choose from {known}")
    return [rule for rule in every if not names or rule.name in names]


def sources(labs: Path = LABS) -> list[Path]:
    """Return the sources that are mutated: what all labs share, then each lab's."""
    return [*sorted(labs.glob("core/*.c")), *sorted(labs.glob("[0-9]*_*/*.c"))]


def read_equivalents(labs: Path = LABS) -> list[Equivalent]:
    """Return the mutants that are known to be right, of a directory of labs.

    Raises SetupError, with the file and the key, for an entry that makes no sense.
    """
    found = []
    for path in sorted(labs.glob(f"*/{_EQUIVALENT}")):
        file = toml.read(path)
        found += [one for table in file.tables("mutant") for one in _read(table)]
        file.end()
    return found


def _read(table: Table) -> list[Equivalent]:
    """Return an entry for each change of a table."""
    file = f"{table.path.parent.name}/{table.text('file')}"
    function, rule = table.text("function"), table.text("rule")
    changes, reason = table.texts("changes"), " ".join(table.text("reason").split())
    table.end()
    return [Equivalent(file, function, rule, change, reason) for change in changes]
