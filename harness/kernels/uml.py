"""User-mode Linux: a kernel built from Debian's linux-source by its own kunit.py.

    build/uml/<series>/
        source/         the distribution's source
        <flavour>/      the kernel, and what modules are built against

The source is edited in one line only, where a series would not run on processors of
today (_make_room_for_registers). What a flavour has on is said by the fragments in
kunit/configs; what a series does not have is named while it is built.
"""

import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from harness.base import digest, paths, tools
from harness.kernels import apt
from harness.base.errors import SetupError
from harness.kernels.debian import Kernel
from harness.base.lock import locked
from harness.base.paths import BUILD, ROOT
from harness.base.progress import Step, say, step
from harness.kernels.series import number
from harness.kernels.targets import KUNIT_ARCH, Target, series_of
from harness.kernels.um import COMPILERS

CONFIGS = ROOT / "kunit/configs"

# kmemleak reads all of the kernel's memory at each scan. To have KASAN look at each
# of these reads takes three times as long, and finds nothing: it is told to let
# kmemleak be (Documentation/dev-tools/kasan.rst has the variable).
_SPARED = ("KASAN_SANITIZE_kmemleak.o=n",)

# The same backtraces, sooner; the file says how. It is copied beside the kernels, so
# that a kernel does not depend on where the checkout lies.
_STACKTRACE = CONFIGS / "stacktrace.h"

# Bytes that user-mode Linux keeps for a process' floating point registers. Until 6.12
# they are a number in the source, which was enough for AVX-512. The host's ptrace()
# takes all of its registers or none, 11008 bytes on a processor with AMX, and there
# the first process never starts. Later series ask the host.
_REGISTERS = "arch/x86/um/user-offsets.c"
_TOO_FEW_BYTES = "DEFINE_LONGS(HOST_FP_SIZE, 2696);"
_ENOUGH_BYTES = "DEFINE_LONGS(HOST_FP_SIZE, 12288);"

# Where the environment says on which kernels all is proved.
_KERNELS = "KMAPLAB_KERNELS"

# Seconds after which a build is not slow but stuck.
_BUILD_LIMIT = 3600

# A kernel of this configuration has about so many objects; for the progress line.
_OBJECTS = 575


class SeriesGone(SetupError):
    """The mirror does not carry the series, or no longer."""


class KernelNotBuilt(SetupError):
    """The kernel does not compile, or its build does not end."""


@dataclass(frozen=True)
class Source:
    """A series' source as Debian packed it, and the version of that package."""

    directory: Path
    version: str


def _home(target: Target) -> Path:
    """Return where a series is kept: several checkouts may share it by a symbolic link.

    Raises SetupError if nothing could be built there.
    """
    paths.refuse_unusable()
    return (BUILD / "uml").resolve() / target.series


def fetch_source(target: Target) -> Source:
    """Return the source of a series, fetched if it is not there.

    Raises SetupError if it cannot be had.
    """
    home = _home(target)
    with locked(home / "lock", f"UML {target.series}"):
        return Source(home / "source", _fetch_source(target, home))


def source_if_there(target: Target) -> Source | None:
    """Return the source of a series if it was fetched before, else None."""
    home = _home(target)
    stamp = home / "source.version"
    if stamp.is_file() and (home / "source/Makefile").is_file():
        return Source(home / "source", stamp.read_text())
    return None


def fetch(target: Target, flavour: str | None = None) -> Kernel:
    """Return the kernel of a series in a flavour, built if it is not there.

    Raises SetupError, with the last lines of the build, if it cannot be had.
    """
    flavour = flavour or target.architecture.flavours[0]
    home = _home(target)
    with locked(home / "lock", f"UML {target.series}"):
        version = _fetch_source(target, home)
    with locked(home / f"{flavour}.lock", f"UML {target.series}, {flavour}"):
        return _build(target, flavour, version, home)


def is_there(target: Target, flavour: str | None = None) -> bool:
    """Whether the kernel of a series was built before, by default in the first flavour."""
    return (_home(target) / f"{flavour or target.architecture.flavours[0]}.digest").is_file()


def why_not_proved(target: Target, flavour: str | None = None) -> str | None:
    """Return why what goes for every kernel is not proved on this one too; None if it is.

    To build a kernel takes minutes, and what goes for the first series and the newest, with
    sanitizers, seldom fails elsewhere: of the others those are taken that were built before.
    """
    if is_there(target, flavour) or os.environ.get(_KERNELS) == "all":
        return None
    name = f"{target}, {flavour}," if flavour else str(target)
    return f"{name} is not built yet: {_KERNELS}=all builds all kernels"


