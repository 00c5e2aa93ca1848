"""What `make contract` prints."""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK
from harness.base.paths import LABS
from harness.catalogue import suites
from harness.catalogue.labs import Lab
from harness.reports import tables, verdict
from harness.reports.forms import Booted, CaseReport, seed_text
from harness.reports.junit import JunitCase, JunitResult, JunitSuite
from harness.reports.tables import Column, Paragraph, Row
from harness.reports.verdict import Wrong
from harness.results.clauses import ClauseResult, ClauseVerdict, Evidence, Observation

_MARKS = {
    ClauseVerdict.PROVED: "[green]proved[/]",
    ClauseVerdict.FAILED: "[bold red]FAILED[/]",
    ClauseVerdict.SKIPPED: "[yellow]skipped[/]",
    ClauseVerdict.NONE: "-",
}
_NO_CHECK = "no check"

_JUNIT = {
    ClauseVerdict.PROVED: JunitResult.PASSED,
    ClauseVerdict.FAILED: JunitResult.FAILURE,
    ClauseVerdict.SKIPPED: JunitResult.SKIPPED,
}

# The clause's column may become as narrow as this.
_LEAST = 30

# Of the text of an observation, and of the kernel's log.
_MOST_CHARACTERS = 1500
_MOST_OF_A_VERDICT = 300
_MOST_LINES = 60


@dataclass(frozen=True)
class ContractReport(CaseReport):
    """What was booted, and what was proved.

    ``skipped`` says why a lab's check program did not run; ``source`` is the directory of
    the labs that were checked.
    """

    booted: Booted
    chosen: list[Lab]
    skipped: dict[str, str]
    results: list[ClauseResult]
    evidence: Evidence
    source: Path = LABS
    name = "kmaplab contract"

    @property
    def labs(self) -> list[str]:
        """The names of the labs, and behind them of the core, if its suite ran."""
        names = [lab.name for lab in self.chosen]
        core = any(one.lab == suites.CORE for one in self.evidence.observations)
        return [*names, suites.CORE] if core else names

    @property
    def status(self) -> int:
        """The exit status that the results call for."""
        if self.evidence.broken:
            return GUEST_BROKEN
        mine = [result for result in self.results if not self._is_of_others(result)]
        nothing = mine and self.can_run and not any(result.is_proved for result in mine)
        return CHECK_FAILED if self.evidence.failed or nothing or self.evidence.problems else OK

    def _is_of_others(self, result: ClauseResult) -> bool:
        """Whether a clause concerns labs, and none of those that were chosen."""
        return bool(result.concerned) and set(result.concerned).isdisjoint(self.labs)

    @property
    def can_run(self) -> bool:
        """Whether anything could be checked on this target at all."""
        return bool(self.evidence.observations) or len(self.skipped) < len(self.labs)

    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds."""
        return {
            **self.booted.as_data(),
            "status": self.status,
            "why": self._verdicts(),
            "problems": self.evidence.problems,
            "copies": {lab.name: verdict.path_of(self.source, lab) for lab in self.chosen},
            "skipped": self.skipped,
            "clauses": [self._clause_as_dict(result) for result in self.results],
            "kernel_log": self.evidence.log if self.status else [],
        }

    def as_junit(self) -> list[JunitSuite]:
        """Return what JUnit holds: a suite for each clause."""
        suites = [
            JunitSuite(str(result.clause), [_as_case(one) for one in result.observations])
            for result in self.results
        ]
        if self.evidence.problems:
            name = "loads and checks run to the end"
            cases = [
                JunitCase(name, "guests", JunitResult.FAILURE, problem)
                for problem in self.evidence.problems
            ]
            suites.append(JunitSuite("guests", cases))
        return suites

    def print_table(self) -> None:
        """Print it for people."""
        from rich.markup import escape

        console = tables.open_console()
        for line in self._verdicts():
            tables.say(console, line, "" if line.startswith(" ") else "bold red")
        names = [lab.removeprefix("lab_") for lab in self.labs]
        columns = [Column("clause", least=_LEAST), *(Column(name) for name in names)]
        rows, paragraphs = [], []
        for result in self._shown():
            title = escape(str(result.clause))
            verdicts = {
                name: self._verdict(result, lab) for name, lab in zip(names, self.labs, strict=True)
            }
            rows.append(Row([title, *(_MARKS[verdict] for verdict in verdicts.values())]))
            paragraphs.append(Paragraph(title, _by_verdict(verdicts)))
        tables.show(console, [tables.make(columns, rows)], paragraphs)
        for line in self._remarks():
            tables.say(console, line)

    def _verdicts(self) -> list[str]:
        """Return what is wrong with each lab, before all evidence."""
        found = []
        for lab in self.chosen:
            mine = [one for one in self.evidence.failed if one.lab == lab.name]
            failed = {one.check: [_cut(one.text)] for one in reversed(mine)}
            where = sorted({one.where for one in mine})
            title = where[0] if len(where) == 1 else lab.name
            # What is said of a load or a suite begins with its name.
            reasons = [one for one in self.evidence.problems if lab.name in one.split(":")[0]]
            log = self.evidence.log
            crash = self.evidence.crashes.get(lab.name)
            in_order = dict(reversed(failed.items()))
            found += verdict.lines(Wrong(title, lab, in_order, reasons, log, self.source, crash))
        return [*found, *self._verdict_on_the_core()]

    def _verdict_on_the_core(self) -> list[str]:
        """Return which case of the core's suite failed first, and the clause that rests on it."""
        mine = [one for one in self.evidence.failed if one.lab == suites.CORE]
        numbers = [
            result.clause.number
            for result in self.results
            if mine and mine[0].check in result.clause.checks
        ]
        return [
            line
            for one in mine[:1]
            for line in (
                f"{suites.CORE} {f'breaks clause {numbers[0]}' if numbers else 'is wrong'}",
                f"    check: {one.check}",
                f"    found: {_cut(one.text)}",
            )
        ]

    def _shown(self) -> list[ClauseResult]:
        """Return the clauses of the table: where something is wrong, those that are broken."""
        broken = [
            result
            for result in self.results
            if any(result.verdict(lab) is ClauseVerdict.FAILED for lab in self.labs)
        ]
        return broken or self.results

    def _verdict(self, result: ClauseResult, lab: str) -> ClauseVerdict:
        verdict = result.verdict(lab)
        if verdict is ClauseVerdict.NONE and lab in self.skipped:
            return ClauseVerdict.SKIPPED
        return verdict

    def _clause_as_dict(self, result: ClauseResult) -> dict[str, Any]:
        return {
            "clause": result.clause.number,
            "title": result.clause.title,
            "proved": result.is_proved,
            "labs": {lab: self._verdict(result, lab).value for lab in self.labs},
            "checks": [
                {
                    "lab": one.lab,
                    "where": one.where,
                    "check": one.check,
                    "result": one.verdict.value,
                    "text": one.text,
                    "seconds": None if one.seconds is None else round(one.seconds, 3),
                    "hint": self._hint(one),
                }
                for one in result.observations
            ],
        }

    def _hint(self, one: Observation) -> str | None:
        lab = next((lab for lab in self.chosen if lab.name == one.lab), None)
        failed = one.verdict is ClauseVerdict.FAILED
        return verdict.hint_of(lab, one.check) if lab and failed else None

    def _remarks(self) -> list[str]:
        """Return all that the table has no place for, in lines."""
        lines = [f"{lab}: check program skipped: {why}" for lab, why in self.skipped.items()]
        lines += _skipped_checks(self.results)
        for result in self.results:
            if self._is_of_others(result):
                lines.append(f"{result.clause}: concerns only {', '.join(result.concerned)}")
            elif result.is_silent and not self._has_checks(result):
                seen = ", ".join(sorted({one.check for one in result.observations}))
                but = f" but {seen}, which alone proves nothing" if seen else ""
                lines.append(f"{result.clause}: has no check that runs on {self.booted.arch}{but}")
        unreached = [
            result.clause.number
            for result in self.results
            if not result.observations and self._has_checks(result)
        ]
        if unreached:
            lines.append(f"not checked, for the guests ended before: {', '.join(unreached)}")
        for one in sorted(set(self.evidence.failed), key=lambda one: (one.where, one.check)):
            lines.append(f"{one.where}: {one.check} failed")
            lines += [f"    {textwrap.shorten(one.text, _MOST_CHARACTERS)}"]
        lines += self.evidence.problems
        if self.status:
            lines += [f"    {line}" for line in self.evidence.log[:_MOST_LINES]]
        return [*lines, self._summary()]

    def _has_checks(self, result: ClauseResult) -> bool:
        """Whether a clause has a check for one of the labs that can be checked here."""
        able = set(self.labs) - set(self.skipped)
        return not able.isdisjoint(result.concerned)

    def _summary(self) -> str:
        mine = [result for result in self.results if not self._is_of_others(result)]
        proved = sum(result.is_proved for result in mine)
        checks = sum(one.verdict is ClauseVerdict.PROVED for one in self.evidence.observations)
        others = [result.clause.number for result in mine if not result.is_proved]
        rest = f", not {', '.join(others)}" if others else ""
        return (
            f"{proved} of {len(mine)} clauses proved{rest}, by {checks} checks, on "
            f"{self.booted}, in {self.booted.seconds:.1f} s; SEED={seed_text(self.booted.seed)}"
        )


