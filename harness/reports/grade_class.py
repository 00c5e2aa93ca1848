"""What a teacher gets of a class: tables for Canvas and Moodle, and a page."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.markup import escape

from harness.base.errors import CHECK_FAILED, OK
from harness.catalogue import mistakes
from harness.grading.graded import Graded
from harness.grading.outcome import ClassMarks
from harness.grading.similar import Pair
from harness.reports import grade_files, tables
from harness.reports.tables import Column, Paragraph, Row

# The bars of the histogram: so many, from nothing to all points.
_BARS = 10

# Of one clause so many mistakes are named.
_MOST_MISTAKES = 4

# With these a cell would be a formula in a program that opens the table.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Missed:
    """A clause that students have failed: how many, and what is usually wrong then."""

    clause: str
    title: str
    students: int
    meanings: tuple[str, ...]


@dataclass(frozen=True)
class UnusualSymbol:
    """A symbol that a lab of these students imports, and no lab of the project does."""

    symbol: str
    lab: str
    students: tuple[str, ...]


@dataclass(frozen=True)
class ClassReport:
    """The marks of a class, those that have none, and who has handed in the same."""

    outcome: ClassMarks
    pairs: Sequence[Pair]
    assignment: str = "kmaplab"
    _titles: dict[str, str] = field(default_factory=grade_files.titles)

    @property
    def status(self) -> int:
        """0 only if every submission got a mark."""
        return CHECK_FAILED if self.outcome.problems else OK

    @property
    def possible(self) -> int:
        return max((graded.possible for graded in self.outcome.graded), default=0)

    def write(self, directory: Path) -> None:
        """Write the files of the class."""
        (directory / "canvas.csv").write_text(self.as_canvas())
        (directory / "moodle.csv").write_text(self.as_moodle())
        page = grade_files.pages().get_template("class.html")
        (directory / "index.html").write_text(page.render(report=self) + "\n")

    def as_canvas(self) -> str:
        """Return the table that Canvas' gradebook imports."""
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", self.assignment]
        possible = ["    Points Possible", "", "", "", "", self.possible]
        rows = [
            [one.student.name, one.student.number, "", _login(one), "", one.earned]
            for one in self.outcome.graded
        ]
        return _as_csv([head, possible, *rows])

    def as_moodle(self) -> str:
        """Return the table that Moodle imports."""
        head = ["Identifier", "Full name", "Grade", "Maximum grade"]
        rows = [
            [_participant(one), one.student.name, one.earned, one.possible]
            for one in self.outcome.graded
        ]
        return _as_csv([head, *rows])

    @property
    def histogram(self) -> list[tuple[str, int, int]]:
        """The bars: the points that each stands for, how many students, and its height in %."""
        most = max(self.possible, 1)
        count = Counter(
            min(_BARS - 1, graded.earned * _BARS // most) for graded in self.outcome.graded
        )
        highest = max(count.values(), default=1)
        bars = []
        for bar in range(_BARS):
            first, last = -(-bar * most // _BARS), -(-(bar + 1) * most // _BARS) - 1
            last = most if bar == _BARS - 1 else last
            bars.append((f"{first}-{last}", count[bar], 100 * count[bar] // highest))
        return bars

    @property
    def missed(self) -> list[Missed]:
        """The clauses that students have failed, the most frequent first."""
        count: Counter[str] = Counter()
        for graded in self.outcome.graded:
            count.update({failure.clause for _, failure in _failures(graded)})
        labs = {lab.lab for graded in self.outcome.graded for lab in graded.labs}
        return [
            Missed(clause, self._titles.get(clause, ""), number, _meanings(clause, labs))
            for clause, number in count.most_common()
        ]

    @property
    def unusual(self) -> list[UnusualSymbol]:
        """What modules import and no lab of the project does, first what fewest students use."""
        users: dict[tuple[str, str], list[str]] = {}
        for graded in self.outcome.graded:
            for lab in graded.labs:
                for symbol in lab.unusual:
                    users.setdefault((symbol, lab.lab), []).append(graded.student.key)
        found = sorted(users.items(), key=lambda item: (len(item[1]), item[0]))
        return [UnusualSymbol(*symbol, tuple(students)) for symbol, students in found]

    @property
    def labs(self) -> list[str]:
        """The labs that were graded."""
        return [lab.lab for lab in self.outcome.graded[0].labs] if self.outcome.graded else []

    def print(self) -> None:
        """Print the marks for people, and a line for each submission without one."""
        console = tables.open_console()
        columns = [Column("student"), *(Column(lab, numbers=True) for lab in self.labs)]
        every = [*columns, Column("points", numbers=True)]
        rows = [Row((escape(one.student.key), *_points(one))) for one in self.outcome.graded]
        short = [Row((row.cells[0], row.cells[-1])) for row in rows]
        if rows:
            whole = tables.make(every, rows)
            narrow = tables.make([every[0], every[-1]], short)
            lines = [Paragraph(row.cells[0], [row.cells[-1]]) for row in rows]
            tables.show(console, [whole, narrow], lines)
        for problem in self.outcome.problems:
            tables.say(console, problem)
        if self.outcome.new:
            tables.say(console, speed(self.outcome))


def speed(outcome: ClassMarks) -> str:
    """Return how fast a class was graded, and what the time went to."""
    count = len(outcome.new)
    what = f"{count} submission{'' if count == 1 else 's'}"
    parts = ", ".join(f"{name} {100 * part:.0f} %" for name, part in outcome.parts.items())
    text = f"graded {what} in {outcome.seconds:.0f} s, {outcome.a_minute:.1f} a minute"
    return f"{text}: {parts}" if parts else text


def _points(graded: Graded) -> list[str]:
    """Return the cells of a student's row: the points of each lab, and of all."""
    return [
        *(f"{lab.earned}/{lab.possible}" for lab in graded.labs),
        f"{graded.earned}/{graded.possible}",
    ]


def _failures(graded: Graded) -> list[tuple[str, Any]]:
    return [
        (lab.lab, failure)
        for lab in graded.labs
        for exercise in lab.exercises
        for failure in exercise.failures
    ]


def _meanings(clause: str, labs: set[str]) -> tuple[str, ...]:
    """Return what mistakes of the catalogue break a clause of these labs."""
    found = dict.fromkeys(
        one.what
        for one in mistakes.read_all()
        if one.clause.number == clause and one.load.lab.name in labs
    )
    return tuple(found)[:_MOST_MISTAKES]


def _login(graded: Graded) -> str:
    return "" if graded.student.number else graded.student.key


def _participant(graded: Graded) -> str:
    number = graded.student.number
    return f"Participant {number}" if number else graded.student.key


def _as_csv(rows: list[list[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def _cell(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
