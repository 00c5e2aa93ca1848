"""What `make run` prints."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.base.errors import GUEST_BROKEN
from harness.base.paths import LABS
from harness.catalogue import contract
from harness.catalogue.labs import Lab, Load
from harness.guest.machine import Machine
from harness.kernels.request import Request
from harness.reports import tables, verdict
from harness.reports.forms import Booted, CaseReport, seed_text
from harness.reports.junit import JunitCase, JunitResult, JunitSuite
from harness.reports.tables import Column, Paragraph, Row
from harness.reports.verdict import Wrong
from harness.results import diagnosis, kernel_log, load_results
from harness.results.ktap import Check
from harness.results.load_results import LoadResult, LoadVerdict, ProblemKind
from harness.results.witness import (
    AccessSighting,
    ClockSighting,
    MemorySighting,
    Sighting,
    WriteSighting,
)
from harness.runs.check_loads import CheckedLoads

if TYPE_CHECKING:
    from rich.table import Table

_STYLES = {
    LoadVerdict.PASSED: "green",
    LoadVerdict.SKIPPED: "yellow",
    LoadVerdict.FAILED: "bold red",
    LoadVerdict.BROKEN: "bold magenta",
}

_NOTHING = "-"

# Of the kernel's log; all of it is in the other forms.
_MOST_LOG = 60

# What a kernel logs anyway, and what explains nothing.
_NOISE = re.compile(r"taint|tsc: |clocksource: |random: ")


@dataclass(frozen=True)
class RunReport(CaseReport):
    """What was booted, and the results.

    ``trouble`` says what was wrong with the guest itself, and ``last_lines`` are the end
    of its console then. ``labs`` is the directory of the copy that was tried.
    """

    booted: Booted
    results: list[LoadResult]
    trouble: str | None = None
    last_lines: tuple[str, ...] = ()
    labs: Path = LABS
    name = "kmaplab"

    @staticmethod
    def of(machine: Machine, request: Request, checked: CheckedLoads, console: Path) -> "RunReport":
        """Return the report on loads that were checked; ``console`` is the guest's, kept."""
        trouble = checked.trouble
        return RunReport(
            booted=Booted.of(machine, request.seed, checked.ending.seconds),
            results=checked.results,
            trouble=f"{trouble}; the end of its console (all of it: {console})"
            if trouble
            else None,
            last_lines=tuple(checked.ending.last_lines()) if trouble else (),
            labs=request.labs,
        )

    @property
    def status(self) -> int:
        """The exit status that the results call for."""
        return GUEST_BROKEN if self.trouble else load_results.worst(self.results)

    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds."""
        return {
            **self.booted.as_data(),
            "status": self.status,
            "trouble": self.trouble,
            "console": list(self.last_lines),
            "labs": [_as_dict(result, self.labs) for result in self.results],
        }

    def as_junit(self) -> list[JunitSuite]:
        """Return what JUnit holds: a suite for each load."""
        suites = [_as_junit(result) for result in self.results]
        if self.trouble:
            text = "\n".join(self.last_lines)
            name = "the guest runs to its end"
            case = JunitCase(name, "guest", JunitResult.ERROR, self.trouble, text)
            suites.append(JunitSuite("guest", [case]))
        return suites

    def print_table(self) -> None:
        """Print it for people."""
        console = tables.open_console()
        for line in self._verdicts():
            tables.say(console, line, "" if line.startswith(" ") else "bold red")
        paragraphs = [_paragraph(result) for result in self.results]
        tables.show(console, [_wide_table(self.results), _narrow_table(self.results)], paragraphs)
        for result in self.results:
            for line in _what_failed(result):
                tables.say(console, line)
        if self.trouble:
            tables.say(console, self.trouble, "bold magenta")
            for line in self.last_lines:
                tables.say(console, f"    {line}")
        for line in _witness_lines(self.results):
            tables.say(console, line)
        tables.say(
            console,
            f"{self.booted}, {self.booted.seconds:.1f} s; "
            f"the contents follow from SEED={seed_text(self.booted.seed)}",
        )

    def _verdicts(self) -> list[str]:
        """Return what is wrong, before all evidence."""
        found = []
        for result in self.results:
            if result.verdict in (LoadVerdict.FAILED, LoadVerdict.BROKEN) and result.began:
                # What a guest that died could not send any more stands on its console.
                gone = any(one.kind is ProblemKind.GUEST_GONE for one in result.problems)
                log = [*result.log, *(self.last_lines if gone else ())]
                found += verdict.lines(_wrong(result, log, self.labs))
        return found


def _wrong(result: LoadResult, log: list[str], labs: Path) -> Wrong:
    """Return what is wrong with a load."""
    failed = {check.name: check.diagnostics for check in result.failed_checks}
    if result.warned:
        failed[contract.REPORTS] = tuple(kernel_log.reports(log)[:1])
    reasons = [
        str(problem) for problem in result.problems if problem.kind is not ProblemKind.KERNEL_WARNED
    ]
    return Wrong(str(result.load), result.load.lab, failed, reasons, log, labs, result.crash)


def _witness_lines(results: list[LoadResult]) -> list[str]:
    """Return for each lab that ran whether its three witnesses agree, and on how much."""
    ran = [result for result in results if result.verdict is not LoadVerdict.SKIPPED]
    by_lab: dict[str, list[LoadResult]] = {}
    for result in ran:
        by_lab.setdefault(result.load.lab.name, []).append(result)
    wide = max((len(name) for name in by_lab), default=0)
    lines = []
    for name, loads in by_lab.items():
        lines.append(f"{name:{wide}}  {_witnessed(loads)}")
        if blocks := _by_blocks(loads):
            lines.append(f"{'':{wide}}  {blocks}")
    return lines


def _witnessed(loads: list[LoadResult]) -> str:
    """Say in what kernel, user and machine agree, over all loads of a lab.

    That kernel and user do is what the checks say, of which all must have passed.
    """
    seen = [load.sighting for load in loads if load.sighting]
    if any(one.problems for one in seen):
        return "kernel, user and machine differ: see above"
    agreed = _agreed_in(seen)
    if len(seen) < len(loads) or not agreed:
        return "the machine was not asked for each load: see above"
    if any(load.verdict is not LoadVerdict.PASSED for load in loads):
        return "the machine agrees, but checks failed: see above"
    return agreed


def _agreed_in(seen: list[Sighting]) -> str | None:
    """Say what the machine showed as well, over all loads of a lab; None if nothing."""
    agree = "kernel=user=machine"
    for one in reversed(seen):
        if isinstance(one, ClockSighting):
            said = datetime.fromtimestamp(one.read, timezone.utc)
            return f"{agree} {said:%Y-%m-%d %H:%M:%S} UTC"
    if accesses := sum(one.count for one in seen if isinstance(one, AccessSighting)):
        return f"{agree} {accesses} accesses"
    if writes := sum(one.counted for one in seen if isinstance(one, WriteSighting)):
        return f"{agree} {writes:,} writes"
    memory = [one for one in seen if isinstance(one, MemorySighting)]
    frames = sum(len(one.frames) for one in memory)
    compared = sum(one.compared for one in memory)
    if sum(one.in_file for one in memory) == compared:
        agree += "=file"
    return f"{agree} {frames:3} frames, {compared:7,} bytes" if frames else None


def _by_blocks(loads: list[LoadResult]) -> str | None:
    """Say how many frames the machine found by an entry for 2 MiB, if any."""
    large = sum(
        load.sighting.levels.count("PMD")
        for load in loads
        if isinstance(load.sighting, MemorySighting) and not load.sighting.problems
    )
    return f"{large} of them by an entry in the PMD, for 2 MiB" if large else None


def _wide_table(results: list[LoadResult]) -> "Table":
    """One line for each load."""
    columns = [
        Column("lab"),
        Column("kernel address"),
        Column("physical address"),
        Column("user address"),
        Column("frames"),
        Column("bytes compared:\nkernel to user", numbers=True),
        Column("\nuser to kernel", numbers=True),
        Column("checks\npassed"),
        Column("verdict"),
    ]
    rows = []
    for result in results:
        facts = _facts(result)
        cells = [
            str(result.load),
            *facts.addresses,
            facts.frames,
            *facts.compared,
            ", ".join(facts.checks),
            facts.verdict,
        ]
        rows.append(Row(cells, _STYLES[result.verdict]))
    return tables.make(columns, rows)


def _narrow_table(results: list[LoadResult]) -> "Table":
    """Some lines for each load, to fit into 80 columns."""
    columns = [
        Column("lab"),
        Column("kernel, physical,\nuser address"),
        Column("frames"),
        Column("bytes to user,\nto kernel", numbers=True),
        Column("checks"),
    ]
    rows = []
    for result in results:
        facts = _facts(result)
        cells = [
            "\n".join((result.load.lab.name, *result.load.parameters)),
            "\n".join(facts.addresses),
            facts.frames,
            "\n".join(facts.compared),
            "\n".join((facts.verdict, *facts.checks)),
        ]
        rows.append(Row(cells, _STYLES[result.verdict]))
    return tables.make(columns, rows)


def _paragraph(result: LoadResult) -> Paragraph:
    """A load's facts below each other, for a terminal that no table fits on."""
    from rich.markup import escape

    facts = _facts(result)
    kernel, physical, user = facts.addresses
    to_user, to_kernel = facts.compared
    values = {
        "kernel address": kernel,
        "physical address": physical,
        "user address": user,
        "frames": facts.frames,
        "bytes to user": to_user,
        "bytes to kernel": to_kernel,
        "checks passed": ", ".join(facts.checks),
    }
    lines = [f"{name:16}  {value}" for name, value in values.items() if value != _NOTHING]
    title = escape(f"{result.load}: {facts.verdict}")
    return Paragraph(title, lines, _STYLES[result.verdict])


