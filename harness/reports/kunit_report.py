"""From what the suites said to a verdict, and to what a person reads.

The results are put together as one KTAP document in which a case also fails if
the kernel reported something while it ran, or if it lost memory. The kernel's own
kunit.py (kunit_parser.py) then prints it in its usual form.
"""

import json
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.base import tools
from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK, SetupError
from harness.results.kernel_log import REPORT
from harness.results.kunit_log import Case, Leak, SuiteLog
from harness.catalogue.suites import SuiteLoad

# Stands behind the cases of every suite.
AROUND = "kernel_is_silent_and_loses_nothing_around_the_cases"

_MOST_LINES_OF_A_CASE = 60


@dataclass
class SuiteResult:
    """A suite's cases as they are judged, and what was wrong besides.

    ``skipped`` is the reason why the suite did not run; ``trouble`` says that its
    results cannot be relied on.
    """

    name: str
    cases: list[Case] = field(default_factory=list)
    skipped: str | None = None
    trouble: str | None = None

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
    objects that the suite's cases lost.
    """
    lost: dict[str, list[Leak]] = {}
    for leak in leaks:
        lost.setdefault(log.pids.get(leak.pid, AROUND), []).append(leak)
    around = Case(AROUND, passed=True, lines=errors + log.around)
    around.reports = [line for line in log.around if REPORT.search(line)] + errors
    if not around.reports:
        around.lines = []
    cases = [_judge_case(case, lost.pop(case.name, [])) for case in log.cases]
    rest = [leak for leaks_of_one in lost.values() for leak in leaks_of_one]
    result = SuiteResult(load.name, [*cases, _judge_case(around, rest)])
    result.trouble = log.nonsense or _contradiction(log, debugfs)
    if log.verdict is None and not errors:
        result.trouble = result.trouble or "the suite did not run to its end"
    return result


def _contradiction(log: SuiteLog, debugfs: dict[str, bool]) -> str | None:
    for case in log.cases:
        if debugfs.get(case.name, case.passed) != case.passed:
            return f"the log and KUnit's own results disagree about {case.name}"
    return None


def _judge_case(case: Case, leaks: list[Leak]) -> Case:
    """Fail a case for what the kernel reported during it, and for what it lost."""
    lines = list(case.lines)
    if case.reports:
        lines.insert(0, f"the kernel reported: {case.reports[0].strip()}")
    for leak in leaks:
        lines += ["this memory was lost (kmemleak):", *leak.lines]
    passed = case.passed and not case.reports and not leaks
    return replace(case, passed=passed, lines=lines, lost=bool(leaks))


def broken(load: SuiteLoad, log: SuiteLog, why: str) -> SuiteResult:
    """Return what is known of a suite during which the guest was gone."""
    cases = [_judge_case(case, []) for case in log.cases]
    if log.running:
        cases.append(Case(log.running, passed=False, lines=[why]))
    where = f", in {log.running}" if log.running else ""
    return SuiteResult(load.name, cases, trouble=f"{why}{where}")


def ktap(results: list[SuiteResult]) -> str:
    """Return the results as one KTAP document."""
    lines = ["KTAP version 1", f"1..{len(results)}"]
    for number, result in enumerate(results, 1):
        if result.cases:
            lines += ["    KTAP version 1", f"    # Subtest: {result.name}"]
            lines += [f"    1..{len(result.cases)}"]
        for place, case in enumerate(result.cases, 1):
            lines += _case_as_ktap(place, case)
        skip = f" # SKIP {result.skipped}" if result.skipped is not None else ""
        ok = "ok" if result.status == OK else "not ok"
        lines.append(f"{ok} {number} {result.name}{skip}")
    return "\n".join(lines) + "\n"


def _case_as_ktap(place: int, case: Case) -> list[str]:
    """A case that passed is one line; what was said during it is not shown."""
    said = [] if case.passed else case.lines
    left = len(said) - _MOST_LINES_OF_A_CASE
    lines = [tools.printable(text.strip()) for text in said[:_MOST_LINES_OF_A_CASE]]
    lines += [f"and {left} more lines"] if left > 0 else []
    skip = f" # SKIP {case.skipped}" if case.skipped is not None else ""
    ok = "ok" if case.passed else "not ok"
    result = f"    {ok} {place} {case.name}{skip}"
    return [*(f"    # {text.removeprefix('# ')}" for text in lines), result]


class Printer:
    """kunit.py's parser, of a kernel's source, started before there is anything to print.

    It takes a moment to start, and a guest takes longer: so it waits for its input.
    """

    def __init__(self, source: Path, directory: Path) -> None:
        """Start it; what it makes goes to ``directory``."""
        directory.mkdir(parents=True, exist_ok=True)
        self._document = directory / "results.ktap"
        self._json = directory / "results.json"
        self._json.unlink(missing_ok=True)
        tool = source / "tools/testing/kunit/kunit.py"
        self._process = subprocess.Popen(
            ["/usr/bin/python3", "-B", tool, "parse", f"--json={self._json}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=tools.environment(),
            text=True,
        )

    def show(self, document: str, form: str) -> None:
        """Print a KTAP document.

        ``form`` is "text" for what kunit.py prints, "json" for its JSON, or "junit"
        for the same as JUnit. Raises SetupError if kunit.py cannot read it.
        """
        self._document.write_text(document)
        said, _ = self._process.communicate(document)
        if not self._json.is_file():
            raise SetupError(f"kunit.py cannot read {self._document}:\n{said}")
        if form == "text":
            print(said, end="")
        elif form == "json":
            print(self._json.read_text())
        else:
            print(_junit(json.loads(self._json.read_text()), document))

    def stop(self) -> None:
        """End it if it still waits."""
        self._process.kill()
        self._process.communicate()


def _junit(group: dict[str, Any], document: str) -> str:
    """Return kunit.py's JSON as JUnit, each suite as a suite."""
    from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

    said = _diagnostics(document)
    results = {"PASS": None, "SKIP": Skipped, "ERROR": Error}
    xml = JUnitXml()
    for entry in group["sub_groups"]:
        suite = TestSuite(entry["name"])
        for case in entry["test_cases"]:
            test = TestCase(case["name"], classname=entry["name"])
            kind = results.get(case["status"], Failure)
            if kind:
                test.result = [kind(said.get((entry["name"], case["name"]), case["status"]))]
            suite.add_testcase(test)
        xml.add_testsuite(suite)
    for case in group["test_cases"]:
        suite = TestSuite(case["name"])
        test = TestCase(case["name"], classname=case["name"])
        if case["status"] != "PASS":
            test.result = [results.get(case["status"], Failure)(case["status"])]
        suite.add_testcase(test)
        xml.add_testsuite(suite)
    xml.update_statistics()
    return str(xml.tostring().decode())


def _diagnostics(document: str) -> dict[tuple[str, str], str]:
    """Return what was said before each result, and why it was skipped."""
    said: dict[tuple[str, str], str] = {}
    suite = ""
    lines: list[str] = []
    for line in document.splitlines():
        text = line.strip()
        if text.startswith("# Subtest: "):
            suite, lines = text.removeprefix("# Subtest: "), []
        elif text.startswith("# "):
            lines.append(text[2:])
        elif text.startswith(("ok ", "not ok ")):
            result, _, reason = text.partition(" # SKIP ")
            said[suite, result.split()[-1]] = reason or "\n".join(lines)
            lines = []
    return said
