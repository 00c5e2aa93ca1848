"""The verb coverage: which lines and branches of the labs all checks reach together."""

import json
import textwrap
from argparse import Namespace
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness.base import paths
from harness.catalogue import labs, suites, unreached
from harness.guest import prepare
from harness.verbs import kunit as verb_kunit, run as verb_run
from harness.guest.channel import Files
from harness.results.coverage import FileCoverage, Objects
from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK, GuestError
from harness.guest.machine import Machine
from harness.catalogue.labs import Lab
from harness.base.lock import locked
from harness.base.paths import BUILD, ROOT
from harness.base.progress import step
from harness.results.load_results import Verdict
from harness.catalogue.suites import Suite
from harness.kernels.request import Request
from harness.kernels.targets import Target
from harness.catalogue.unreached import Judgement

_CORE = "lab_core"
_WIDTH = 88


@dataclass(frozen=True)
class Plan:
    """What runs, and whose sources are judged by it.

    ``modules`` are those that at least one guest loads; ``directories`` those
    below labs/ that count; ``skipped`` the reason for each lab that nothing runs.
    """

    suites: list[Suite]
    labs: list[Lab]
    modules: set[str]
    directories: list[str]
    skipped: dict[str, str]


@dataclass(frozen=True)
class Report:
    """What came of it; ``failed`` are checks, ``output`` where the files are."""

    release: str
    files: list[FileCoverage]
    judgement: Judgement
    skipped: dict[str, str]
    failed: list[str]
    output: Path

    @property
    def status(self) -> int:
        """The exit status that it calls for."""
        return OK if self.judgement.is_right and not self.failed else CHECK_FAILED


def main(request: Request, args: Namespace) -> int:
    """Run all that checks the labs, and print what it reached; return the exit status."""
    plan = choose(args.lab, request.target, request.suites)
    reasons = unreached.read(request.suites / unreached.NAME)
    machine = prepare.machine(request)
    source = machine.initrd.parent / "src"
    series = request.target.series
    kunit, run = Files(), Files()
    failed = _run_suites(machine, plan, request.seed, kunit)
    failed += _run_labs(machine, plan, request.seed, run)
    output = BUILD / "coverage" / series
    lock = locked(output.parent / f"{series}.lock", f"the coverage of {series}")
    with lock, step("putting together what was reached"), paths.scratch() as directory:
        objects = Objects(source, directory)
        objects.add("kunit", plan.modules, kunit.contents())
        objects.add("run", plan.modules, run.contents())
        files = objects.measure(plan.directories, output)
        judgement = unreached.judge(files, reasons, series)
        report = Report(machine.kernel.release, files, judgement, plan.skipped, failed, output)
        text = as_text(report)
        (output / "coverage.txt").write_text(text)
    print(text if args.format == "text" else as_json(report), end="")
    return report.status


def choose(wanted: str | None, where: Target, directory: Path = paths.KUNIT) -> Plan:
    """Return what LAB= calls for.

    All labs reach what they share, so for that all of them run. Raises
    RequestError for an unknown name.
    """
    every = labs.all_labs()
    names = labs.choose_names(wanted, [_CORE, *(lab.name for lab in every)])
    chosen = every if _CORE in names else [lab for lab in every if lab.name in names]
    run = {_CORE, *(lab.name for lab in chosen)}
    its_suites = [suite for suite in suites.all_suites(directory) if suite.lab in run]
    loaded = {suite.lab for suite in its_suites if not suite.why_not(where)} & run
    loaded |= {lab.name for lab in chosen if not lab.why_not(where)}
    return Plan(
        suites=its_suites,
        labs=chosen,
        modules={_CORE} | {name for lab in chosen if lab.name in loaded for name in _modules(lab)},
        directories=[lab.directory.name for lab in chosen if lab.name in names & loaded]
        + (["core", "include"] if _CORE in names else []),
        skipped={
            lab.name: lab.why_not(where) or "nothing runs it"
            for lab in chosen
            if lab.name in names - loaded
        },
    )


def _modules(lab: Lab) -> list[str]:
    """Return the modules that are loaded with a lab's own: a source each."""
    return [source.stem for source in lab.directory.glob("*.c")]


