"""What the tests share: fast ones first, and ways to run kmaplab for real."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from harness.build import modules, taken
from harness.catalogue.labs import all_labs
from harness.kernels import debian, uml
from harness.base.errors import SetupError
from harness.base.paths import BUILD, KUNIT, LABS, ROOT, USERSPACE
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import (
    ARCHES,
    DEFAULT_ARCH,
    KUNIT_ARCH,
    NEWEST_NAME,
    Target,
    series_of,
)

KMAPLAB = ROOT / "harness/kmaplab"

_GUEST = ROOT / "harness/tests/guest"


# The series of user-mode Linux between the first and the newest.
_BETWEEN = series_of(KUNIT_ARCH)[1:-1]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "boot: boots a guest")


# Files whose tests take longest: they begin first, so that no processor waits at the end.
_LONGEST = (
    "test_boot_tree",
    "test_boot_contract",
    "test_boot_site",
    "test_boot_web_machine",
    "test_lint",
    "test_boot_museum",
    "test_boot_another",
    "test_boot_pages",
    "test_boot_broken",
    "test_boot_debug",
    "test_boot_check",
    "test_boot_coverage",
    "test_boot_show",
)


def _turn(item: pytest.Item) -> int:
    """Return when a test has its turn: what boots nothing first, then the longest."""
    if not item.get_closest_marker("boot"):
        return 0
    stem = item.path.stem
    return 1 + (_LONGEST.index(stem) if stem in _LONGEST else len(_LONGEST))


def _kernel_of(item: pytest.Item) -> Target | None:
    """Return the kernel, one of those that few tests boot, if this is one of these tests."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    name = params.get("um_series", params.get("um_between"))
    return Target(name, KUNIT_ARCH) if name in _BETWEEN else None


