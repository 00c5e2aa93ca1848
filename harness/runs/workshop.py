"""Where patched copies of the labs are built and run, several at once."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue

from harness.base import sandbox, side_by_side
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.paths import BUILD
from harness.base.sandbox import Limits, Sandbox
from harness.build import check_programs, modules, taken
from harness.build.check_programs import Programs
from harness.build.modules import Modules
from harness.guest import accel, prepare
from harness.guest.machine import Machine
from harness.kernels.debian import Kernel
from harness.kernels.request import Request
from harness.kernels.targets import ARCHES, Target


# A source is at most 1 MiB.
_LIMITS = Limits(file=4 << 20, seconds=60, address_space=1 << 30, processor_seconds=20)


class DoesNotApply(Exception):
    """A patch does not fit the labs; the text is that of patch(1)."""


class DoesNotBuild(Exception):
    """The modules do not compile; the text is the compiler's."""


@dataclass
class Workshop:
    """Kernels and check programs for a series, and benches, one for each guest.

    ``labs`` are the sources that are patched: of a copy from elsewhere, what is taken of it.
    The programs and the benches are there while it is in use.
    """

    kernels: dict[str, Kernel]
    request: Request
    home: Path
    labs: Path
    programs: dict[str, Programs] = field(default_factory=dict)
    free: SimpleQueue[Path] = field(default_factory=SimpleQueue)

    @staticmethod
    def open(request: Request, arches: set[str], place: str = "mistakes") -> "Workshop":
        """Have all kernels at hand; ``place`` is the directory below build/ to work in."""
        series = request.target.series
        found = {
            arch: prepare.kernel(replace(request, target=Target(series, arch)))
            for arch in sorted(arches)
        }
        labs = request.labs
        if request.is_strange:
            sandbox.require()
            with locked(BUILD / "build.lock", "the build"):
                labs = taken.take(labs).directory
        return Workshop(found, request, BUILD / place / series, labs)

    @contextmanager
    def in_use(self, benches: int | None = None) -> Iterator[None]:
        """Have benches and check programs that no other run touches meanwhile.

        There are so many benches, by default one for each guest that runs at once.
        """
        for number in range(benches or side_by_side.workers()):
            self.free.put(self.home / str(number) / "labs")
        with locked(self.home / "lock", f"{self.home.parent.name} on {self.home.name}"):
            with locked(BUILD / "build.lock", "the build"):
                self.programs = {arch: _own_programs(arch, self.home) for arch in self.kernels}
            yield

    @contextmanager
    def bench(self) -> Iterator["Bench"]:
        """Give a bench that no other thread works at."""
        sources = self.free.get()
        try:
            yield Bench(self, sources)
        finally:
            self.free.put(sources)


@dataclass(frozen=True)
class Bench:
    """A directory with a copy of all labs and the modules built from it.

    It is used again for the next patch, so that kbuild compiles only what differs.
    """

    workshop: Workshop
    sources: Path

    def build(self, patch: Path, owner: str, arch: str, suites: bool = True) -> Machine:
        """Return a machine with the labs as a patch of the directory ``owner`` has them.

        Without ``suites`` it is made sooner: with a header of all labs each of them would
        have to be compiled. Raises DoesNotApply or DoesNotBuild.
        """
        return self.build_all([(patch, owner)], arch, suites)

    def build_all(
        self, changes: Iterable[tuple[Path, str]], arch: str, suites: bool = True
    ) -> Machine:
        """Return a machine with the labs as some patches have them, each of a directory.

        Raises DoesNotApply or DoesNotBuild.
        """
        copy(self.workshop.labs, self.sources)
        for patch, owner in changes:
            apply(patch, self.sources / owner, self.workshop.request.is_strange)
        try:
            return self._build(arch, suites)[1]
        except SetupError as error:
            raise DoesNotBuild(str(error)) from error

    def build_pristine(self, arch: str) -> tuple[Modules, Machine]:
        """Return the labs as they are, built here, and a machine with them."""
        copy(self.workshop.labs, self.sources)
        return self._build(arch)

    def _build(self, arch: str, suites: bool = True) -> tuple[Modules, Machine]:
        request, kernel = self.workshop.request, self.workshop.kernels[arch]
        strange = request.is_strange
        wanted = request.suites if suites else None
        built = modules.build(kernel, self.sources, wanted, sandboxed=strange)
        made = prepare.of_modules(request, kernel, built, self.workshop.programs[arch])
        return built, accel.choose(request.accelerator, made)


def _own_programs(arch: str, home: Path) -> Programs:
    """Return a copy of the check programs: one that an edit meanwhile does not change."""
    programs = check_programs.build(ARCHES[arch])
    directory = home / arch
    directory.mkdir(exist_ok=True)
    executable = Path(shutil.copy2(programs.executable, directory))
    return replace(programs, executable=executable, steps=None)


def copy(labs: Path, sources: Path) -> None:
    """Make ``sources`` hold the labs as they are, without the patches beside them."""
    shutil.rmtree(sources, ignore_errors=True)
    ignored = shutil.ignore_patterns("mistakes", "changes", "other_ways", "*.md", "*.toml")
    shutil.copytree(labs, sources, ignore=ignored)


def apply(patch: Path, directory: Path, sandboxed: bool = False) -> None:
    """Apply a patch without fuzz; raises DoesNotApply if it does not fit.

    ``sandboxed`` says that the sources in the directory are strange.
    """
    options = ["-p1", "--batch", "--forward", "--fuzz=0"]
    box = Sandbox(directory, read=(patch,), write=(directory,), limits=_LIMITS)
    command = ["patch", *options, "-d", str(directory), "-i", str(patch)]
    result = sandbox.ask(box if sandboxed else None, command)
    # To apply with an offset is to apply: lines before it came or went.
    if result.returncode:
        raise DoesNotApply((result.stdout + result.stderr).strip())