@dataclass(frozen=True)
class _Facts:
    """What the table says of a load; _NOTHING where the checks said nothing."""

    addresses: list[str]
    frames: str
    compared: list[str]
    checks: list[str]
    verdict: str


def _facts(result: LoadResult) -> _Facts:
    report = result.ktap.report
    if not int(report.get("pages", 0)):
        report = {}
    checks = result.ktap.checks
    skipped = sum(check.skipped is not None for check in checks)
    passed = sum(check.passed for check in checks) - skipped
    good = result.verdict is LoadVerdict.PASSED
    return _Facts(
        addresses=[report.get(f"{side}_addr", _NOTHING) for side in ("kernel", "phys", "user")],
        frames={"yes": "contiguous", "no": "scattered"}.get(report.get("contiguous", ""), _NOTHING),
        compared=[_bytes(report.get(way)) for way in ("kernel_to_user", "user_to_kernel")],
        checks=[f"{passed} of {result.ktap.plan or 0}"]
        + ([f"{skipped} skipped"] if skipped else []),
        verdict=result.verdict.name.lower() if good else result.verdict.name,
    )


def _bytes(number: str | None) -> str:
    return f"{int(number):,}" if number else _NOTHING


def _what_failed(result: LoadResult) -> list[str]:
    """Return all that a person needs to go on, in lines."""
    lines = [f"{result.load}: {problem}" for problem in result.problems]
    for alike in _failed_alike(result):
        lines.append(f"{result.load}: {', '.join(check.name for check in alike)} failed")
        lines += [f"    {text}" for text in alike[0].diagnostics]
    for check in result.ktap.checks:
        if check.skipped is not None:
            lines.append(f"{result.load}: {check.name} skipped: {check.skipped}")
    log = _log_of_the_lab(result.log)
    if result.verdict is not LoadVerdict.PASSED and log:
        end = " (of its end: the rest is lost)" if result.log_lost else ""
        lines.append(f"{result.load}: the kernel log of this load{end}")
        lines += [f"    {text}" for text in log[:_MOST_LOG]]
        more = len(log) - _MOST_LOG
        lines += [f"    and {more} more lines: FORMAT=json has them"] if more > 0 else []
    return lines