def pytest_itemcollected(item: pytest.Item) -> None:
    """Have tests follow each other in one worker that need the same things built.

    Those of such a kernel: while one of them builds it, no other has to wait. And those of
    broken labs in user-mode Linux: with each copy of a lab all suites are compiled, for half
    a minute, and a worker has copies of its own.
    """
    if kernel := _kernel_of(item):
        item.add_marker(pytest.mark.xdist_group(str(kernel)))
    elif {"broken_lab", "um_default"} <= set(getattr(item, "fixturenames", ())):
        item.add_marker(pytest.mark.xdist_group("broken labs"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by their turns."""
    items.sort(key=_turn)


@pytest.fixture
def workbench() -> Path:
    """Return a directory below build/ that no test writes to at the same time.

    It is the same in every run, so that kbuild reuses what it can.
    """
    directory = BUILD / "tests" / os.environ.get("PYTEST_XDIST_WORKER", "one")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@dataclass(frozen=True)
class Outcome:
    """How a call of kmaplab ended."""

    status: int
    out: str
    err: str

    def expect(self, status: int) -> "Outcome":
        """Fail the test, with all that was said, unless it ended so."""
        assert (
            self.status == status
        ), f"expected status {status}, found {self.status}\n{self.out}\n{self.err}"
        return self


def call(
    *arguments: str | Path, environment: dict[str, str] | None = None, limit: float = 1800
) -> Outcome:
    """Run a command as a user would, within half an hour: it may have to build a kernel first.

    If make runs these tests, a make below it must not see that.
    """
    inherited = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    result = subprocess.run(
        arguments,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        timeout=limit,
        env=inherited | (environment or {}),
        cwd=ROOT,
        check=False,
    )
    return Outcome(result.returncode, result.stdout, result.stderr)


def until_it_came_to(text: str, run: Callable[[int], Outcome]) -> tuple[Outcome, int]:
    """Run something that hangs with a limit of few seconds, which is all that most machines need.

    One that is busy may not have come to the place where it hangs by then, so it has more time
    if the text is missing. Returns what came of the last run, and its limit.
    """
    for limit in (4, 16, 120):
        outcome = run(limit)
        if text in outcome.out + outcome.err:
            break
    return outcome, limit


# What the fixtures below give to a test.
Kmaplab = Callable[..., Outcome]
MakeSuites = Callable[[str], Path]


@pytest.fixture
def kmaplab() -> Kmaplab:
    """Return a function that runs harness/kmaplab with some arguments."""

    def run(*arguments: str | Path, environment: dict[str, str] | None = None) -> Outcome:
        return call(KMAPLAB, *arguments, environment=environment)

    return run


@pytest.fixture(scope="session")
def missing_kernels() -> dict[str, str]:
    """Return why a series cannot be had, for each that cannot.

    Debian's suites move on, and a machine may be offline: then what is at hand
    is tested, and the rest is skipped with the reason. The default series must
    be there.
    """
    missing = {}
    for name in series_of(DEFAULT_ARCH):
        try:
            debian.fetch(Target(name))
        except SetupError as error:
            missing[name] = str(error)
    return missing


@cache
def _why_no_uml(name: str) -> SetupError | None:
    """Return why a series' UML cannot be had, or None. It is built when a test first needs it."""
    try:
        uml.fetch(Target(name, KUNIT_ARCH))
    except SetupError as error:
        return error
    return None


@pytest.fixture(scope="session")
def missing_uml() -> dict[str, SetupError]:
    """Return why a series' UML cannot be had, for each that is wanted and cannot."""
    first, *between, newest = series_of(KUNIT_ARCH)
    wanted = [name for name in between if not uml.why_not_proved(Target(name, KUNIT_ARCH))]
    return {name: why for name in (first, *wanted, newest) if (why := _why_no_uml(name))}


@pytest.fixture(params=series_of(KUNIT_ARCH))
def um_series(request: pytest.FixtureRequest) -> str:
    """Run the test once for each series that user-mode Linux is built of.

    One between the first and the newest that was not built before is skipped, and one that
    the mirror does not carry; one that does not build fails.
    """
    name = str(request.param)
    return _need_between(name) if name in _BETWEEN else _need(name)


@pytest.fixture(params=[DEFAULT_SERIES, NEWEST_NAME])
def um_edge(request: pytest.FixtureRequest) -> str:
    """Run the test for the default series and the newest that can be had; likewise."""
    return _newest() if request.param == NEWEST_NAME else _need(str(request.param))


@pytest.fixture(params=_BETWEEN)
def um_between(request: pytest.FixtureRequest) -> str:
    """Run the test for the other series: where the whole contract is not proved; likewise."""
    return _need_between(str(request.param))


@pytest.fixture
def um_newest() -> str:
    """For tests of what only the newest series has whole; likewise."""
    return _newest()


def _newest() -> str:
    """Return the newest series that the mirror still carries; one that does not build fails."""
    for name in reversed(series_of(KUNIT_ARCH)):
        why = _why_no_uml(name)
        if why is None or isinstance(why, uml.KernelNotBuilt):
            return _need(name)
    return _need(DEFAULT_SERIES)


@pytest.fixture
def um_default() -> str:
    """For tests of what does not depend on the series; skipped or failed likewise."""
    return _need(DEFAULT_SERIES)


def _need_between(name: str) -> str:
    if (why := uml.why_not_proved(Target(name, KUNIT_ARCH))) and name != _newest():
        pytest.skip(why)
    return _need(name)


def _need(name: str) -> str:
    why = _why_no_uml(name)
    if isinstance(why, uml.KernelNotBuilt):
        pytest.fail(str(why))
    if why:
        pytest.skip(str(why))
    return name


@pytest.fixture(params=series_of(DEFAULT_ARCH))
def series(request: pytest.FixtureRequest, missing_kernels: dict[str, str]) -> str:
    """Run the test once for each kernel series."""
    name = str(request.param)
    if name in missing_kernels:
        if name == DEFAULT_SERIES:
            pytest.fail(missing_kernels[name])
        pytest.skip(missing_kernels[name])
    return name


def labs_of(target: Target) -> set[str]:
    """Return the names of the labs whose check programs run on a target."""
    return {lab.name for lab in all_labs() if not lab.why_not(target)}


# The architectures that boot Debian's kernels, each with a series: so each architecture
# has its turn, and each series, and not all of them with all. i386, which has one series, has
# tests of its own.
_DEBIAN = [name for name, arch in ARCHES.items() if not arch.is_built]
_PAIRS = [Target(name, arch) for arch, name in zip(_DEBIAN, series_of(DEFAULT_ARCH))]
_OTHER = [
    other
    for arch in _DEBIAN
    for name in series_of(arch)
    if arch != DEFAULT_ARCH and (other := Target(name, arch)) not in _PAIRS
]


@pytest.fixture(params=_PAIRS, ids=str)
def debian_target(request: pytest.FixtureRequest) -> Target:
    """Run the test once for each architecture that boots Debian's kernels."""
    return _need_image(request.param)


@pytest.fixture(params=_OTHER, ids=str)
def other_target(request: pytest.FixtureRequest) -> Target:
    """Run the test for each series of an architecture that is not this machine's.

    Not for that of ``debian_target``, of which test_boot_contract.py makes all checks and more.
    """
    return _need_image(request.param)


def _need_image(target: Target) -> Target:
    try:
        debian.fetch(target)
    except SetupError as error:
        pytest.skip(str(error))
    return target


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tools of the lessons and the scripts of harness/tests/guest, for EXTRA=."""
    directory = tmp_path_factory.mktemp("extra")
    for source in _GUEST.glob("*.sh"):
        (directory / source.name).write_text(source.read_text())
    subprocess.run(["make", "-s", "-C", USERSPACE / "tools", f"O={directory}"], check=True)
    return directory


@dataclass(frozen=True)
class BrokenLab:
    """A copy of one lab, to be broken on purpose."""

    directory: Path
    source: Path

    def replace(self, old: str, new: str) -> "BrokenLab":
        """Change the source; what is to be changed must be there, once."""
        text = self.source.read_text()
        assert text.count(old) == 1, f"{self.source.name} has {old!r} {text.count(old)} times"
        self.source.write_text(text.replace(old, new))
        return self


BreakLab = Callable[[str], BrokenLab]


def modules_of(lab: BrokenLab, arch: str = DEFAULT_ARCH) -> Path:
    """Return where `make run` has the modules of a copy built for the default series."""
    sources = {"labs": taken.place_of(lab.directory)}
    flavour = "".join(f"-{flavour}" for flavour in ARCHES[arch].flavours[:1])
    kernel = f"{Target(DEFAULT_SERIES, arch)}{flavour}"
    return BUILD / "modules" / modules.name_of(sources) / kernel


@pytest.fixture
def broken_lab(workbench: Path) -> BreakLab:
    """Return a function that copies one lab's sources, with what it needs."""

    def copy(name: str) -> BrokenLab:
        directory = workbench / name
        shutil.rmtree(directory, ignore_errors=True)
        lab = next(LABS.glob(f"*/{name}.c")).parent
        for part in ("include", "core", lab.name):
            shutil.copytree(LABS / part, directory / part)
        shutil.copy(LABS / "Kbuild", directory)
        return BrokenLab(directory, directory / lab.name / f"{name}.c")

    return copy


@pytest.fixture
def faulty_suites(workbench: Path) -> MakeSuites:
    """Return a function that makes a directory of suites with deliberate faults.

    It takes the text of its suite.toml. The helpers are the project's own.
    """

    def make(suites: str) -> Path:
        directory = workbench / "faulty"
        shutil.rmtree(directory, ignore_errors=True)
        shutil.copytree(Path(__file__).parent / "faults", directory)
        shutil.copytree(KUNIT / "shared", directory / "shared")
        (directory / "suite.toml").write_text(suites)
        return directory

    return make