def fetch_some() -> list[Kernel]:
    """Return the default kernels of the first series, of the newest that is not gone, and of
    the others that why_not_proved() has nothing against.
    """
    kernels: list[Kernel] = []
    first, *_ = names = series_of(KUNIT_ARCH)
    for series in reversed(names):
        target = Target(series, KUNIT_ARCH)
        is_edge = series == first or not kernels
        try:
            if why_not := None if is_edge else why_not_proved(target):
                say(f"Linux {series} is left out: {why_not}")
            else:
                kernels.append(fetch(target))
        except SeriesGone as error:
            say(f"Linux {series} is skipped: {error}")
    return kernels[::-1]


def newest_source() -> Source:
    """Return the source of the newest series in the table that is not gone."""
    *older, newest = series_of(KUNIT_ARCH)
    for series in (newest, *reversed(older)):
        try:
            return fetch_source(Target(series, KUNIT_ARCH))
        except SeriesGone as error:
            say(f"Linux {series} is skipped: {error}")
    raise SetupError("no kernel source can be fetched")


def _fetch_source(target: Target, home: Path) -> str:
    """Unpack the series' source below ``home``, once; return its version."""
    stamp = home / "source.version"
    if stamp.is_file() and (home / "source/Makefile").is_file():
        return stamp.read_text()
    stamp.unlink(missing_ok=True)
    looked: list[str] = []
    name = f"linux-source-{target.series}"
    for suites in target.sources:
        looked += [suite.name for suite in suites]
        try:
            with apt.open_archive(suites, target.architecture.debian, name) as archive:
                versions = archive.versions(name) if archive else []
                if archive and versions:
                    _unpack(archive, versions[0], home)
                    stamp.write_text(versions[0].version)
                    return versions[0].version
        except apt.NoSuchSuite:
            continue
    raise SeriesGone(
        f"no {name} in {', '.join(looked)}: take KERNEL=newest, or "
        "set KMAPLAB_MIRROR=http://.../debian to a mirror that has it"
    )


def _unpack(archive: apt.Archive, package: apt.Package, home: Path) -> None:
    """Fetch the package and unpack the tarball in it as ``home``/source."""
    new = home / "source.new"
    shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(home / "source", ignore_errors=True)
    new.mkdir(parents=True)
    with step(f"fetching {package.name} ({package.size / 1e6:.0f} MB)"):
        deb = archive.download([package], home)[0]
    with step(f"unpacking {package.name}"):
        tools.run(["dpkg-deb", "-x", deb, new / "deb"], home / "source.log", "dpkg-deb")
        tarball = next((new / "deb/usr/src").glob("linux-source-*.tar.xz"))
        unpack: list[str | Path] = ["tar", "-xJf", tarball, "-C", new, "--strip-components=1"]
        tools.run(unpack, home / "source.log", "unpacking the kernel's source")
    shutil.rmtree(new / "deb")
    deb.unlink()
    new.rename(home / "source")


def _make_room_for_registers(source: Path) -> None:
    """Have the kernel keep as many registers as the newest processors have.

    Changes nothing in a series that asks the host how many they are, or in one that has
    no such file.
    """
    path = source / _REGISTERS
    text = path.read_text() if path.is_file() else ""
    if _TOO_FEW_BYTES in text:
        path.write_text(text.replace(_TOO_FEW_BYTES, _ENOUGH_BYTES))


