"""Measuring which lines and branches of the labs the suites and the check programs reach."""

from dataclasses import dataclass
from pathlib import Path

from harness.base import paths
from harness.base.errors import GuestError
from harness.base.lock import locked
from harness.base.paths import BUILD, KUNIT
from harness.base.progress import step
from harness.build import modules
from harness.catalogue import labs, suites
from harness.catalogue.labs import Lab
from harness.catalogue.suites import Suite
from harness.guest.channel import Files
from harness.guest.machine import Machine
from harness.kernels.request import Request
from harness.kernels.targets import Target
from harness.results.coverage import FileCoverage, Objects
from harness.results.load_results import LoadVerdict
from harness.runs import check_loads, run_suites

_CORE = "lab_core"


@dataclass(frozen=True)
class CoveragePlan:
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
class Measured:
    """What was reached; ``failed`` are checks, ``output`` is where gcovr's files are."""

    files: list[FileCoverage]
    failed: list[str]
    output: Path


def choose(wanted: str | None, target: Target, directory: Path = KUNIT) -> CoveragePlan:
    """Return what LAB= calls for.

    All labs reach what they share, so for that all of them run. Raises
    RequestError for an unknown name.
    """
    every = labs.all_labs()
    names = labs.choose_names(wanted, [_CORE, *(lab.name for lab in every)])
    chosen = every if _CORE in names else [lab for lab in every if lab.name in names]
    run = {_CORE, *(lab.name for lab in chosen)}
    its_suites = [suite for suite in suites.all_suites(directory) if suite.lab in run]
    loaded = {suite.lab for suite in its_suites if not suite.why_not(target)} & run
    loaded |= {lab.name for lab in chosen if not lab.why_not(target)}
    return CoveragePlan(
        suites=its_suites,
        labs=chosen,
        modules={_CORE} | {name for lab in chosen if lab.name in loaded for name in _modules(lab)},
        directories=[lab.directory.name for lab in chosen if lab.name in names & loaded]
        + (["core", "include"] if _CORE in names else []),
        skipped={
            lab.name: lab.why_not(target) or "nothing runs it"
            for lab in chosen
            if lab.name in names - loaded
        },
    )


def _modules(lab: Lab) -> list[str]:
    """Return the modules that are loaded with a lab's own: a source each."""
    return [source.stem for source in lab.directory.glob("*.c")]


def measure(machine: Machine, plan: CoveragePlan, request: Request) -> Measured:
    """Run all that the plan holds; return what it reached.

    Raises GuestError if a guest crashed, hung or made no sense.
    """
    kunit, run = Files(), Files()
    failed = _run_suites(machine, plan, request.seed, kunit)
    failed += _run_labs(machine, plan, request.seed, run)
    series = request.target.series
    output = BUILD / "coverage" / series
    lock = locked(output.parent / f"{series}.lock", f"the coverage of {series}")
    with lock, step("collecting the coverage"), paths.scratch() as directory:
        trees = modules.trees_of(machine.kernel) if machine.sandboxed else None
        objects = Objects(machine.initrd.parent / "src", directory, trees)
        objects.add("kunit", plan.modules, kunit.contents())
        objects.add("run", plan.modules, run.contents())
        return Measured(objects.measure(plan.directories, output), failed, output)


def _run_suites(machine: Machine, plan: CoveragePlan, seed: int, files: Files) -> list[str]:
    """Return what failed. Raises GuestError if the guest did."""
    ran = run_suites.run(machine, plan.suites, seed, files)
    trouble = ran.trouble
    for result in ran.results:
        trouble = trouble or (result.trouble and f"{result.name}: {result.trouble}")
    if trouble:
        raise _broken(trouble, ran.ending.last_lines() if ran.ending else [])
    return [
        f"{result.name}: {case.name} (make kunit shows it)"
        for result in ran.results
        for case in result.cases
        if not case.passed
    ]


def _run_labs(machine: Machine, plan: CoveragePlan, seed: int, files: Files) -> list[str]:
    """Return what failed. Raises GuestError if the guest did."""
    if all(lab.why_not(machine.kernel.target) for lab in plan.labs):
        return []
    checked = check_loads.of_labs(machine, plan.labs, seed, files)
    if checked.trouble:
        raise _broken(checked.trouble, checked.ending.last_lines())
    return [
        f"{result.load} (make run ARCH={machine.kernel.target.arch} shows it)"
        for result in checked.results
        if result.verdict not in (LoadVerdict.PASSED, LoadVerdict.SKIPPED)
    ]


def _broken(trouble: str, console: list[str]) -> GuestError:
    return GuestError("\n    ".join((trouble, *console)))