def _by_verdict(verdicts: dict[str, ClauseVerdict]) -> list[str]:
    """Return a line for each verdict, with the labs that it is on."""
    return [
        f"{_NO_CHECK if verdict is ClauseVerdict.NONE else mark}: {', '.join(labs)}"
        for verdict, mark in _MARKS.items()
        if (labs := [lab for lab, its_verdict in verdicts.items() if its_verdict is verdict])
    ]


def _cut(text: str) -> str:
    return textwrap.shorten(text, _MOST_OF_A_VERDICT)


def _as_case(one: Observation) -> JunitCase:
    text = one.text or ("failed" if one.verdict is ClauseVerdict.FAILED else "")
    return JunitCase(one.check, one.where, _JUNIT[one.verdict], text, seconds=one.seconds)


def _skipped_checks(results: list[ClauseResult]) -> list[str]:
    """Return each reason why checks were skipped, with the checks and the labs."""
    reasons: dict[str, dict[str, set[str]]] = {}
    for result in results:
        for one in result.observations:
            if one.verdict is ClauseVerdict.SKIPPED:
                where = reasons.setdefault(one.text, {})
                where.setdefault(_where(one), set()).add(one.check)
    lines = []
    for reason, where in reasons.items():
        checks = sorted(set().union(*where.values()))
        lines.append(f"skipped: {', '.join(checks)}")
        lines.append(f"    {', '.join(sorted(where))}: {reason}")
    return lines


def _where(one: Observation) -> str:
    return one.where.replace("KUnit ", "the suite of ")