def _build(target: Target, flavour: str, version: str, home: Path) -> Kernel:
    directory = home / flavour
    stamp = home / f"{flavour}.digest"
    fragments = [path for path in _fragments(flavour) if not _is_too_new(path, target)]
    # The place counts: the build directory names it in its Makefile.
    _make_room_for_registers(home / "source")
    registers = home / "source" / _REGISTERS
    recipe: list[str | Path] = [
        *COMPILERS,
        *_SPARED,
        _STACKTRACE,
        *fragments,
        CONFIGS / "iomem.Kconfig",
        *([registers] if registers.is_file() else []),
    ]
    wanted = digest.of([version, str(directory), *recipe])
    if not digest.is_current([directory / "linux"], stamp, wanted):
        stamp.unlink(missing_ok=True)
        _begin(directory, home / f"{flavour}.begun", wanted)
        shutil.copy2(_STACKTRACE, home)
        log = home / f"{flavour}.log"
        with step(f"building UML {target.series}, {flavour}: minutes, once") as progress:
            _run_kunit_py(home / "source", directory, fragments, log, progress)
        missing = missing_options((directory / ".config").read_text(), flavour)
        if missing:
            say(f"UML {target.series} has no {', '.join(missing)}")
        digest.set_current([directory / "linux"], stamp, wanted)
        (home / f"{flavour}.begun").unlink()
    return Kernel(
        target=target,
        release=(directory / "include/config/kernel.release").read_text().strip(),
        # What it was built from is part of it: modules of another configuration crash.
        version=f"{version} ({flavour} {wanted[:12]})",
        image=directory / "linux",
        headers=directory,
        config=directory / ".config",
        root=directory,
        flavour=flavour,
    )


def _begin(directory: Path, stamp: Path, wanted: str) -> None:
    """Make ``directory`` ready for a build of what the digest ``wanted`` stands for.

    If a build of the same was interrupted there, its objects stay, and make goes on.
    """
    if directory.is_dir() and stamp.is_file() and stamp.read_text() == wanted:
        return
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    stamp.write_text(wanted)


def _fragments(flavour: str) -> list[Path]:
    """Return the kunitconfigs of a flavour."""
    names = ["common"]
    if flavour == "instrumented":
        names += ["instrumented", "instrumented-newer"]
    return [CONFIGS / f"{name}.kunitconfig" for name in names]


def _is_too_new(fragment: Path, target: Target) -> bool:
    """Say whether kunit.py would refuse a fragment, because the series lacks an option."""
    return fragment.stem == "instrumented-newer" and number(target.series) < (6, 12)


def _run_kunit_py(
    source: Path, directory: Path, fragments: list[Path], log: Path, progress: Step
) -> None:
    """Configure and build with the source's own kunit.py."""
    # The top-level Kconfig is the source's, with one symbol of ours behind it
    # (KBUILD_KCONFIG, Documentation/kbuild/kbuild.rst).
    kconfig = directory / "Kconfig.kmaplab"
    kconfig.write_text((source / "Kconfig").read_text() + (CONFIGS / "iomem.Kconfig").read_text())
    sooner = f"CFLAGS_stacktrace.o=-include{directory.parent / _STACKTRACE.name}"
    command: list[str | Path] = [
        # Else kunit.py would write its bytecode into the source.
        "env",
        "PYTHONDONTWRITEBYTECODE=1",
        "/usr/bin/python3",
        source / "tools/testing/kunit/kunit.py",
        "build",
        f"--build_dir={directory}",
        f"--jobs={os.cpu_count() or 1}",
        *(f"--kunitconfig={path}" for path in fragments),
        f"--make_options=KBUILD_KCONFIG={kconfig}",
        *(f"--make_options={option}" for option in (*COMPILERS, *_SPARED, sooner)),
    ]
    with log.open("wb") as output, tools.started(command, output) as process:
        begun = time.monotonic()
        while process.poll() is None:
            time.sleep(1)
            if time.monotonic() - begun > _BUILD_LIMIT:
                raise KernelNotBuilt(
                    f"UML was still being built after {_BUILD_LIMIT} s; the whole output is "
                    f"in {log}:\n{tools.last_lines(log)}"
                )
            progress.detail = f"{_objects(directory)} of about {_OBJECTS} objects"
    if process.returncode or not (directory / "linux").exists():
        raise KernelNotBuilt(
            f"UML does not build; the whole output is in {log}:\n{tools.last_lines(log)}"
        )


def _objects(directory: Path) -> int:
    """Count the objects below a directory in which make is at work.

    Unlike rglob(), walk() passes over a folder that goes away meanwhile.
    """
    return sum(name.endswith(".o") for _, _, names in os.walk(directory) for name in names)


def missing_options(config: str, flavour: str) -> list[str]:
    """Return the options that a flavour sets and that a .config lacks.

    Also those that the series was not asked for: what it lacks is told, not dropped.
    """
    has = set(re.findall(r"^(CONFIG_\w+=y)$", config, re.MULTILINE))
    wanted = [
        line
        for path in _fragments(flavour)
        for line in path.read_text().splitlines()
        if re.match(r"CONFIG_\w+=y$", line)
    ]
    return [line[len("CONFIG_") : -len("=y")] for line in wanted if line not in has]
