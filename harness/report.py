"""What `make run` prints: a table for people, JSON and JUnit for machines."""

import json
import re
import sys
from dataclasses import dataclass
from typing import Any

from harness.ktap import Check
from harness.labs import Load
from harness.results import LoadResult, Verdict

FORMATS = ("table", "json", "junit")

# A terminal narrower than this gets the three addresses below each other.
_WIDE = 118
_STYLES = {Verdict.PASSED: "green", Verdict.FAILED: "bold red", Verdict.BROKEN: "bold magenta"}


@dataclass(frozen=True)
class RunReport:
    """A whole run: what was booted, the seed of its contents, and the results.

    ``seconds`` is the guest's wall time; ``trouble`` says what was wrong with
    the guest itself, and ``last_lines`` are the end of its console then.
    """

    release: str
    arch: str
    accel: str
    seed: int
    seconds: float
    results: list[LoadResult]
    trouble: str | None
    last_lines: list[str]
    status: int

    def print(self, kind: str) -> None:
        """Write the report to standard output in one of FORMATS."""
        {"table": self._table, "json": self._json, "junit": self._junit}[kind]()

    def _json(self) -> None:
        json.dump(
            {
                "kernel": self.release,
                "arch": self.arch,
                "accel": self.accel,
                "seed": f"0x{self.seed:x}",
                "seconds": round(self.seconds, 2),
                "status": self.status,
                "trouble": self.trouble,
                "console": self.last_lines,
                "labs": [_as_dict(result) for result in self.results],
            },
            sys.stdout,
            indent=2,
        )
        print()

    def _junit(self) -> None:
        from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

        xml = JUnitXml("kmaplab")
        for result in self.results:
            suite = TestSuite(str(result.load))
            for check in result.ktap.checks:
                case = TestCase(check.name, classname=result.load.lab.name)
                if not check.passed:
                    failure = Failure(check.diagnostics[0] if check.diagnostics else "failed")
                    failure.text = "\n".join((*check.diagnostics, *result.log))
                    case.result = [failure]
                elif check.skipped is not None:
                    case.result = [Skipped(check.skipped)]
                suite.add_testcase(case)
            if result.problems:
                case = TestCase("load and checks run to the end", classname=result.load.lab.name)
                error = Error(result.problems[0])
                error.text = "\n".join((*result.problems, *result.log, *self.last_lines))
                case.result = [error]
                suite.add_testcase(case)
            xml.add_testsuite(suite)
        print(xml.tostring().decode())

    def _table(self) -> None:
        from rich.console import Console
        from rich.markup import escape

        # A pipe has no width: nothing there may be wrapped or cut off.
        console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
        wide = not sys.stdout.isatty() or console.width >= _WIDE
        if not sys.stdout.isatty():
            console = Console(highlight=False, width=400)
        console.print(_summary(self.results, wide))
        for result in self.results:
            for line in _what_failed(result):
                console.print(escape(line), soft_wrap=True)
        if self.trouble:
            console.print(f"[bold magenta]{escape(self.trouble)}[/]", soft_wrap=True)
            for line in self.last_lines:
                console.print(f"    {escape(line)}", soft_wrap=True)
        console.print(
            f"Linux {self.release} on {self.arch} ({self.accel}), {self.seconds:.1f} s; "
            f"the contents follow from SEED=0x{self.seed:x}",
            soft_wrap=True,
        )


