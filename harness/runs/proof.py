"""From what guests showed to evidence: each check is an observation."""

from dataclasses import replace

from harness.catalogue import contract
from harness.guest.guest import Ending
from harness.results import kernel_log
from harness.results.clauses import ClauseVerdict, Evidence, Observation
from harness.results.kunit_log import Case
from harness.results.load_results import LoadResult, ProblemKind
from harness.results.suite_results import AROUND, LOADED
from harness.runs.check_loads import CheckedLoads
from harness.runs.run_suites import SuitesRun


def of_loads(checked: CheckedLoads) -> Evidence:
    """Return what a guest that ran check programs showed."""
    evidence = Evidence(broken=checked.trouble is not None)
    for result in checked.results:
        evidence.observations += _of_load(result)
        # What the kernel reported is an observation.
        evidence.problems += [
            f"{result.load}: {problem}"
            for problem in result.problems
            if problem.kind is not ProblemKind.KERNEL_WARNED
        ]
        evidence.log += result.log
        if result.crash:
            evidence.crashes.setdefault(result.load.lab.name, result.crash)
        running = result.ktap.running
        if checked.trouble and running:
            text = f"{checked.trouble}, while it ran"
            evidence.observations.append(_observed(result, running, ClauseVerdict.FAILED, text))
    if checked.results:
        evidence.observations.append(_leaks(checked))
    if checked.trouble:
        _note_the_end(evidence, checked.trouble, checked.ending)
        reports = kernel_log.reports(evidence.log)
        if checked.results and reports:
            text, last = reports[0].strip(), checked.results[-1]
            said = _observed(last, contract.REPORTS, ClauseVerdict.FAILED, text)
            evidence.observations.append(said)
    return evidence


def _note_the_end(evidence: Evidence, trouble: str, ending: Ending) -> None:
    """Add what the console has of a guest that died: it could not send it any more."""
    evidence.problems.append(trouble)
    evidence.log += ending.last_lines()


def _observed(
    result: LoadResult,
    check: str,
    verdict: ClauseVerdict,
    text: str = "",
    seconds: float | None = None,
) -> Observation:
    return Observation(result.load.lab.name, str(result.load), check, verdict, text, seconds)


def _of_load(result: LoadResult) -> list[Observation]:
    found = []
    for check in result.ktap.checks:
        if check.skipped is not None:
            verdict, text = ClauseVerdict.SKIPPED, check.skipped
        elif check.passed:
            verdict, text = ClauseVerdict.PROVED, ""
        else:
            verdict, text = ClauseVerdict.FAILED, "; ".join(check.diagnostics)
        one = _observed(result, check.name, verdict, text, check.seconds)
        found.append(replace(one, applies=check.applies))
    return [*found, *_silence(result)]


def _silence(result: LoadResult) -> list[Observation]:
    """Return whether the kernel was silent during a load; nothing if no check ran."""
    reports = kernel_log.reports(result.log)
    if reports or result.warned:
        text = reports[0].strip() if reports else "the kernel is tainted by a warning"
        return [_observed(result, contract.REPORTS, ClauseVerdict.FAILED, text)]
    if result.log_lost:
        text = "the beginning of the kernel's log is lost: it said too much"
        return [_observed(result, contract.REPORTS, ClauseVerdict.SKIPPED, text)]
    ran = bool(result.ktap.checks)
    return [_observed(result, contract.REPORTS, ClauseVerdict.PROVED)] if ran else []


def _leaks(checked: CheckedLoads) -> Observation:
    last = checked.results[-1]
    if checked.leaks is None:
        reason = "this kernel has no kmemleak, or was gone before it could be asked"
        return _observed(last, contract.LEAKS, ClauseVerdict.SKIPPED, reason)
    if not checked.leaks:
        return _observed(last, contract.LEAKS, ClauseVerdict.PROVED)
    lines = " / ".join(line.strip() for line in checked.leaks[0].lines)
    text = f"{len(checked.leaks)} objects: {lines}"
    return _observed(last, contract.LEAKS, ClauseVerdict.FAILED, text)


def of_suites(ran: SuitesRun, has_kmemleak: bool = True) -> Evidence:
    """Return what a guest that ran KUnit suites showed.

    ``has_kmemleak`` says whether its kernel can list leaks.
    """
    evidence = Evidence(broken=ran.trouble is not None)
    for result in ran.results:
        lab = result.name.split()[0]
        where = f"KUnit {result.name}"
        for case in result.cases:
            if case.name == LOADED:
                # Not a check of a clause: nothing was tried.
                evidence.problems.append(f"{where}: {_said(case)}")
                continue
            if case.name != AROUND:
                evidence.observations.append(_of_case(lab, where, case))
                continue
            observed = {contract.REPORTS: bool(case.reports)}
            if has_kmemleak:
                observed[contract.LEAKS] = case.leaked
            for check, failed in observed.items():
                verdict = ClauseVerdict.FAILED if failed else ClauseVerdict.PROVED
                text = _said(case) if failed else ""
                evidence.observations.append(Observation(lab, where, check, verdict, text))
        if result.crash:
            evidence.crashes.setdefault(lab, result.crash)
        if result.trouble:
            evidence.problems.append(f"{where}: {result.trouble}")
            evidence.broken = True
    # Else the suite that it died in says so.
    behind_all = not any(result.trouble for result in ran.results)
    if ran.trouble and ran.ending and behind_all:
        _note_the_end(evidence, ran.trouble, ran.ending)
    return evidence


def _of_case(lab: str, where: str, case: Case) -> Observation:
    if case.skipped is not None:
        return Observation(lab, where, case.name, ClauseVerdict.SKIPPED, case.skipped)
    if case.passed:
        return Observation(lab, where, case.name, ClauseVerdict.PROVED)
    return Observation(lab, where, case.name, ClauseVerdict.FAILED, _said(case))


def _said(case: Case) -> str:
    return " / ".join(line.strip() for line in case.lines)
