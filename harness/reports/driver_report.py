"""What `make contract MODULE=` prints: which clauses hold for a driver."""

import textwrap
from dataclasses import dataclass
from typing import Any

from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK
from harness.catalogue import contract
from harness.reports import tables
from harness.reports.forms import Booted, CaseReport, seed_text
from harness.reports.junit import JunitCase, JunitResult, JunitSuite
from harness.reports.tables import Column, Paragraph, Row
from harness.results import clauses
from harness.results.clauses import ClauseResult, ClauseVerdict, Observation
from harness.runs.any_driver import Proof

HOLDS = "holds"
DOES_NOT_HOLD = "does not hold"
DOES_NOT_APPLY = "does not apply"
NOT_CHECKED = "not checked here"

_COLOURS = {
    HOLDS: "[green]holds[/]",
    DOES_NOT_HOLD: "[bold red]DOES NOT HOLD[/]",
    DOES_NOT_APPLY: "[dim]does not apply[/]",
    NOT_CHECKED: "[yellow]not checked here[/]",
}
_JUNIT = {
    HOLDS: JunitResult.PASSED,
    DOES_NOT_HOLD: JunitResult.FAILURE,
    DOES_NOT_APPLY: JunitResult.SKIPPED,
    NOT_CHECKED: JunitResult.SKIPPED,
}

_MOST_CHARACTERS = 300
_MOST_LINES = 40


@dataclass(frozen=True)
class DriverReport(CaseReport):
    """What was booted, and what became of each clause that is about any driver."""

    booted: Booted
    proof: Proof
    name = "kmaplab contract"

    @property
    def status(self) -> int:
        """The exit status that the results call for."""
        if self.proof.evidence.broken:
            return GUEST_BROKEN
        return CHECK_FAILED if self.proof.evidence.failed or self.proof.evidence.problems else OK

    @property
    def results(self) -> list[ClauseResult]:
        """A result for each clause."""
        return clauses.by_clause(self.proof.clauses, self.proof.evidence.observations)

    def verdict(self, result: ClauseResult) -> str:
        """Return in words what became of a clause."""
        verdict = result.verdict(self.proof.driver.name)
        if verdict is ClauseVerdict.PROVED:
            return HOLDS
        if verdict is ClauseVerdict.FAILED:
            return DOES_NOT_HOLD
        skipped = self._skipped(result)
        is_for_others = skipped and not any(one.applies for one in skipped)
        return DOES_NOT_APPLY if is_for_others else NOT_CHECKED

    def why(self, result: ClauseResult) -> str:
        """Return what failed of a clause, or why it was not checked; nothing if all of it holds."""
        if self.verdict(result) == HOLDS:
            skipped = [one for one in result.observations if one.verdict is ClauseVerdict.SKIPPED]
            names = [f"{one.check}, {one.text}" for one in skipped]
            return f"without {'; '.join(names)}" if names else ""
        if failed := [one for one in result.observations if one.verdict is ClauseVerdict.FAILED]:
            return textwrap.shorten(f"{failed[0].check}: {failed[0].text}", _MOST_CHARACTERS)
        reasons = dict.fromkeys(one.text for one in self._skipped(result))
        return "; ".join(reasons) or "the guest was gone before"

    def _skipped(self, result: ClauseResult) -> list[Observation]:
        return [
            one
            for one in result.observations
            if one.verdict is ClauseVerdict.SKIPPED and one.check not in contract.OBSERVED
        ]

    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds."""
        driver = self.proof.driver
        return {
            **self.booted.as_data(),
            "status": self.status,
            "driver": driver.name,
            "device": driver.device,
            "problems": self.proof.evidence.problems,
            "clauses": [
                {
                    "clause": result.clause.number,
                    "title": result.clause.title,
                    "verdict": self.verdict(result),
                    "why": self.why(result),
                    "checks": [_check_as_data(one) for one in result.observations],
                }
                for result in self.results
            ],
            "kernel_log": self.proof.evidence.log if self.status else [],
        }

    def as_junit(self) -> list[JunitSuite]:
        """Return what JUnit holds: a suite for the driver, a case for each clause."""
        cases = [
            JunitCase(
                str(result.clause),
                self.proof.driver.name,
                _JUNIT[self.verdict(result)],
                self.why(result),
            )
            for result in self.results
        ]
        cases += [
            JunitCase("the guest runs to its end", "guest", JunitResult.FAILURE, problem)
            for problem in self.proof.evidence.problems
        ]
        return [JunitSuite(self.proof.driver.title, cases)]

    def print_table(self) -> None:
        """Print it for people."""
        from rich.markup import escape

        console = tables.open_console()
        columns = [Column("clause", least=30), Column(self.proof.driver.name), Column("why")]
        rows, paragraphs = [], []
        for result in self.results:
            title, mark = escape(str(result.clause)), _COLOURS[self.verdict(result)]
            why = escape(self.why(result))
            rows.append(Row([title, mark, why]))
            paragraphs.append(Paragraph(title, [f"{mark} {why}".strip()]))
        tables.show(console, [tables.make(columns, rows)], paragraphs)
        for line in self._remarks():
            tables.say(console, line)

    def _remarks(self) -> list[str]:
        lines = list(self.proof.evidence.problems)
        if lines:
            lines += [f"    {line}" for line in self.proof.evidence.log[:_MOST_LINES]]
        verdicts = [self.verdict(result) for result in self.results]
        counts = ", ".join(
            f"{verdicts.count(verdict)} {verdict}" for verdict in _COLOURS if verdict in verdicts
        )
        driver = self.proof.driver
        return [
            *lines,
            f"{driver.title}: of {len(verdicts)} clauses {counts}, on {self.booted}, "
            f"in {self.booted.seconds:.1f} s; SEED={seed_text(self.booted.seed)}",
        ]


def _check_as_data(one: Observation) -> dict[str, Any]:
    return {"check": one.check, "result": one.verdict.value, "text": one.text}
