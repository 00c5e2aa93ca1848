"""The verb bench: how long a warm run takes, against a bare boot.

Both boot the same kernel on the same QEMU, in turn, so that a machine that gets
busier slows both; the figure is the ratio of their medians. Times are wall
seconds and say nothing across machines.
"""

import os
import shutil
import statistics
import subprocess
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from harness import guest, paths, prepare, tools
from harness.errors import SetupError
from harness.guest import Machine
from harness.initramfs import BUSYBOX, Spec
from harness.paths import BUILD, ROOT
from harness.progress import step
from harness.targets import Target, target

# What a warm run may cost, as a multiple of a bare boot.
_AIM = 1.6
_BARE_INIT = "#!/bin/busybox sh\n/bin/busybox poweroff -f\n"


def main(args: Namespace) -> int:
    """Measure and print; return the exit status."""
    wanted = target(args.kernel, args.arch)
    command = [ROOT / "harness/kmaplab", "run", "--kernel", wanted.series, "--arch", wanted.arch]
    machine = prepare.machine(wanted, "tcg", limit=120.0)
    with paths.scratch() as directory:
        bare = replace(machine, initrd=_bare_initramfs(directory))
        _run(command)
        pairs = []
        with step(f"{args.rounds} rounds of a bare boot and a run") as progress:
            for number in range(args.rounds):
                progress.detail = f"round {number + 1}"
                pairs.append((_boot(bare), _run(command)))
    boot, run = (statistics.median(times) for times in zip(*pairs))
    print(f"bare boot to power-off   {boot:6.2f} s  (median of {args.rounds})")
    print(f"warm make run            {run:6.2f} s  (median of {args.rounds})")
    print(f"ratio                    {run / boot:6.2f}    (aim: at most {_AIM})")
    try:
        print(f"fresh clone to table     {_fresh_clone(wanted):6.2f} s  (packages installed)")
    except SetupError as error:
        print(f"fresh clone to table     not measured: {error}")
    return 0


def _bare_initramfs(directory: Path) -> Path:
    """Make the least that can power a guest off."""
    init = directory / "init"
    init.write_text(_BARE_INIT)
    spec = Spec()
    for name in ("bin", "dev"):
        spec.directory(name)
    spec.console()
    spec.file("init", init, 0o755)
    spec.file("bin/busybox", BUSYBOX, 0o755)
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
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise SetupError(f"a run failed:\n{result.stdout}\n{result.stderr}")
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