def _failed_alike(result: LoadResult) -> list[list[Check]]:
    """Put failed checks that said the same together, in the order of the first."""
    groups: dict[tuple[str, ...], list[Check]] = {}
    for check in result.failed_checks:
        groups.setdefault(check.diagnostics, []).append(check)
    return list(groups.values())


def _log_of_the_lab(log: list[str]) -> list[str]:
    """Leave out what a kernel logs anyway, unless it has a warning to explain."""
    if kernel_log.reports(log):
        return log
    return [line for line in log if not _NOISE.search(line)]


def _as_junit(result: LoadResult) -> JunitSuite:
    lab = result.load.lab.name
    suite = JunitSuite(str(result.load), seconds=result.seconds)
    for check in result.ktap.checks:
        case = JunitCase(check.name, lab, seconds=check.seconds)
        if check.skipped is not None:
            case = replace(case, result=JunitResult.SKIPPED, message=check.skipped)
        elif not check.passed:
            message = check.diagnostics[0] if check.diagnostics else "failed"
            text = "\n".join((*check.diagnostics, *result.log))
            case = replace(case, result=JunitResult.FAILURE, message=message, text=text)
        suite.cases.append(case)
    if result.problems:
        skipped = result.verdict is LoadVerdict.SKIPPED
        kind = JunitResult.SKIPPED if skipped else JunitResult.ERROR
        problems = [str(problem) for problem in result.problems]
        text = "\n".join((*problems, *result.log))
        name = "load and checks run to the end"
        suite.cases.append(JunitCase(name, lab, kind, problems[0], text))
    return suite


