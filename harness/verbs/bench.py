"""The verb bench: how long a warm run takes, against a bare boot.

And how long it takes from an edit to its verdict by KUnit, against what cannot be
done without: one kbuild and one boot. The two sides of a comparison are measured
in turn, so that a machine that gets busier slows both; the figure is the ratio of
their medians. Times are wall seconds and say nothing across machines.
"""

import os
import shutil
import statistics
import subprocess
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from harness.base import paths, tools
from harness.build import initramfs, modules
from harness.guest import guest, prepare
from harness.base.errors import SetupError
from harness.build.initramfs import Spec, busybox_of
from harness.guest.machine import Machine
from harness.base.paths import BUILD, LABS, ROOT
from harness.base.progress import step
from harness.kernels.debian import Kernel
from harness.kernels.request import Request
from harness.kernels.targets import KUNIT_ARCH, Target

# What a warm run may cost, as a multiple of a bare boot.
_AIM = 1.6
# What the verdict on an edit may cost, as a multiple of kbuild and a bare boot.
_AIM_KUNIT = 1.5
_EDITED = Path("01_kmalloc/lab_kmalloc.c")
_LINE = "static const int lab_kmalloc_round __used ="
KMAPLAB = ROOT / "harness/kmaplab"
_BARE_INIT = "#!/bin/busybox sh\n/bin/busybox poweroff -f\n"


def main(request: Request, args: Namespace) -> int:
    """Measure and print; return the exit status."""
    wanted = request.target
    _bench_run(wanted, args.rounds)
    try:
        print(f"fresh clone to table     {_fresh_clone(wanted):6.2f} s  (packages installed)")
    except SetupError as error:
        print(f"fresh clone to table     not measured: {error}")
    _bench_kunit(Target(wanted.series, KUNIT_ARCH), args.rounds)
    return 0


def _bench_run(wanted: Target, rounds: int) -> None:
    command: list[str | Path] = [KMAPLAB, "run", "--kernel", wanted.series, "--arch", wanted.arch]
    machine = prepare.machine(Request(wanted))
    with paths.scratch() as directory:
        bare = replace(machine, initrd=_bare_initramfs(directory, machine.kernel))
        _run(command)
        pairs = []
        with step(f"{rounds} rounds of a bare boot and a run") as progress:
            for number in range(rounds):
                progress.detail = f"round {number + 1}"
                pairs.append((_boot(bare), _run(command)))
    boot, run = (statistics.median(times) for times in zip(*pairs))
    print(f"bare boot to power-off   {boot:6.2f} s  (median of {rounds})")
    print(f"warm make run            {run:6.2f} s  (median of {rounds})")
    print(f"ratio                    {run / boot:6.2f}    (aim: at most {_AIM})", flush=True)


def _bench_kunit(wanted: Target, rounds: int) -> None:
    """From an edit of one line to the verdict, against kbuild and boot alone."""
    place = BUILD / "bench"
    shutil.rmtree(place, ignore_errors=True)
    for copy in ("labs", "alone"):
        shutil.copytree(LABS, place / copy)
    kbuild = (LABS / "Kbuild").read_text().splitlines()
    others = [line for line in kbuild if not line.startswith("obj-")]
    (place / "alone/Kbuild").write_text(
        "\n".join([*others, f"obj-m += core/ {_EDITED.parent}/", ""])
    )
    command: list[str | Path] = [KMAPLAB, "kunit", "--kernel", wanted.series, "--lab", "kmalloc"]
    command += ["--labs", place / "labs"]
    machine = prepare.machine(Request(wanted, labs=place / "labs"))
    alone = modules.command(machine.kernel, place / "alone")
    with paths.scratch() as directory:
        # The same archive, in which only init is another.
        init = _bare_init(directory)
        initrd = initramfs.append(machine.initrd, directory, {}, init=init)
        bare = replace(machine, initrd=initrd)
        _run(alone)
        _run(command)
        triples = []
        text = f"{rounds} rounds of kbuild, a bare boot, and an edit to its verdict"
        with step(text) as progress:
            for number in range(rounds):
                progress.detail = f"round {number + 1}"
                for copy in ("labs", "alone"):
                    _edit(place / copy / _EDITED, number)
                triples.append((_run(alone), _boot(bare), _run(command)))
    build, boot, run = (statistics.median(times) for times in zip(*triples))
    ratio = run / (build + boot)
    print(f"kbuild of one module     {build:6.2f} s  (median of {rounds}, {wanted})")
    print(f"bare boot, instrumented  {boot:6.2f} s  (median of {rounds})")
    print(f"edit to KUnit verdict    {run:6.2f} s  (median of {rounds})")
    print(f"ratio                    {ratio:6.2f}    (aim: at most {_AIM_KUNIT})", flush=True)


def _edit(source: Path, number: int) -> None:
    """Change one line, the last, which is a statement that costs nothing."""
    lines = source.read_text().splitlines()
    if lines[-1].startswith(_LINE):
        lines.pop()
    lines.append(f"{_LINE} {number};")
    source.write_text("\n".join(lines) + "\n")


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
    if ending.timed_out or b"Kernel panic" in ending.console:
        raise SetupError("the bare boot did not end in a power-off")
    return ending.seconds


def _run(command: list[str | Path]) -> float:
    begun = time.monotonic()
    result = subprocess.run(
        command, capture_output=True, text=True, env=tools.environment() | _mirror(), check=False
    )
    if result.returncode:
        raise SetupError(f"{command[0]} failed:\n{result.stdout}\n{result.stderr}")
    return time.monotonic() - begun


def _fresh_clone(wanted: Target) -> float:
    """Clone the repository below build/, run it there, and return the seconds."""
    clone = BUILD / "bench-clone"
    shutil.rmtree(clone, ignore_errors=True)
    begun = time.monotonic()
    try:
        with step("a fresh clone, from nothing to the table"):
            tools.run(["git", "clone", "-q", ROOT, clone], BUILD / "bench-clone.log", "git clone")
            result = subprocess.run(
                ["make", "-C", clone, "run", f"KERNEL={wanted.series}", f"ARCH={wanted.arch}"],
                env=tools.environment() | _mirror(),
                capture_output=True,
                text=True,
                check=False,
            )
        if result.returncode:
            raise SetupError(f"make run in a fresh clone failed:\n{result.stderr}")
        return time.monotonic() - begun
    finally:
        shutil.rmtree(clone, ignore_errors=True)


def _mirror() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith("KMAPLAB_")}
