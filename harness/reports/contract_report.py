"""What `make contract` prints: a table for people, JSON and JUnit for machines."""

import json
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK
from harness.results.proof import ClauseResult, Evidence, Finding, Verdict

_MARKS = {
    Verdict.PROVED: "[green]proved[/]",
    Verdict.FAILED: "[bold red]FAILED[/]",
    Verdict.SKIPPED: "[yellow]skipped[/]",
    Verdict.NONE: "-",
}

# Of the text of a finding, and of the kernel's log.
_MOST_CHARACTERS = 1500
_MOST_LINES = 60


@dataclass(frozen=True)
class ContractReport:
    """A whole run: what was booted, and what was proved.

    ``seconds`` is wall time; ``skipped`` says why a lab's check program did not run.
    """

    release: str
    arch: str
    accel: str
    seed: int
    seconds: float
    labs: list[str]
    skipped: dict[str, str]
    results: list[ClauseResult]
    evidence: Evidence

    @property
    def status(self) -> int:
        """The exit status that it calls for."""
        if self.evidence.broken:
            return GUEST_BROKEN
        failed = any(one.verdict is Verdict.FAILED for one in self.evidence.findings)
        nothing = self.can_run and not any(result.is_proved for result in self.results)
        return CHECK_FAILED if failed or nothing or self.evidence.problems else OK

    @property
    def can_run(self) -> bool:
        """Whether anything could be checked on this target at all."""
        return bool(self.evidence.findings) or len(self.skipped) < len(self.labs)

    def print(self, kind: str) -> None:
        """Write the report to standard output as table, json or junit."""
        {"table": self._table, "json": self._json, "junit": self._junit}[kind]()

    def _verdict(self, result: ClauseResult, lab: str) -> Verdict:
        verdict = result.verdict(lab)
        return Verdict.SKIPPED if verdict is Verdict.NONE and lab in self.skipped else verdict

    def _json(self) -> None:
        data = {
            "kernel": self.release,
            "arch": self.arch,
            "accel": self.accel,
            "seed": f"0x{self.seed:x}",
            "seconds": round(self.seconds, 2),
            "status": self.status,
            "problems": self.evidence.problems,
            "skipped": self.skipped,
            "clauses": [self._clause_as_dict(result) for result in self.results],
            "kernel_log": self.evidence.log if self.status else [],
        }
        json.dump(data, sys.stdout, indent=2)
        print()

    def _clause_as_dict(self, result: ClauseResult) -> dict[str, Any]:
        return {
            "clause": result.clause.number,
            "title": result.clause.title,
            "proved": result.is_proved,
            "labs": {lab: self._verdict(result, lab).value for lab in self.labs},
            "checks": [
                {
                    "lab": finding.lab,
                    "where": finding.where,
                    "check": finding.check,
                    "result": finding.verdict.value,
                    "text": finding.text,
                }
                for finding in result.findings
            ],
        }

    def _junit(self) -> None:
        from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

        xml = JUnitXml("kmaplab contract")
        for result in self.results:
            suite = TestSuite(str(result.clause))
            for finding in result.findings:
                case = TestCase(finding.check, classname=finding.where)
                if finding.verdict is Verdict.FAILED:
                    case.result = [Failure(finding.text or "failed")]
                elif finding.verdict is Verdict.SKIPPED:
                    case.result = [Skipped(finding.text)]
                suite.add_testcase(case)
            xml.add_testsuite(suite)
        if self.evidence.problems:
            suite = TestSuite("guests")
            for problem in self.evidence.problems:
                case = TestCase("loads and checks run to the end", classname="guests")
                case.result = [Failure(problem)]
                suite.add_testcase(case)
            xml.add_testsuite(suite)
        xml.update_statistics()
        print(xml.tostring().decode())

    def _table(self) -> None:
        from rich import box
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        # A pipe has no width: nothing there may be cut off.
        console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("clause")
        for lab in self.labs:
            table.add_column(lab.removeprefix("lab_"), no_wrap=True)
        for result in self.results:
            marks = [_MARKS[self._verdict(result, lab)] for lab in self.labs]
            table.add_row(escape(str(result.clause)), *marks)
        console.print(table)
        for line in self._remarks():
            console.print(escape(line), soft_wrap=True)

    def _remarks(self) -> list[str]:
        """Return all that the table has no place for, in lines."""
        lines = [f"{lab}: check program skipped: {why}" for lab, why in self.skipped.items()]
        lines += _skipped_checks(self.results)
        lines += [
            f"{result.clause}: has no check that runs on {self.arch}"
            for result in self.results
            if not result.findings
        ]
        failed = {
            finding
            for result in self.results
            for finding in result.findings
            if finding.verdict is Verdict.FAILED
        }
        for finding in sorted(failed, key=lambda one: (one.where, one.check)):
            lines.append(f"{finding.where}: {finding.check} failed")
            lines += [f"    {textwrap.shorten(finding.text, _MOST_CHARACTERS)}"]
        lines += self.evidence.problems
        if self.status:
            lines += [f"    {line}" for line in self.evidence.log[:_MOST_LINES]]
        return [*lines, self._summary()]

    def _summary(self) -> str:
        proved = sum(result.is_proved for result in self.results)
        checks = sum(one.verdict is Verdict.PROVED for one in self.evidence.findings)
        others = [result.clause.number for result in self.results if not result.is_proved]
        rest = f", not {', '.join(others)}" if others else ""
        return (
            f"{proved} of {len(self.results)} clauses proved{rest}, by {checks} checks, on Linux "
            f"{self.release} on {self.arch} ({self.accel}), in {self.seconds:.1f} s; "
            f"SEED=0x{self.seed:x}"
        )


def _skipped_checks(results: list[ClauseResult]) -> list[str]:
    """Return each reason why checks were skipped, with the checks and the labs."""
    reasons: dict[str, dict[str, set[str]]] = {}
    for result in results:
        for finding in result.findings:
            if finding.verdict is Verdict.SKIPPED:
                where = reasons.setdefault(finding.text, {})
                where.setdefault(_where(finding), set()).add(finding.check)
    lines = []
    for reason, where in reasons.items():
        checks = sorted(set().union(*where.values()))
        lines.append(f"skipped: {', '.join(checks)}")
        lines.append(f"    {', '.join(sorted(where))}: {reason}")
    return lines


def _where(finding: Finding) -> str:
    return finding.where.replace("KUnit ", "the suite of ")