def _as_dict(result: LoadResult, labs: Path) -> dict[str, Any]:
    report = result.ktap.report
    return {
        **_load_as_dict(result.load),
        "copy": verdict.path_of(labs, result.load.lab),
        "verdict": result.verdict.name.lower(),
        "why": verdict.lines(_wrong(result, result.log, labs)),
        "seconds": _rounded(result.seconds),
        "kernel_address": report.get("kernel_addr"),
        "physical_address": report.get("phys_addr"),
        "user_address": report.get("user_addr"),
        "pages": _number(report.get("pages")),
        "size": _number(report.get("size")),
        "frames_are_contiguous": {"yes": True, "no": False}.get(report.get("contiguous", "")),
        "bytes_kernel_to_user": _number(report.get("kernel_to_user")),
        "bytes_user_to_kernel": _number(report.get("user_to_kernel")),
        "checks_planned": result.ktap.plan,
        "checks": [_check_as_dict(check, result.load.lab, labs) for check in result.ktap.checks],
        "machine": _sighting_as_dict(result.sighting) if result.sighting else None,
        "machine_after_division": _sighting_as_dict(result.divided) if result.divided else None,
        "problems": [str(problem) for problem in result.problems],
        "kernel_log": result.log,
        "kernel_log_is_whole": not result.log_lost,
    }


def _check_as_dict(check: Check, lab: Lab, labs: Path) -> dict[str, Any]:
    clause = diagnosis.clause_of(check.name, verdict.clauses())
    return {
        "name": check.name,
        "result": _word(check),
        "clause": clause.number if clause else None,
        "copy": verdict.path_of(labs, lab),
        "seconds": _rounded(check.seconds),
        "reason": check.skipped,
        "diagnostics": list(check.diagnostics),
        "hint": None if check.passed else verdict.hint_of(lab, check.name),
    }


def _sighting_as_dict(sighting: Sighting) -> dict[str, Any]:
    """Return the same keys for whatever was looked at; what does not fit it is empty."""
    memory = sighting if isinstance(sighting, MemorySighting) else MemorySighting()
    found: dict[str, Any] = {
        "frames": [f"0x{frame:x}" for frame in memory.frames],
        "levels": memory.levels,
        "memory_type": memory.memory_type,
        "bytes": memory.compared,
        "bytes_in_file": memory.in_file,
        "times": [],
        "accesses": 0,
        "writes": [],
        "problems": sighting.problems,
    }
    if isinstance(sighting, ClockSighting):
        found["times"] = [sighting.before, sighting.read, sighting.after]
    elif isinstance(sighting, AccessSighting):
        found["accesses"] = sighting.count
    elif isinstance(sighting, WriteSighting):
        found["writes"] = [sighting.wanted, sighting.said, sighting.counted]
    return found


def _word(check: Check) -> str:
    if check.skipped is not None:
        return "skip"
    return "pass" if check.passed else "fail"


def _load_as_dict(load: Load) -> dict[str, Any]:
    parameters = dict(parameter.split("=", 1) for parameter in load.parameters)
    return {
        "lab": load.lab.name,
        "title": load.lab.title,
        "parameters": parameters,
        "mapping": load.mapping,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _number(text: str | None) -> int | None:
    return int(text) if text else None
