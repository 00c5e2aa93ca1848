"""How long things take, in seconds of wall time.

The two sides of a comparison are measured in turn, so that a machine that gets busier
slows both; the figure is the ratio of their medians. Times say nothing about another
machine.
"""

import json
import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.base import paths, tools
from harness.base.errors import SetupError
from harness.base.paths import BUILD, LABS, ROOT
from harness.base.progress import step
from harness.build import initramfs, modules
from harness.build.initramfs import Spec, busybox_of
from harness.guest import guest, prepare
from harness.guest.machine import Machine
from harness.kernels.debian import Kernel
from harness.kernels.request import Request
from harness.kernels.targets import KUNIT_ARCH, Target
from harness.results import kernel_log

# What a warm run may cost, as a multiple of a bare boot.
_AIM = 0.6
# What the verdict on an edit may cost, as a multiple of kbuild and a bare boot.
_AIM_KUNIT = 1.5
# And what the verdict of make watch may take beyond kbuild, in seconds.
_AIM_WATCH = 0.8

# A class, and the labs that it hands in.
_STUDENTS = 40
_CORE = ("01_kmalloc", "02_pages", "03_vmalloc", "04_reserved", "05_remap")
_PARTS = ("compiling", "restoring", "checking")

_KMAPLAB = ROOT / "harness/kmaplab"
_EDITED = Path("01_kmalloc/lab_kmalloc.c")
_LINE = "static const int lab_kmalloc_round __used ="
_BARE_INIT = "#!/bin/busybox sh\n/bin/busybox poweroff -f\n"


@dataclass(frozen=True)
class SpeedRow:
    """What was measured, in Markdown, and what came of it."""

    what: str
    took: str


def measure(target: Target, rounds: int, thorough: bool) -> Iterator[SpeedRow]:
    """Measure for a target, and yield each row when it is there.

    ``thorough`` adds what takes minutes.
    """
    on_um = Target(target.series, KUNIT_ARCH)
    yield _run_against_boot(target, rounds)
    yield _edit_against_kbuild_and_boot(on_um, rounds)
    yield _save_against_kbuild(target, rounds)
    yield _fresh_clone(target)
    yield _warm("make kunit", ["kunit", "--kernel", target.series], rounds)
    yield _warm("make run", _command("run", on_um), rounds, on_um)
    yield _warm("make coverage", ["coverage", "--kernel", target.series], rounds)
    if thorough:
        # Before it has nothing to do, it takes minutes.
        yield _warm("make lint", ["lint"], rounds)
        yield _warm("make contract", _command("contract", on_um), 1, on_um)
        yield _warm("make contract", _command("contract", target), 1, target)
        yield _warm("make mistakes", ["mistakes", "--kernel", target.series], 1)
        yield _warm("make test", ["test"], 1)
        yield _class(target)


def releases(target: Target) -> list[str]:
    """Return the kernels that are measured: the target's, and that of the KUnit suites."""
    both = dict.fromkeys((target, Target(target.series, KUNIT_ARCH)))
    return [f"{prepare.kernel(Request(one)).release} on {one.arch}" for one in both]


def _command(verb: str, target: Target) -> list[str]:
    return [verb, "--kernel", target.series, "--arch", target.arch]


def _run_against_boot(target: Target, rounds: int) -> SpeedRow:
    command: list[str | Path] = [_KMAPLAB, *_command("run", target)]
    machine = prepare.machine(Request(target))
    pairs = []
    with paths.scratch() as directory:
        bare = replace(machine, initrd=_bare_initramfs(directory, machine.kernel), before=())
        _time(command)
        with step(f"{rounds} rounds of a bare boot and a run") as progress:
            for number in range(rounds):
                progress.detail = f"round {number + 1}"
                pairs.append((_boot(bare), _time(command)))
    boot, run = (statistics.median(times) for times in zip(*pairs))
    return SpeedRow(
        f"warm `make run`, {target}, compared with a bare boot to power-off",
        f"{run / boot:.2f} ({run:.2f} s to {boot:.2f} s); the aim is {_AIM}",
    )


