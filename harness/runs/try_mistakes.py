"""Trying mistakes: wrong versions of the labs are built, and run until a check notices."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue

from harness.base import tools
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.paths import BUILD
from harness.base.progress import step
from harness.build import check_programs, initramfs, modules
from harness.build.check_programs import Programs
from harness.catalogue import contract, suites
from harness.catalogue.mistakes import Mistake
from harness.guest import accel, prepare, side_by_side
from harness.guest.machine import Machine
from harness.kernels.debian import Kernel
from harness.kernels.request import Request
from harness.kernels.targets import ARCHES, Target
from harness.results.clauses import ClauseVerdict, Evidence, Observation
from harness.results.mistake_results import Caught, MistakeResult
from harness.runs import check_loads, listening, proof, run_suites
from harness.runs.check_loads import Order


def try_all(request: Request, able: list[Mistake]) -> tuple[list[MistakeResult], float]:
    """Make mistakes that can be shown on the series.

    Returns what became of each, in their order, and the seconds that it took.
    """
    workshop = _Workshop.open(request, able)
    begun = time.monotonic()
    series = request.target.series
    results = []
    text = f"making {len(able)} mistake{'' if len(able) == 1 else 's'} on {series}"
    with step(text) as progress, workshop.benches():
        for mistake, result in side_by_side.run(_longest_first(able), workshop.judge):
            results.append(result)
            progress.detail = f"{len(results)}: {mistake.name} {result.caught.value}"
    in_order = sorted(results, key=lambda one: able.index(one.mistake))
    return in_order, time.monotonic() - begun


def _longest_first(able: list[Mistake]) -> list[Mistake]:
    """Put those that boot QEMU first: the last ones are to be short."""
    return sorted(able, key=lambda mistake: not ARCHES[mistake.arch].qemu)


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
        """Have a bench for each guest, which no other run uses."""
        for number in range(side_by_side.workers()):
            self.free.put(number)
        with locked(self.home / "lock", f"the mistakes on {self.home.name}"):
            yield

    def judge(self, mistake: Mistake) -> MistakeResult:
        """Make a mistake, and see which checks notice."""
        number = self.free.get()
        begun = time.monotonic()
        try:
            sources = self.home / str(number) / "labs"
            caught, text, by = self._judge(mistake, sources)
        finally:
            self.free.put(number)
        return MistakeResult(mistake, caught, text, by, time.monotonic() - begun)

    def _judge(self, mistake: Mistake, sources: Path) -> tuple[Caught, str, list[Observation]]:
        copy(self.request.labs, sources)
        if complaint := apply(mistake.patch, sources / mistake.owner):
            return Caught.DOES_NOT_APPLY, complaint, []
        kernel = self.kernels[mistake.arch]
        try:
            built = modules.build(kernel, sources, self.request.suites)
        except SetupError as error:
            return Caught.DOES_NOT_BUILD, str(error), []
        archive = initramfs.build(kernel, built, self.programs[mistake.arch])
        machine = Machine(kernel, archive, limit=self.request.limit)
        try:
            evidence = self._try(mistake, accel.choose(self.request.accelerator, machine))
        except SetupError as error:
            # The program that runs the guest failed, and not the guest's kernel.
            evidence = Evidence(problems=[str(error)], broken=True)
        noticed = [one for one in evidence.failed if one.check in mistake.clause.checks]
        if noticed:
            return Caught.CAUGHT, "", noticed
        return Caught.SURVIVED, _what_happened(evidence), []

    def _try(self, mistake: Mistake, machine: Machine) -> Evidence:
        if mistake.by_kunit:
            its_suites = suites.choose(mistake.load.lab.name)
            ran = run_suites.run(machine, its_suites, self.request.seed)
            return proof.of_suites(ran.results, ran.trouble)
        options = check_loads.options([mistake.clause], mistake.load.lab)
        leaks = contract.LEAKS in mistake.clause.checks
        order = Order([mistake.load], self.request.seed, options, leaks)
        return proof.of_loads(check_loads.run(listening.to_see_all(machine), order))


def _own_programs(arch: str, home: Path) -> Programs:
    """Return a copy of the check programs: one that an edit meanwhile does not change."""
    programs = check_programs.build(ARCHES[arch])
    directory = home / arch
    directory.mkdir(exist_ok=True)
    return replace(programs, executable=Path(shutil.copy2(programs.executable, directory)))


def copy(labs: Path, sources: Path) -> None:
    """Make ``sources`` hold the labs as they are, without the mistakes."""
    shutil.rmtree(sources, ignore_errors=True)
    ignored = shutil.ignore_patterns("mistakes", "*.md", "*.toml")
    shutil.copytree(labs, sources, ignore=ignored)


def apply(patch: Path, directory: Path) -> str | None:
    """Apply a patch without fuzz; return what patch(1) said if it does not apply."""
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
    """Say what the guest did instead, for the author of the mistake or of the check."""
    others = [one.check for one in evidence.failed]
    ran = sum(one.verdict is not ClauseVerdict.SKIPPED for one in evidence.observations)
    said = [f"{ran} checks ran"]
    if others:
        said.append(f"other clauses' checks failed: {', '.join(others)}")
    return "; ".join([*said, *evidence.problems, *evidence.log[:5]])
