"""What was proved of the contract: from the results of checks to clauses."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from harness.catalogue import contract
from harness.reports import kunit_report
from harness.runs.checks import Checked
from harness.catalogue.contract import Clause
from harness.results.kernel_log import REPORT
from harness.reports.kunit_report import SuiteResult
from harness.results.load_results import LoadResult


class Verdict(Enum):
    """What became of a check, and of a clause for one lab."""

    PROVED = "proved"
    FAILED = "failed"
    SKIPPED = "skipped"
    # No check of the clause concerns the lab.
    NONE = "none"


@dataclass(frozen=True)
class Finding:
    """The verdict of one check: where it ran, and why it was skipped or what it said."""

    lab: str
    where: str
    check: str
    verdict: Verdict
    text: str = ""


@dataclass(frozen=True)
class ClauseResult:
    """A clause, and the findings of its checks."""

    clause: Clause
    findings: list[Finding]

    def verdict(self, lab: str) -> Verdict:
        """Return what became of the clause for a lab.

        One check that failed is enough to break it, and one that passed, with none
        that failed, proves it. That the kernel says nothing proves a clause only if it
        names no check that does something.
        """
        mine = [finding for finding in self.findings if finding.lab == lab]
        if not set(self.clause.checks) <= set(contract.OBSERVED):
            silent = (Verdict.PROVED, Verdict.SKIPPED)
            mine = [
                one
                for one in mine
                if one.check not in contract.OBSERVED or one.verdict not in silent
            ]
        verdicts = {finding.verdict for finding in mine}
        for verdict in (Verdict.FAILED, Verdict.PROVED, Verdict.SKIPPED):
            if verdict in verdicts:
                return verdict
        return Verdict.NONE

    @property
    def is_proved(self) -> bool:
        """Whether it holds for each lab that it concerns, and for one at least."""
        verdicts = {self.verdict(finding.lab) for finding in self.findings}
        return Verdict.PROVED in verdicts and Verdict.FAILED not in verdicts


def by_clause(clauses: Iterable[Clause], findings: list[Finding]) -> list[ClauseResult]:
    """Put each finding below the clauses that name its check."""
    return [
        ClauseResult(clause, [one for one in findings if one.check in clause.checks])
        for clause in clauses
    ]


@dataclass
class Evidence:
    """Findings of a run, and what kept checks from being made.

    ``log`` is what the guests' kernels said where that explains a finding.
    """

    findings: list[Finding] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    # Whether a guest crashed, hung or made no sense.
    broken: bool = False

    def add(self, other: "Evidence") -> None:
        """Take in what another guest showed."""
        self.findings += other.findings
        self.problems += other.problems
        self.log += other.log
        self.broken |= other.broken


def of_loads(checked: Checked) -> Evidence:
    """Return what a guest that ran check programs showed."""
    evidence = Evidence(broken=checked.trouble is not None)
    for result in checked.results:
        evidence.findings += _of_load(result)
        # What the kernel reported is a finding, see below.
        evidence.problems += [
            f"{result.load}: {problem}"
            for problem in result.problems
            if not problem.startswith("the kernel warned")
        ]
        evidence.log += result.log
        running = result.ktap.running
        if checked.trouble and running:
            evidence.findings.append(
                _found(result, running, Verdict.FAILED, f"{checked.trouble}, while it ran")
            )
    if checked.results:
        evidence.findings.append(_leaks(checked))
    if checked.trouble:
        evidence.problems.append(checked.trouble)
        evidence.log += checked.ending.last_lines()
        # Of a guest that died, the console has what it could no longer send.
        reports = [line.strip() for line in evidence.log if REPORT.search(line)]
        if checked.results and reports:
            evidence.findings.append(
                _found(checked.results[-1], contract.REPORTS, Verdict.FAILED, reports[0])
            )
    return evidence


def _found(result: LoadResult, check: str, verdict: Verdict, text: str = "") -> Finding:
    return Finding(result.load.lab.name, str(result.load), check, verdict, text)


def _of_load(result: LoadResult) -> list[Finding]:
    found = []
    for check in result.ktap.checks:
        if check.skipped is not None:
            found.append(_found(result, check.name, Verdict.SKIPPED, check.skipped))
        elif check.passed:
            found.append(_found(result, check.name, Verdict.PROVED))
        else:
            said = "; ".join(check.diagnostics)
            found.append(_found(result, check.name, Verdict.FAILED, said))
    reports = [line for line in result.log if REPORT.search(line)]
    warned = any(problem.startswith("the kernel warned") for problem in result.problems)
    verdict = Verdict.FAILED if reports or warned else Verdict.PROVED
    text = reports[0].strip() if reports else "the kernel is tainted by a warning" * warned
    return [*found, _found(result, contract.REPORTS, verdict, text)]


def _leaks(checked: Checked) -> Finding:
    last = checked.results[-1]
    if checked.leaks is None:
        reason = "this kernel has no kmemleak, or was gone before it could be asked"
        return _found(last, contract.LEAKS, Verdict.SKIPPED, reason)
    if not checked.leaks:
        return _found(last, contract.LEAKS, Verdict.PROVED)
    lines = " / ".join(line.strip() for line in checked.leaks[0].lines)
    return _found(last, contract.LEAKS, Verdict.FAILED, f"{len(checked.leaks)} objects: {lines}")


def of_suites(
    results: list[SuiteResult], trouble: str | None, has_kmemleak: bool = True
) -> Evidence:
    """Return what a guest that ran KUnit suites showed.

    ``has_kmemleak`` says whether its kernel could tell what was lost.
    """
    evidence = Evidence(broken=trouble is not None)
    for result in results:
        lab = result.name.split()[0]
        where = f"KUnit {result.name}"
        for case in result.cases:
            if case.skipped is not None:
                verdict, text = Verdict.SKIPPED, case.skipped
            else:
                verdict = Verdict.PROVED if case.passed else Verdict.FAILED
                text = "" if case.passed else " / ".join(line.strip() for line in case.lines)
            if case.name != kunit_report.AROUND:
                evidence.findings.append(Finding(lab, where, case.name, verdict, text))
                continue
            for name, failed in ((contract.REPORTS, case.reports), (contract.LEAKS, case.lost)):
                if name == contract.LEAKS and not has_kmemleak:
                    continue
                verdict = Verdict.FAILED if failed else Verdict.PROVED
                evidence.findings.append(Finding(lab, where, name, verdict, text if failed else ""))
        if result.trouble:
            evidence.problems.append(f"{where}: {result.trouble}")
            evidence.broken = True
    return evidence
