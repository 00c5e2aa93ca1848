"""What `make mutants` prints, and writes into docs/mutants.md."""

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.base.errors import CHECK_FAILED, OK
from harness.base.paths import LABS, ROOT
from harness.build import mutants
from harness.catalogue import contract
from harness.reports import tables, written
from harness.reports.forms import Report, seed_text
from harness.reports.tables import Column, Paragraph, Row
from harness.results.mutant_results import Fate, MutantResult, Score

PAGE = ROOT / "docs/mutants.md"

_SCORES = (
    "lab",
    "mutants",
    "do not build",
    "same code",
    "equivalent",
    "killed",
    "survived",
    "of 100",
)
_CLAUSES = ("clause", "mutants that its checks noticed", "that no other clause's did")

# What kills a mutant without a check of a clause.
_OTHER_CHECK = "a check of no clause"
_TROUBLE = "no check: the module does not load, or the guest dies"


@dataclass(frozen=True)
class MutantsReport(Report):
    """A whole run; ``sampled`` is how many places were chosen, None if all."""

    results: list[MutantResult]
    seed: int
    seconds: float
    sampled: int | None

    @property
    def survivors(self) -> list[MutantResult]:
        """Those that no check noticed."""
        return [one for one in self.results if one.fate is Fate.SURVIVED]

    @property
    def status(self) -> int:
        """The exit status that it calls for."""
        return CHECK_FAILED if self.survivors else OK

    def scores(self) -> dict[str, Score]:
        """Return the score of each lab, and of all."""
        names = dict.fromkeys(one.lab for one in self.results)
        each = {name: Score.of([one for one in self.results if one.lab == name]) for name in names}
        return each | {"all": Score.of(self.results)}

    def by_clause(self) -> dict[str, tuple[int, int]]:
        """Return how many mutants each clause's checks noticed, and how many only they did."""
        noticed: Counter[str] = Counter()
        alone: Counter[str] = Counter()
        for one in self.results:
            if one.fate is Fate.KILLED:
                numbers = _clauses_of(one)
                noticed.update(numbers)
                alone.update(numbers if len(numbers) == 1 else [])
        order = [clause.number for clause in contract.read()] + [_OTHER_CHECK, _TROUBLE]
        return {name: (noticed[name], alone[name]) for name in order if noticed[name]}

    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds."""
        return {
            "seed": seed_text(self.seed),
            "seconds": round(self.seconds, 2),
            "sampled": self.sampled,
            "status": self.status,
            "scores": {
                name: {
                    "of_100": round(score.percent, 1),
                    **{fate.value.lower(): count for fate, count in score.fates.items()},
                }
                for name, score in self.scores().items()
            },
            "clauses": {
                name: {"noticed": both, "alone": alone}
                for name, (both, alone) in self.by_clause().items()
            },
            "mutants": [_as_data(one) for one in self.results],
        }

    def print_table(self) -> None:
        """Print the score by lab and by clause, then the survivors, each as a patch."""
        console = tables.open_console()
        for heads, rows in ((_SCORES, self._score_rows()), (_CLAUSES, self._clause_rows())):
            columns = [Column(head, numbers=number > 0) for number, head in enumerate(heads)]
            paragraphs = [
                Paragraph(row[0], [f"{head}: {cell}" for head, cell in zip(heads[1:], row[1:])])
                for row in rows
            ]
            tables.show(console, [tables.make(columns, [Row(row) for row in rows])], paragraphs)
        for one in self.survivors:
            tables.say(console, f"{one.mutant.name} in {one.mutant.function}() SURVIVED")
            for line in mutants.diff(one.mutant, LABS):
                tables.say(console, f"    {line}")
        tables.say(console, f"{self.summary()}, in {self.seconds:.0f} s")

    def summary(self) -> str:
        """Return the score in one line."""
        score = Score.of(self.results)
        places = "" if self.sampled is None else f"a sample of {self.sampled} places: "
        return (
            f"{places}{score.fates[Fate.KILLED]} of {score.counted} mutants killed, "
            f"{score.percent:.1f} of 100; SEED={seed_text(self.seed)}"
        )

    def _score_rows(self) -> list[list[str]]:
        kept = (Fate.DOES_NOT_BUILD, Fate.SAME_CODE, Fate.EQUIVALENT, Fate.KILLED, Fate.SURVIVED)
        return [
            [
                name,
                str(sum(score.fates.values())),
                *(str(score.fates[fate]) for fate in kept),
                f"{score.percent:.1f}",
            ]
            for name, score in self.scores().items()
        ]

    def _clause_rows(self) -> list[list[str]]:
        return [[name, str(both), str(alone)] for name, (both, alone) in self.by_clause().items()]

    def as_markdown(self) -> list[str]:
        """Return the lines for the page."""
        day = time.strftime("%-d %B %Y")
        lines = [f"Made on {day}:", f"{self.summary()}."]
        for heads, rows in ((_SCORES, self._score_rows()), (_CLAUSES, self._clause_rows())):
            lines += ["", _line(heads), _line(["---"] * len(heads)), *(_line(row) for row in rows)]
        return lines


def write(report: MutantsReport, page: Path = PAGE) -> None:
    """Put the score into the page. Raises SetupError if the page has no place for it."""
    written.write(page, "make mutants", report.as_markdown())


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _clauses_of(result: MutantResult) -> list[str]:
    """Return the clauses whose checks noticed a mutant, or what else did."""
    checks = set(result.attempt.checks)
    numbers = [one.number for one in contract.read() if checks & set(one.checks)]
    return numbers or [_OTHER_CHECK if checks else _TROUBLE]


def _as_data(one: MutantResult) -> dict[str, Any]:
    mutant = one.mutant
    return {
        "name": mutant.name,
        "lab": one.lab,
        "function": mutant.function,
        "rule": mutant.rule,
        "change": mutant.change,
        "fate": one.fate.value,
        "trial": one.trial,
        "checks": list(one.attempt.checks),
        "clauses": _clauses_of(one) if one.fate is Fate.KILLED else [],
        "text": one.text or one.attempt.trouble,
    }
