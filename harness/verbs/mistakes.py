"""The verb mistakes: each wrong version of a lab must be caught by the clause it names."""

import shutil
import subprocess
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue

from harness.base import tools
from harness.build import check_programs, initramfs, modules
from harness.catalogue import contract, mistakes, suites
from harness.guest import accel, prepare, side_by_side
from harness.results import proof
from harness.runs import checks
from harness.verbs import kunit as verb_kunit
from harness.runs.checks import Order
from harness.base.errors import SetupError
from harness.guest.machine import Machine
from harness.kernels.debian import Kernel
from harness.base.lock import locked
from harness.catalogue.mistakes import Mistake
from harness.reports.mistakes_report import Caught, MistakesReport, Outcome
from harness.base.paths import BUILD, KUNIT
from harness.base.progress import Step, step
from harness.results.proof import Evidence, Finding, Verdict
from harness.kernels.request import Request
from harness.kernels.targets import ARCHES, Target
from harness.build.check_programs import Programs


def main(request: Request, args: Namespace) -> int:
    """Show that each mistake is caught, and print by what; return the exit status."""
    chosen = mistakes.choose(args.lab, args.clause, args.only, request.labs)
    series = request.target.series
    able = [mistake for mistake in chosen if not mistake.why_not(series)]
    workshop = _Workshop.open(request, able)
    begun = time.monotonic()
    outcomes = []
    text = f"making {len(able)} mistake{'' if len(able) == 1 else 's'} on {series}"
    with step(text) as progress, workshop.benches():
        for mistake, outcome in side_by_side.run(_longest_first(able), workshop.judge):
            outcomes.append(outcome)
            _show(progress, len(outcomes), mistake, outcome)
    report = MistakesReport(
        series=series,
        seed=request.seed,
        seconds=time.monotonic() - begun,
        outcomes=sorted(outcomes, key=lambda one: chosen.index(one.mistake)),
        skipped={one.name: reason for one in chosen if (reason := one.why_not(series))},
    )
    report.print(args.format)
    return report.status


def _longest_first(able: list[Mistake]) -> list[Mistake]:
    """Put those that boot QEMU first: what comes last shall be short."""
    return sorted(able, key=lambda mistake: not ARCHES[mistake.arch].qemu)


def _show(progress: Step, count: int, mistake: Mistake, outcome: Outcome) -> None:
    progress.detail = f"{count}: {mistake.name} {outcome.caught.value}"


@dataclass
class _Workshop:
    """Where wrong versions are built and tried, several at once.

    A bench is a directory with a copy of all labs and the modules built from it. It is
    used again for the next mistake, so that kbuild compiles only what differs.
    """

    kernels: dict[str, Kernel]
    programs: dict[str, Programs]
    request: Request
    home: Path
    free: SimpleQueue[int] = field(default_factory=SimpleQueue)

    @staticmethod
    def open(request: Request, able: list[Mistake]) -> "_Workshop":
        """Have all kernels and check programs at hand."""
        series = request.target.series
        found = {
            arch: prepare.kernel(replace(request, target=Target(series, arch)))
            for arch in sorted({mistake.arch for mistake in able})
        }
        home = BUILD / "mistakes" / series
        home.mkdir(parents=True, exist_ok=True)
        with locked(BUILD / "build.lock", "the build"):
            programs = {arch: _own_programs(arch, home) for arch in found}
        return _Workshop(found, programs, request, home)

    @contextmanager
    def benches(self) -> Iterator[None]:
        """Have a bench for each guest, and to itself."""
        for number in range(side_by_side.workers()):
            self.free.put(number)
        with locked(self.home / "lock", f"the mistakes on {self.home.name}"):
            yield

    def judge(self, mistake: Mistake) -> Outcome:
        """Make a mistake, and see what notices."""
        number = self.free.get()
        begun = time.monotonic()
        try:
            sources = self.home / str(number) / "labs"
            caught, text, by = self._judge(mistake, sources)
        finally:
            self.free.put(number)
        return Outcome(mistake, caught, text, by, time.monotonic() - begun)

    def _judge(self, mistake: Mistake, sources: Path) -> tuple[Caught, str, list[Finding]]:
        _copy(self.request.labs, sources)
        if complaint := _apply(mistake.patch, sources / mistake.owner):
            return Caught.DOES_NOT_APPLY, complaint, []
        kernel = self.kernels[mistake.arch]
        try:
            built = modules.build(kernel, sources, KUNIT)
        except SetupError as error:
            return Caught.DOES_NOT_BUILD, str(error), []
        archive = initramfs.build(kernel, built, self.programs[mistake.arch])
        machine = accel.choose(
            self.request.accelerator, Machine(kernel, archive, limit=self.request.limit)
        )
        try:
            evidence = self._try(mistake, machine)
        except SetupError as error:
            # Whatever runs the guest fell over, and not the guest's kernel.
            evidence = Evidence(problems=[str(error)], broken=True)
        noticed = [
            finding
            for finding in evidence.findings
            if finding.verdict is Verdict.FAILED and finding.check in mistake.clause.checks
        ]
        if noticed:
            return Caught.CAUGHT, "", noticed
        return Caught.SURVIVED, _what_happened(evidence), []

    def _try(self, mistake: Mistake, machine: Machine) -> Evidence:
        if mistake.by_kunit:
            ready = replace(machine, arguments=verb_kunit.ARGUMENTS)
            its_suites = suites.choose(mistake.load.lab.name)
            outcome = verb_kunit.run(ready, its_suites, self.request.seed)
            return proof.of_suites(outcome.results, outcome.trouble)
        thorough = machine.kernel.target.architecture.thorough_arguments
        ready = replace(machine, arguments=thorough)
        options = checks.options([mistake.clause], mistake.load.lab)
        leaks = contract.LEAKS in mistake.clause.checks
        order = Order([mistake.load], self.request.seed, options, leaks)
        return proof.of_loads(checks.run(ready, order))


def _own_programs(arch: str, home: Path) -> Programs:
    """Return a copy of the check programs: one that an edit meanwhile does not change."""
    programs = check_programs.build(ARCHES[arch])
    directory = home / arch
    directory.mkdir(exist_ok=True)
    return replace(programs, executable=Path(shutil.copy2(programs.executable, directory)))


def _copy(labs: Path, sources: Path) -> None:
    """Make ``sources`` hold the labs as they are, without the mistakes."""
    shutil.rmtree(sources, ignore_errors=True)
    ignored = shutil.ignore_patterns("mistakes", "*.md", "*.toml")
    shutil.copytree(labs, sources, ignore=ignored)


def _apply(patch: Path, directory: Path) -> str | None:
    """Apply a patch to the letter; return what patch(1) said if it does not."""
    options = ["-p1", "--batch", "--forward", "--fuzz=0"]
    command: list[str | Path] = ["patch", *options, "-d", directory, "-i", patch]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, env=tools.environment(), check=False
        )
    except FileNotFoundError as error:
        raise SetupError("patch is missing: run harness/setup") from error
    # To apply with an offset is to apply: lines before it came or went.
    return (result.stdout + result.stderr).strip() if result.returncode else None


def _what_happened(evidence: Evidence) -> str:
    """Say what was noticed instead, for whoever wrote the mistake or the check."""
    others = [one.check for one in evidence.findings if one.verdict is Verdict.FAILED]
    ran = sum(one.verdict is not Verdict.SKIPPED for one in evidence.findings)
    said = [f"{ran} checks ran"]
    if others:
        said.append(f"other clauses' checks failed: {', '.join(others)}")
    return "; ".join([*said, *evidence.problems, *evidence.log[:5]])