def _edit_against_kbuild_and_boot(target: Target, rounds: int) -> SpeedRow:
    """From an edit of one line to the verdict, against kbuild and boot alone."""
    place = BUILD / "bench"
    _copy_labs(place)
    command: list[str | Path] = [_KMAPLAB, "kunit", "--kernel", target.series, "--lab", "kmalloc"]
    command += ["--labs", place / "labs"]
    machine = prepare.machine(Request(target, labs=place / "labs"))
    alone = modules.command(machine.kernel, place / "alone")
    triples = []
    with paths.scratch() as directory:
        # The same archive, in which only init is another.
        init = _bare_init(directory)
        job = initramfs.write_job(directory, {}, init=init)
        initrd = initramfs.join((*machine.before, machine.initrd, job), directory)
        bare = replace(machine, initrd=initrd, before=())
        _time(alone)
        _time(command)
        text = f"{rounds} rounds of kbuild, a bare boot, and an edit to its verdict"
        with step(text) as progress:
            for number in range(rounds):
                progress.detail = f"round {number + 1}"
                for copy in ("labs", "alone"):
                    _edit(place / copy / _EDITED, number)
                triples.append((_time(alone), _boot(bare), _time(command)))
    build, boot, run = (statistics.median(times) for times in zip(*triples))
    return SpeedRow(
        f"edit of one line to its verdict by `make kunit LAB=`, {target}, compared with one "
        "kbuild of that module and one bare boot of the instrumented kernel",
        f"{run / (build + boot):.2f} ({run:.2f} s to {build:.2f} s + {boot:.2f} s); "
        f"the aim is {_AIM_KUNIT}",
    )


def _save_against_kbuild(target: Target, rounds: int) -> SpeedRow:
    """From a save to the verdict of `make watch` on that lab, against kbuild alone."""
    place = BUILD / "bench"
    _copy_labs(place)
    machine = prepare.machine(Request(target))
    alone = modules.command(machine.kernel, place / "alone")
    command: list[str | Path] = [_KMAPLAB, "watch", "--work", place / "labs", "--lab", "kmalloc"]
    pairs = []
    with _watching([*command, "--quick", "--kernel", target.series]) as verdict:
        verdict()
        _time(alone)
        text = f"{rounds} rounds of kbuild, and a save to its verdict"
        with step(text) as progress:
            for number in range(rounds):
                progress.detail = f"round {number + 1}"
                _edit(place / "alone" / _EDITED, number)
                build = _time(alone)
                begun = time.monotonic()
                _edit(place / "labs" / _EDITED, number)
                verdict()
                pairs.append((build, time.monotonic() - begun))
    build, run = (statistics.median(times) for times in zip(*pairs))
    return SpeedRow(
        f"save to the verdict by `make watch` on that lab, {target}, compared with one kbuild of "
        "that module",
        f"{run:.2f} s to {build:.2f} s; the aim is {build + _AIM_WATCH:.2f} s, {_AIM_WATCH} s more",
    )


@contextmanager
def _watching(command: list[str | Path]) -> Iterator[Callable[[], None]]:
    """Start make watch; give a function that waits for a verdict.

    It raises SetupError if watch ends before, or gives other points than all.
    """
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=tools.environment(),
        start_new_session=True,
    )

    def verdict() -> None:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("lab_kmalloc: "):
                if "next: kmalloc/" in line:
                    raise SetupError(f"the lab itself has not all points: {line}")
                return
        raise SetupError("make watch ended before its verdict")

    try:
        yield verdict
    finally:
        process.terminate()
        process.communicate()


def _class(target: Target) -> SpeedRow:
    """Grade a class in which nobody has handed in what another has, in no lab."""
    place = BUILD / "bench-class"
    what = f"`make grade` of {_STUDENTS} submissions of {len(_CORE)} labs, {target}"
    try:
        # What all classes share is made once.
        _grade(place, 1, target)
        seconds = _grade(place, _STUDENTS, target)
    except SetupError as error:
        return _not_measured(what, error)
    results = [json.loads(path.read_text()) for path in place.glob("out/students/*/result.json")]
    took = {part: sum(one["seconds"][part] for one in results) for part in (*_PARTS, "all")}
    parts = ", ".join(f"{part} {100 * took[part] / took['all']:.0f} %" for part in _PARTS)
    a_minute = 60 * _STUDENTS / seconds
    return SpeedRow(what, f"{seconds:.0f} s, {a_minute:.0f} submissions a minute: {parts}")