def _run_suites(machine: Machine, plan: Plan, seed: int, files: Files) -> list[str]:
    """Return what failed. Raises GuestError if the guest did."""
    ready = replace(machine, arguments=verb_kunit.ARGUMENTS)
    outcome = verb_kunit.run(ready, plan.suites, seed, files)
    trouble = outcome.trouble
    for result in outcome.results:
        trouble = trouble or (result.trouble and f"{result.name}: {result.trouble}")
    if trouble:
        raise _broken(trouble, outcome.ending.last_lines() if outcome.ending else [])
    return [
        f"{result.name}: {case.name} (make kunit shows it)"
        for result in outcome.results
        for case in result.cases
        if not case.passed
    ]


def _run_labs(machine: Machine, plan: Plan, seed: int, files: Files) -> list[str]:
    """Return what failed. Raises GuestError if the guest did."""
    if all(lab.why_not(machine.kernel.target) for lab in plan.labs):
        return []
    report = verb_run.run(machine, plan.labs, seed, files)
    if report.status == GUEST_BROKEN and report.trouble:
        raise _broken(report.trouble, report.last_lines)
    return [
        f"{result.load} (make run ARCH=um shows it)"
        for result in report.results
        if result.verdict not in (Verdict.PASSED, Verdict.SKIPPED)
    ]


def _broken(trouble: str, console: list[str]) -> GuestError:
    return GuestError("\n    ".join((trouble, *console)))


def as_text(report: Report) -> str:
    """Return the report for people."""
    blocks = [
        [f"Linux {report.release}: what KUnit and the check programs reach of labs/", ""]
        + _table(report),
        [f"not measured: {name}: {why}" for name, why in report.skipped.items()],
        _explained(report.judgement),
        _unexplained(report.judgement),
        _out_of_date(report.judgement),
        [f"failed: {text}" for text in report.failed],
        [f"Each line with its branches: {_shown(report.output / 'html/index.html')}"],
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _table(report: Report) -> list[str]:
    total = FileCoverage(
        "all of them",
        *(
            sum(getattr(file, name) for file in report.files)
            for name in ("lines", "lines_reached", "branches", "branches_taken")
        ),
    )
    wide = max(len(file.name) for file in (*report.files, total))
    return [f"{'':{wide}}  {'lines':>19}  {'branches':>19}"] + [
        f"{file.name:{wide}}  {_share(file.lines_reached, file.lines)}"
        f"  {_share(file.branches_taken, file.branches)}"
        for file in (*report.files, total)
    ]


def _share(part: int, whole: int) -> str:
    if not whole:
        return f"{'none':>19}"
    return f"{part:4} of {whole:4} {_percent(part, whole):5.1f} %"


def _percent(part: int, whole: int) -> float:
    """Round down: only all of it is 100."""
    return 1000 * part // whole / 10


def _explained(judgement: Judgement) -> list[str]:
    lines = ["Not reached, for a reason:"] if judgement.explained else []
    last = None
    for line, reason in judgement.explained:
        if last and last.reason != reason.reason:
            lines += _wrapped(last.reason)
        lines.append(f"  labs/{line.file}:{line.number}: {line.text}")
        last = reason
    return lines + (_wrapped(last.reason) if last else [])


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)


def _unexplained(judgement: Judgement) -> list[str]:
    if not judgement.unexplained:
        return []
    return [
        f"Not reached, and kunit/{unreached.NAME} has no reason: write a case that reaches it,",
        "or say there why none can:",
        *(
            f"  labs/{line.file}:{line.number}, in {line.function}(): {line.text}"
            for line in judgement.unexplained
        ),
    ]


def _out_of_date(judgement: Judgement) -> list[str]:
    if not judgement.out_of_date:
        return []
    return [
        f"kunit/{unreached.NAME} has reasons for lines that are reached, or gone: take them out:",
        *(f"  {reason}" for reason in judgement.out_of_date),
    ]


def as_json(report: Report) -> str:
    """Return the report for machines."""
    judgement = report.judgement
    return (
        json.dumps(
            {
                "kernel": report.release,
                "status": report.status,
                "files": [
                    {name: value for name, value in asdict(file).items() if name != "unreached"}
                    for file in report.files
                ],
                "explained": [
                    asdict(line) | {"reason": reason.reason} for line, reason in judgement.explained
                ],
                "unexplained": [asdict(line) for line in judgement.unexplained],
                "out_of_date": [asdict(reason) for reason in judgement.out_of_date],
                "skipped": report.skipped,
                "failed": report.failed,
            },
            indent=2,
        )
        + "\n"
    )
