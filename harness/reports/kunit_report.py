"""What `make kunit` prints.

The results are put together as one KTAP document, which the kernel's own kunit.py
(kunit_parser.py) prints in its usual form. JUnit is made of the same results.
"""

import os
import subprocess
from pathlib import Path

from harness.base import tools
from harness.base.errors import OK, SetupError
from harness.catalogue import contract
from harness.catalogue.labs import all_labs
from harness.reports import verdict
from harness.reports.junit import JunitCase, JunitResult, JunitSuite
from harness.reports.verdict import Wrong
from harness.results.kunit_log import Case
from harness.results.suite_results import AROUND, LOADED, SuiteResult

_MOST_LINES_OF_A_CASE = 60


def as_ktap(results: list[SuiteResult]) -> str:
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
    skip = f" # SKIP {case.skipped}" if case.skipped is not None else ""
    ok = "ok" if case.passed else "not ok"
    result = f"    {ok} {place} {case.name}{skip}"
    return [*(f"    # {text}" for text in _what_failed(case)), result]


def _what_failed(case: Case) -> list[str]:
    """Return what was said during a case that failed, without what would drive a terminal."""
    if case.passed:
        return []
    left = len(case.lines) - _MOST_LINES_OF_A_CASE
    said = [text.strip().removeprefix("# ") for text in case.lines[:_MOST_LINES_OF_A_CASE]]
    lines = [tools.printable(text) for text in said]
    return lines + ([f"and {left} more lines"] if left > 0 else [])


class Printer:
    """kunit.py's parser, of a kernel's source, started before there is anything to print.

    It takes a moment to start, and a guest takes longer: so it waits for its input.
    """

    def __init__(self, source: Path, directory: Path) -> None:
        """Start it; what it makes goes to ``directory``."""
        directory.mkdir(parents=True, exist_ok=True)
        self._document = directory / "results.ktap"
        # Another run may be writing its own.
        self._json = directory / f"results-{os.getpid()}.json"
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
        """Print a KTAP document: "text" for what kunit.py prints, "json" for its JSON.

        Raises SetupError if kunit.py cannot read it.
        """
        self._document.write_text(document)
        said, _ = self._process.communicate(document)
        if not self._json.is_file():
            raise SetupError(f"kunit.py cannot read {self._document}:\n{said}")
        text = self._json.read_text()
        self._json.rename(self._json.with_name("results.json"))
        if form == "json":
            print(text)
        else:
            print(said, end="")

    def stop(self) -> None:
        """End it if it still waits."""
        self._process.kill()
        self._process.communicate()


def verdicts(results: list[SuiteResult], labs: Path) -> list[str]:
    """Return what is wrong with each lab of a directory, which kunit.py does not tell."""
    known = {lab.name: lab for lab in all_labs()}
    lines = []
    for result in results:
        lab = known.get(result.name.split()[0])
        bad = [case for case in result.cases if not case.passed]
        if not lab or not bad:
            continue
        reasons = [case.lines[0] for case in bad if case.name == LOADED and case.lines]
        said = [line for case in bad if case.name == LOADED for line in case.lines[1:]]
        failed = {
            contract.REPORTS if case.name == AROUND else case.name: _what_failed(case)
            for case in bad
            if case.name != LOADED
        }
        log = [line for case in bad for line in case.lines] if not reasons else said
        title = f"KUnit {result.name}"
        lines += verdict.lines(Wrong(title, lab, failed, reasons, log, labs, result.crash))
    return lines


def as_junit(results: list[SuiteResult]) -> list[JunitSuite]:
    """Return the results as JUnit has them."""
    return [_suite_as_junit(result) for result in results]


def _suite_as_junit(result: SuiteResult) -> JunitSuite:
    cases = [_case_as_junit(result.name, case) for case in result.cases]
    if result.skipped is not None:
        cases.append(
            JunitCase(result.name, result.name, JunitResult.SKIPPED, message=result.skipped)
        )
    if result.trouble:
        name = "the suite runs to its end"
        cases.append(JunitCase(name, result.name, JunitResult.ERROR, message=result.trouble))
    return JunitSuite(result.name, cases, result.seconds)


def _case_as_junit(suite: str, case: Case) -> JunitCase:
    if case.skipped is not None:
        return JunitCase(case.name, suite, JunitResult.SKIPPED, case.skipped)
    if case.passed:
        return JunitCase(case.name, suite)
    return JunitCase(case.name, suite, JunitResult.FAILURE, "\n".join(_what_failed(case)))
