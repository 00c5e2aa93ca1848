"""The clauses of the mapping contract, as docs/contract.md has them.

The page is the source: a heading of the third level is a clause's number and title,
and the names behind "Proved by" are its checks.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.base.errors import RequestError, SetupError
from harness.base.paths import ROOT

PAGE = ROOT / "docs/contract.md"

# What is checked by listening to the guest's kernel while all other checks run.
REPORTS = "kernel_reports_nothing"
LEAKS = "kmemleak_lists_nothing"
OBSERVED = (REPORTS, LEAKS)

_HEADING = re.compile(r"^### (\d+\.\d+) (.+)$")
_CHECK = re.compile(r"`(\w+)`")


@dataclass(frozen=True)
class Clause:
    """A statement: its number, as "4.2", its title, and the names of its checks."""

    number: str
    title: str
    checks: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


@cache
def read(page: Path = PAGE) -> tuple[Clause, ...]:
    """Return the clauses in the order of the page. It is read once.

    Raises SetupError for a clause without checks, and for a number that comes twice.
    """
    found: list[Clause] = []
    for heading, text in _sections(page.read_text()):
        number, title = heading
        proof = re.search(r"^Proved by (.+?)\.\s*$", text, re.MULTILINE | re.DOTALL)
        checks = tuple(_CHECK.findall(proof[1])) if proof else ()
        if not checks or len(set(checks)) != len(checks):
            raise SetupError(f"{page}: clause {number} needs 'Proved by', and each check once")
        if number in (clause.number for clause in found):
            raise SetupError(f"{page}: clause {number} is there twice")
        found.append(Clause(number, title, checks))
    return tuple(found)


def _sections(text: str) -> list[tuple[tuple[str, str], str]]:
    """Return each clause's heading, in its two parts, and what stands below it."""
    sections: list[tuple[tuple[str, str], list[str]]] = []
    inside = False
    for line in text.splitlines():
        if match := _HEADING.match(line):
            sections.append(((match[1], match[2]), []))
        inside = bool(match) or (inside and not line.startswith("#"))
        if inside and not match:
            sections[-1][1].append(line)
    return [(heading, "\n".join(lines)) for heading, lines in sections]


def is_observed(clause: Clause) -> bool:
    """Say whether no check of its own proves a clause, but a silent kernel."""
    return set(clause.checks) <= set(OBSERVED)


def choose(wanted: str | None, page: Path = PAGE) -> list[Clause]:
    """Return the clauses that CLAUSE= names, all if it names none.

    "4" stands for all whose number begins with "4."; several are separated by commas
    or blanks. Raises RequestError for one that is not there.
    """
    clauses = read(page)
    names = (wanted or "").replace(",", " ").split()
    if wanted and not names:
        raise RequestError(f"CLAUSE={wanted!r} names no clause: write 4, or 4.2,5")
    for name in names:
        if not any(_is_named(clause, name) for clause in clauses):
            numbers = ", ".join(clause.number for clause in clauses)
            raise RequestError(f"CLAUSE={name} is unknown: choose from {numbers}, or a chapter")
    return [
        clause for clause in clauses if not names or any(_is_named(clause, name) for name in names)
    ]


def _is_named(clause: Clause, name: str) -> bool:
    return clause.number == name or clause.number.startswith(f"{name}.")