def _summary(results: list[LoadResult], wide: bool) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("lab", no_wrap=True)
    if wide:
        for name in ("kernel address", "physical address", "user address"):
            table.add_column(name, no_wrap=True)
    else:
        table.add_column("kernel, physical, user address", no_wrap=True)
    table.add_column("frames", no_wrap=True)
    table.add_column("bytes compared\nkernel to user", justify="right", no_wrap=True)
    table.add_column("\nuser to kernel", justify="right", no_wrap=True)
    table.add_column("checks\npassed", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for result in results:
        table.add_row(*_row(result, wide), style=_STYLES[result.verdict])
    return table


def _row(result: LoadResult, wide: bool) -> list[str]:
    """Return the cells of one load; "-" where the checks did not say."""
    report = result.ktap.report
    addresses = [report.get(f"{side}_addr", "-") for side in ("kernel", "phys", "user")]
    frames = {"yes": "neighbours", "no": "scattered"}.get(report.get("neighbours", ""), "-")
    return [
        str(result.load),
        *(addresses if wide else ["\n".join(addresses)]),
        frames,
        _bytes(report.get("kernel_to_user")),
        _bytes(report.get("user_to_kernel")),
        _passed(result),
        result.verdict.name.lower() if result.verdict is Verdict.PASSED else result.verdict.name,
    ]


def _bytes(number: str | None) -> str:
    return f"{int(number):,}" if number else "-"


def _passed(result: LoadResult) -> str:
    checks = result.ktap.checks
    skipped = sum(check.skipped is not None for check in checks)
    passed = sum(check.passed for check in checks) - skipped
    total = result.ktap.plan or 0
    return f"{passed} of {total}" + (f", {skipped} skipped" if skipped else "")


def _what_failed(result: LoadResult) -> list[str]:
    """Return all that a person needs to go on, in lines."""
    lines = [f"{result.load}: {problem}" for problem in result.problems]
    # Later failures mostly follow from the first, and their hints would mislead.
    hint = None
    for alike in _failed_alike(result):
        lines.append(f"{result.load}: {', '.join(check.name for check in alike)} failed")
        lines += [f"    {text}" for text in alike[0].diagnostics]
        if hint is None:
            hint = result.load.lab.hints.get(alike[0].name, "")
            lines += [f"    hint: {hint}"] if hint else []
    for check in result.ktap.checks:
        if check.skipped is not None:
            lines.append(f"{result.load}: {check.name} skipped: {check.skipped}")
    log = _log_of_the_lab(result.log)
    if result.verdict is not Verdict.PASSED and log:
        lines.append(f"{result.load}: the kernel log of this load")
        lines += [f"    {text}" for text in log]
    return lines


def _failed_alike(result: LoadResult) -> list[list[Check]]:
    """Put failed checks that said the same together, in the order of the first."""
    groups: dict[tuple[str, ...], list[Check]] = {}
    for check in result.failed_checks:
        groups.setdefault(check.diagnostics, []).append(check)
    return list(groups.values())


def _log_of_the_lab(log: list[str]) -> list[str]:
    """Leave out what a kernel logs anyway, unless it has a warning to explain."""
    if any(re.search(r"WARNING: |BUG: |Call Trace", line) for line in log):
        return log
    return [line for line in log if "lab_" in line and "taint" not in line]


def _as_dict(result: LoadResult) -> dict[str, Any]:
    report = result.ktap.report
    return {
        **_load_as_dict(result.load),
        "verdict": result.verdict.name.lower(),
        "kernel_address": report.get("kernel_addr"),
        "physical_address": report.get("phys_addr"),
        "user_address": report.get("user_addr"),
        "pages": _number(report.get("pages")),
        "size": _number(report.get("size")),
        "frames_are_neighbours": {"yes": True, "no": False}.get(report.get("neighbours", "")),
        "bytes_kernel_to_user": _number(report.get("kernel_to_user")),
        "bytes_user_to_kernel": _number(report.get("user_to_kernel")),
        "checks_planned": result.ktap.plan,
        "checks": [
            {
                "name": check.name,
                "result": "skip"
                if check.skipped is not None
                else "pass"
                if check.passed
                else "fail",
                "reason": check.skipped,
                "diagnostics": list(check.diagnostics),
            }
            for check in result.ktap.checks
        ],
        "problems": result.problems,
        "kernel_log": result.log,
    }


def _load_as_dict(load: Load) -> dict[str, Any]:
    parameters = dict(parameter.split("=", 1) for parameter in load.parameters)
    return {"lab": load.lab.name, "title": load.lab.title, "parameters": parameters}


def _number(text: str | None) -> int | None:
    return int(text) if text else None
