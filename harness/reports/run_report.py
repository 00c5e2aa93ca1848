"""What `make run` prints: a table for people, JSON and JUnit for machines."""

import json
import re
import sys
from dataclasses import dataclass
from typing import Any

from harness.results.ktap import Check
from harness.catalogue.labs import Load
from harness.results.load_results import LoadResult, Verdict

_STYLES = {
    Verdict.PASSED: "green",
    Verdict.SKIPPED: "yellow",
    Verdict.FAILED: "bold red",
    Verdict.BROKEN: "bold magenta",
}


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
        """Write the report to standard output as table, json or junit."""
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
                skipped = result.verdict is Verdict.SKIPPED
                error = (Skipped if skipped else Error)(result.problems[0])
                error.text = "\n".join((*result.problems, *result.log))
                case.result = [error]
                suite.add_testcase(case)
            xml.add_testsuite(suite)
        if self.trouble:
            suite = TestSuite("guest")
            case = TestCase("the guest runs to its end", classname="guest")
            error = Error(self.trouble)
            error.text = "\n".join(self.last_lines)
            case.result = [error]
            suite.add_testcase(case)
            xml.add_testsuite(suite)
        print(xml.tostring().decode())

    def _table(self) -> None:
        from rich.console import Console
        from rich.markup import escape

        # A pipe has no width: nothing there may be wrapped or cut off.
        width = None if sys.stdout.isatty() else 400
        console = Console(highlight=False, width=width)
        table = _wide_table(self.results)
        if _width(console, table) > console.width:
            table = _narrow_table(self.results)
        console.print(table)
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


def _wide_table(results: list[LoadResult]) -> Any:
    """One line for each load."""
    table = _table(
        "lab",
        "kernel address",
        "physical address",
        "user address",
        "frames",
        "bytes compared:\nkernel to user",
        "\nuser to kernel",
        "checks\npassed",
        "verdict",
    )
    for result in results:
        cells = _cells(result)
        table.add_row(
            str(result.load),
            *cells.addresses,
            cells.frames,
            *cells.compared,
            ", ".join(cells.checks),
            cells.verdict,
            style=_STYLES[result.verdict],
        )
    return table


def _narrow_table(results: list[LoadResult]) -> Any:
    """Some lines for each load, to fit into 80 columns."""
    table = _table(
        "lab", "kernel, physical,\nuser address", "frames", "bytes to user,\nto kernel", "checks"
    )
    for result in results:
        cells = _cells(result)
        table.add_row(
            "\n".join((result.load.lab.name, *result.load.parameters)),
            "\n".join(cells.addresses),
            cells.frames,
            "\n".join(cells.compared),
            "\n".join((cells.verdict, *cells.checks)),
            style=_STYLES[result.verdict],
        )
    return table


def _width(console: Any, table: Any) -> int:
    """Return the columns that a table would like to have."""
    from rich.measure import Measurement

    unbounded = console.options.update(max_width=10_000)
    return int(Measurement.get(console, unbounded, table).maximum)


def _table(*columns: str) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        numbers = column.startswith(("bytes", "\n"))
        table.add_column(column, no_wrap=True, justify="right" if numbers else "left")
    return table


@dataclass(frozen=True)
class _Cells:
    """What the table says of a load; "-" where the checks did not."""

    addresses: list[str]
    frames: str
    compared: list[str]
    checks: list[str]
    verdict: str


def _cells(result: LoadResult) -> _Cells:
    report = result.ktap.report
    if not int(report.get("pages", 0)):
        report = {}
    checks = result.ktap.checks
    skipped = sum(check.skipped is not None for check in checks)
    passed = sum(check.passed for check in checks) - skipped
    good = result.verdict is Verdict.PASSED
    return _Cells(
        addresses=[report.get(f"{side}_addr", "-") for side in ("kernel", "phys", "user")],
        frames={"yes": "contiguous", "no": "scattered"}.get(report.get("neighbours", ""), "-"),
        compared=[_bytes(report.get(way)) for way in ("kernel_to_user", "user_to_kernel")],
        checks=[f"{passed} of {result.ktap.plan or 0}"]
        + ([f"{skipped} skipped"] if skipped else []),
        verdict=result.verdict.name.lower() if good else result.verdict.name,
    )


def _bytes(number: str | None) -> str:
    return f"{int(number):,}" if number else "-"


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
    return [line for line in log if not re.search(r"taint|tsc: |clocksource: |random: ", line)]


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
