"""Reading what KUnit and the kernel say while suites run.

KUnit prints KTAP (Documentation/dev-tools/ktap.rst) into the kernel log, among
everything else that is said there. What stands between the result of one case
and the result of the next belongs to the latter: so a report of a sanitizer is
counted against the case that it came in.
"""

import re
from dataclasses import dataclass, field

from harness.results import kernel_log

# kunit/shared/log.h prints this line where a case begins. The case of the loads begins
# before its suite, when the lab is loaded (kunit/shared/loads.c).
_CASE = re.compile(r"kmaplab: case (\S+) pid (\d+)$")
_EARLY_CASE = "load_survives_every_failed_allocation"

_RAW = re.compile(r"^(?:<\d+>)?\[ *\d+\.\d+\] ?")
_SUBTEST = re.compile(r"    # Subtest: (\S+)$")
_PLAN = re.compile(r"    1\.\.(\d+)$")
_RESULT = re.compile(r"    (not ok|ok) (\d+) (\S+?)(?: # SKIP ?(.*))?$")
_END = re.compile(r"(not ok|ok) \d+ (\S+)(?: # SKIP.*)?$")
# KUnit's own sums, which are made anew.
_SUMS = re.compile(r"# (Totals|\S+): pass:\d+ ")


@dataclass
class Case:
    """One case and what the kernel said during it.

    ``skipped`` is the reason; ``leaked`` says that kmemleak found memory that it leaked.
    """

    name: str
    passed: bool
    skipped: str | None = None
    lines: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    leaked: bool = False


@dataclass
class SuiteLog:
    """What the log says of a suite, as far as it came.

    ``running`` is the case that had begun and not ended; ``early`` what was said before
    the suite, while its labs were loaded for a case; ``pids`` the case of each thread;
    ``around`` what was said before the first case and after the last; ``verdict`` KUnit's
    own, None if it never came.
    """

    name: str = ""
    plan: int | None = None
    cases: list[Case] = field(default_factory=list)
    running: str | None = None
    early: list[str] = field(default_factory=list)
    pids: dict[int, str] = field(default_factory=dict)
    around: list[str] = field(default_factory=list)
    verdict: bool | None = None
    nonsense: str | None = None


def plain(line: str) -> str:
    """Return a line of the kernel log without its level and time."""
    return _RAW.sub("", line)


def read(lines: list[str]) -> SuiteLog:
    """Read the log of one load: at most one suite, perhaps cut off anywhere."""
    log = SuiteLog()
    pending: list[str] = []
    for raw in lines:
        line = plain(raw)
        if log.plan is None or log.verdict is not None:
            _read_around(log, line)
        elif match := _CASE.search(line):
            log.running = match[1]
            log.pids[int(match[2])] = match[1]
        elif match := _RESULT.match(line):
            _read_result(log, match, pending)
            pending = []
        elif match := _END.match(line):
            log.verdict = match[1] == "ok"
            log.around += pending
            pending = []
        elif not _SUMS.search(line):
            pending.append(line)
    log.around += log.early + pending
    _check(log)
    return log


def _read_around(log: SuiteLog, line: str) -> None:
    if match := _SUBTEST.match(line):
        log.name = match[1]
    elif log.name and (match := _PLAN.match(line)):
        log.plan = int(match[1])
        log.running = None
    elif not log.name and (match := _CASE.search(line)):
        log.running = match[1]
        log.pids[int(match[2])] = match[1]
    elif not re.match(r" *(KTAP version 1|1\.\.\d+|# module: \S+)$|kmaplab: begin", line):
        (log.early if log.running else log.around).append(line)


def _read_result(log: SuiteLog, match: re.Match[str], lines: list[str]) -> None:
    number, name = int(match[2]), match[3]
    if log.nonsense:
        pass  # what follows from it would only hide it
    elif number != len(log.cases) + 1 or number > (log.plan or 0):
        log.nonsense = f"result {number} of {log.plan} came as number {len(log.cases) + 1}"
    elif log.running not in (None, name):
        log.nonsense = f"{name} ended while {log.running} was running"
    log.running = None
    if name == _EARLY_CASE:
        lines, log.early = log.early + lines, []
    log.cases.append(
        Case(
            name=name,
            passed=match[1] == "ok",
            skipped=match[4],
            lines=lines,
            reports=kernel_log.reports(lines),
        )
    )


def _check(log: SuiteLog) -> None:
    """Note what cannot be: KUnit's verdict must follow from its results."""
    if log.verdict is None or log.nonsense:
        return
    if len(log.cases) != log.plan:
        log.nonsense = f"{len(log.cases)} results of {log.plan} came"
    elif log.verdict != all(case.passed for case in log.cases):
        log.nonsense = "its verdict does not follow from its cases"


def read_debugfs(lines: list[str]) -> dict[str, bool]:
    """Return what KUnit's own results file says: each case, passed or not.

    It is a second source: no printk() can change it. On 6.1 a case that said
    much has lost its result there, so a name may be missing.
    """
    matches = (_RESULT.match(line) for line in lines)
    return {match[3]: match[1] == "ok" for match in matches if match}
