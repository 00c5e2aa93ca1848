"""The verdict on a KUnit suite.

A case also fails if the kernel reported something while it ran, or if it leaked memory.
"""

from dataclasses import dataclass, field, replace

from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK
from harness.catalogue.suites import SuiteLoad
from harness.results import kernel_log
from harness.results.crash import Crash
from harness.results.kmemleak import Leak
from harness.results.kunit_log import Case, SuiteLog

# Stands behind the cases of every suite.
AROUND = "kernel_is_silent_and_loses_nothing_around_the_cases"

# Stands before the cases of a suite for which not all was loaded and unloaded as it should.
LOADED = "modules_load_and_unload"

# Why a case said nothing: kunit/shared/loads.h and case.c. The reason is in LOADED then.
_NOT_LOADED = ("the lab did not load", "load the module first")


@dataclass
class SuiteResult:
    """A suite's cases as they are judged, and what was wrong besides.

    ``skipped`` is the reason why the suite did not run; ``trouble`` says that its
    results cannot be relied on. ``seconds`` is the time from its first line to its last,
    as the host heard them. ``crash`` is what the kernel has reported of the lab.
    """

    name: str
    cases: list[Case] = field(default_factory=list)
    skipped: str | None = None
    trouble: str | None = None
    seconds: float | None = None
    crash: Crash | None = None

    @property
    def status(self) -> int:
        """The exit status that the suite calls for."""
        if self.skipped is not None:
            return OK
        if self.trouble or not self.cases:
            return GUEST_BROKEN
        return OK if all(case.passed for case in self.cases) else CHECK_FAILED


def judge(
    load: SuiteLoad, log: SuiteLog, debugfs: dict[str, bool], leaks: list[Leak], errors: list[str]
) -> SuiteResult:
    """Judge a suite that ran to its end.

    ``debugfs`` is what KUnit's own file says of each case, and ``leaks`` are the
    objects that the suite's cases leaked.
    """
    leaked: dict[str, list[Leak]] = {}
    for leak in leaks:
        leaked.setdefault(log.pids.get(leak.pid, AROUND), []).append(leak)
    around = Case(AROUND, passed=True, lines=log.around)
    around.reports = kernel_log.reports(log.around)
    if not around.reports:
        around.lines = []
    ran = [case for case in log.cases if not errors or not _lacks_the_lab(case)]
    cases = [_judge_case(case, leaked.pop(case.name, [])) for case in ran]
    rest = [leak for leaks_of_one in leaked.values() for leak in leaks_of_one]
    result = SuiteResult(load.name, [*cases, _judge_case(around, rest)])
    if errors:
        # What was said while the lab was loaded is the reason.
        said = [line for case in log.cases if case not in ran for line in case.lines]
        result.cases.insert(0, Case(LOADED, passed=False, lines=[*errors, *said, *log.around]))
    result.trouble = log.nonsense or _contradiction(log, debugfs)
    if log.verdict is None and not errors:
        result.trouble = result.trouble or "the suite did not run to its end"
    return result


def _lacks_the_lab(case: Case) -> bool:
    """Whether a case did nothing, since the lab was not there."""
    said = "\n".join([case.skipped or "", *case.lines])
    return any(reason in said for reason in _NOT_LOADED)


def _contradiction(log: SuiteLog, debugfs: dict[str, bool]) -> str | None:
    for case in log.cases:
        if debugfs.get(case.name, case.passed) != case.passed:
            return f"the log and KUnit's own results disagree about {case.name}"
    return None


def _judge_case(case: Case, leaks: list[Leak]) -> Case:
    """Fail a case for what the kernel reported during it, and for what it leaked."""
    lines = list(case.lines)
    if case.reports:
        lines.insert(0, f"the kernel reported: {case.reports[0].strip()}")
    for leak in leaks:
        lines += ["this memory was leaked (kmemleak):", *leak.lines]
    passed = case.passed and not case.reports and not leaks
    return replace(case, passed=passed, lines=lines, leaked=bool(leaks))


def broken(load: SuiteLoad, log: SuiteLog, why: str) -> SuiteResult:
    """Return what came of a suite during which the guest was gone."""
    cases = [_judge_case(case, []) for case in log.cases]
    if log.running:
        cases.append(Case(log.running, passed=False, lines=[why]))
    where = f", in {log.running}" if log.running else ""
    return SuiteResult(load.name, cases, trouble=f"{why}{where}")


def never_began(load: SuiteLoad) -> SuiteResult:
    """Return the result of a suite that the guest did not come to."""
    return SuiteResult(load.name, trouble="never began: the guest was gone before")
