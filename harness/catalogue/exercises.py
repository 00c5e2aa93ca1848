"""The exercises of a lab: which parts of its source a student writes.

The labs are the solutions, and no mark in them says so. The tables ``[[exercise]]`` of lab.toml
do, in the order in which a student works:

    title, points       a line of the table of results, and what it is worth
    function            the function that it is about
    source              the file that has the function, by default the lab's own
    quote               the lines of the function that are left out; without it, its body
    todo                the comment that the student finds there
    instead             the code that stands there, so that all compiles; "" for none
    clauses             of docs/contract.md: the points are earned if all their checks pass
    hints               from a nudge to nearly the answer
    mistake             instead of quote, todo and instead: a mistake of the catalogue, as
                        "offset-ignored", that the student has to find. Nothing shown to the
                        student before may name its function.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from harness.base import toml
from harness.base.errors import SetupError
from harness.base.toml import Table
from harness.catalogue import contract, mistakes, patches
from harness.catalogue.labs import Lab

# What the points of each lab sum up to, so that labs compare.
POINTS_OF_A_LAB = 20


@dataclass(frozen=True)
class Span:
    """Lines of a source, from ``first`` to before ``end``, counted from 0."""

    first: int
    end: int


@dataclass(frozen=True)
class Exercise:
    """One exercise: what is left out, what stands there instead, and what it must prove.

    ``quote``, ``todo`` and ``instead`` are empty if it is to find a ``mistake``.
    """

    lab: Lab
    number: int
    title: str
    points: int
    function: str
    source: str
    quote: str
    todo: str
    instead: str
    clauses: tuple[str, ...]
    hints: tuple[str, ...]
    mistake: str | None

    @property
    def name(self) -> str:
        """The lab without "lab_", and the number, as in "pages/2"."""
        return f"{self.lab.name.removeprefix('lab_')}/{self.number}"

    @property
    def patch(self) -> Path | None:
        """The patch that makes the mistake that is to be found, or None."""
        return self.lab.directory / f"mistakes/{self.mistake}.patch" if self.mistake else None

    def span(self, text: str) -> Span:
        """Return the lines of a source that are left out.

        Raises SetupError if the function is not there, or if the quote is not there once.
        """
        lines = text.splitlines()
        body = body_of(lines, self.function)
        if not body:
            self.refuse("function", f"{self.function}() is not in {self.source}")
        if not self.quote.strip():
            return body
        wanted = [line.strip() for line in self.quote.strip("\n").splitlines()]
        inside = [line.strip() for line in lines[body.first : body.end]]
        starts = [at for at in range(len(inside)) if inside[at : at + len(wanted)] == wanted]
        if len(starts) != 1:
            often = "does not match" if not starts else f"matches {len(starts)} times"
            self.refuse("quote", f"{often} in {self.function}(): {wanted[0]}")
        first = body.first + starts[0]
        return Span(first, first + len(wanted))

    def refuse(self, key: str, why: str) -> NoReturn:
        """Raise SetupError about a key of the exercise's table."""
        raise SetupError(f"{self.lab.directory / 'lab.toml'}: exercise {self.name}: {key} {why}")


def body_of(lines: list[str], function: str) -> Span | None:
    """Return the lines between the braces of a function that is written in the kernel's style."""
    head = re.compile(rf"^\w[^;={{}}]*\b{function}\(")
    for number, line in enumerate(lines):
        if not head.match(line):
            continue
        for first in range(number, len(lines)):
            if lines[first].endswith(";"):
                break
            if lines[first] == "{":
                end = lines.index("}", first)
                return Span(first + 1, end)
    return None


def read(lab: Lab) -> list[Exercise]:
    """Return a lab's exercises in order; there may be none.

    Raises SetupError, with the file and the exercise's name, for one that makes no sense.
    """
    tables = toml.read(lab.directory / "lab.toml").tables("exercise")
    found = [_read(lab, number, table) for number, table in enumerate(tables, 1)]
    _refuse_overlaps(found)
    _refuse_shared_clauses(found)
    return found


def all_of(chosen: Iterable[Lab]) -> list[Exercise]:
    """Return the exercises of some labs, in order. Raises SetupError likewise."""
    return [exercise for lab in chosen for exercise in read(lab)]


def _read(lab: Lab, number: int, table: Table) -> Exercise:
    is_hunt = "mistake" in table.values
    exercise = Exercise(
        lab=lab,
        number=number,
        title=table.text("title"),
        points=table.number("points"),
        function=table.text("function"),
        source=table.text("source") if "source" in table.values else f"{lab.name}.c",
        quote=table.text("quote") if "quote" in table.values else "",
        todo="" if is_hunt else " ".join(table.text("todo").split()),
        instead="" if is_hunt else table.text("instead", empty=True),
        clauses=table.texts("clauses"),
        hints=tuple(" ".join(hint.split()) for hint in table.texts("hints")),
        mistake=table.text("mistake") if is_hunt else None,
    )
    table.end()
    _check(exercise)
    return exercise


def _check(exercise: Exercise) -> None:
    """Raise SetupError for an exercise that makes no sense by itself."""
    known = {clause.number for clause in contract.read()}
    for clause in exercise.clauses:
        if clause not in known:
            exercise.refuse("clauses", f"has {clause}, which is not in {contract.PAGE.name}")
    for key in ("clauses", "hints"):
        if not getattr(exercise, key):
            exercise.refuse(key, "is empty")
    if exercise.points < 1:
        exercise.refuse("points", "must be at least 1")
    path = exercise.lab.directory / exercise.source
    if not path.is_file():
        exercise.refuse("source", f"{exercise.source} is not there")
    exercise.span(path.read_text())
    if exercise.patch:
        _check_hunt(exercise, exercise.patch)


def _check_hunt(exercise: Exercise, patch: Path) -> None:
    if exercise.quote:
        exercise.refuse("quote", "has no place beside a mistake")
    if not patch.is_file():
        exercise.refuse("mistake", f"{exercise.mistake} is not in the catalogue of this lab")
    clause = patches.header(patch, mistakes.KEYS, ("What", "Clause"))["Clause"]
    if clause not in exercise.clauses:
        exercise.refuse("clauses", f"must have {clause}, by which the mistake is noticed")


def _refuse_overlaps(found: list[Exercise]) -> None:
    """Raise SetupError if two exercises leave out the same line."""
    taken: dict[tuple[str, int], Exercise] = {}
    for exercise in (one for one in found if not one.mistake):
        text = (exercise.lab.directory / exercise.source).read_text()
        span = exercise.span(text)
        for line in range(span.first, span.end):
            other = taken.setdefault((exercise.source, line), exercise)
            if other is not exercise:
                exercise.refuse("quote", f"has a line that {other.name} leaves out as well")


def _refuse_shared_clauses(found: list[Exercise]) -> None:
    """Raise SetupError if a clause earns points twice."""
    taken: dict[str, Exercise] = {}
    for exercise in found:
        for clause in exercise.clauses:
            other = taken.setdefault(clause, exercise)
            if other is not exercise or exercise.clauses.count(clause) > 1:
                exercise.refuse("clauses", f"has {clause}, which {other.name} has")