def _grade(place: Path, students: int, target: Target) -> float:
    """Grade a class of so many, each with a number of its own in each source; return seconds."""
    shutil.rmtree(place, ignore_errors=True)
    for student in range(students):
        for lab in _CORE:
            copy = place / f"in/student{student}-of-{students}" / lab
            copy.mkdir(parents=True)
            for source in (LABS / lab).glob("*.[ch]"):
                shutil.copy(source, copy)
            _edit(copy / f"lab_{lab.partition('_')[2]}.c", student + students * 1000)
    command: list[str | Path] = [_KMAPLAB, "grade", "--kernel", target.series]
    command += ["--submissions", place / "in", "--out", place / "out"]
    return _time([*command, "--lab", ",".join(lab.partition("_")[2] for lab in _CORE)])


def _copy_labs(place: Path) -> None:
    """Make two copies of the labs: whole, and with one lab that kbuild builds alone."""
    shutil.rmtree(place, ignore_errors=True)
    for copy in ("labs", "alone"):
        shutil.copytree(LABS, place / copy)
    kbuild = (LABS / "Kbuild").read_text().splitlines()
    others = [line for line in kbuild if not line.startswith("obj-")]
    (place / "alone/Kbuild").write_text(
        "\n".join([*others, f"obj-m += core/ {_EDITED.parent}/", ""])
    )


def _edit(source: Path, number: int) -> None:
    """Change one line, the last, which is a statement that costs nothing."""
    lines = source.read_text().splitlines()
    if lines[-1].startswith(_LINE):
        lines.pop()
    lines.append(f"{_LINE} {number};")
    source.write_text("\n".join(lines) + "\n")


def _fresh_clone(target: Target) -> SpeedRow:
    """Clone the repository below build/ and run it there."""
    what = f"fresh clone, with the packages installed, to the table of `make run`, {target}"
    clone = BUILD / "bench-clone"
    shutil.rmtree(clone, ignore_errors=True)
    make: list[str | Path] = ["make", "-C", clone, "run"]
    make += [f"KERNEL={target.series}", f"ARCH={target.arch}"]
    begun = time.monotonic()
    try:
        with step("a fresh clone, from nothing to the table"):
            tools.run(["git", "clone", "-q", ROOT, clone], BUILD / "bench-clone.log", "git clone")
            _time(make)
        return SpeedRow(what, f"{time.monotonic() - begun:.1f} s")
    except SetupError as error:
        return _not_measured(what, error)
    finally:
        shutil.rmtree(clone, ignore_errors=True)


def _warm(name: str, arguments: list[str], rounds: int, target: Target | None = None) -> SpeedRow:
    """Time a verb that has nothing to build or fetch: it has run once before, untimed."""
    command: list[str | Path] = [_KMAPLAB, *arguments]
    where = f", {target}" if target else ""
    what = f"`{name}`{where}, nothing to build"
    try:
        with step(f"{rounds + 1} rounds of {name}{where}"):
            times = [_time(command) for _ in range(rounds + 1)][1:]
    except SetupError as error:
        return _not_measured(what, error)
    return SpeedRow(what, f"{statistics.median(times):.1f} s")


def _not_measured(what: str, error: SetupError) -> SpeedRow:
    """Return a row with the reason: what fails keeps nothing else from being measured."""
    return SpeedRow(what, f"not measured: {str(error).splitlines()[0]}")


def _bare_init(directory: Path) -> Path:
    """Make the least that can power a guest off."""
    init = directory / "init"
    init.write_text(_BARE_INIT)
    return init


def _bare_initramfs(directory: Path, kernel: Kernel) -> Path:
    spec = Spec()
    for name in ("bin", "dev"):
        spec.directory(name)
    spec.console()
    spec.file("init", _bare_init(directory), 0o755)
    spec.file("bin/busybox", busybox_of(kernel), 0o755)
    archive = directory / "bare.cpio"
    spec.write(archive)
    return archive


def _boot(machine: Machine) -> float:
    ending = guest.run(machine, lambda data: False)
    if ending.stopped or kernel_log.has_panic(ending.console):
        raise SetupError("the bare boot did not end in a power-off")
    return ending.seconds


def _time(command: list[str | Path]) -> float:
    """Return the seconds of a command. Raises SetupError, with its output, if it fails."""
    # What chooses a mirror for us does so for the commands, too.
    mirror = {name: value for name, value in os.environ.items() if name.startswith("KMAPLAB_")}
    begun = time.monotonic()
    result = subprocess.run(
        command, capture_output=True, text=True, env=tools.environment() | mirror, check=False
    )
    if result.returncode:
        shown = " ".join(str(word) for word in command)
        raise SetupError(f"{shown} failed:\n{result.stdout}\n{result.stderr}")
    return time.monotonic() - begun
