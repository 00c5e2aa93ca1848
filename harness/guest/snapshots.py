"""Going on where a machine stood when its kernel had booted, instead of booting it.

What all guests of a kernel do first is done once. Then the machine is stopped and kept. Each
run goes on from there with a copy of its own, and finds its modules, its check programs and
its job on disks. So it has the addresses, the clock and the random numbers of the boot that
was kept. Where these must differ from run to run, a guest boots (`--boot`).
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path

from harness.base import digest
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.paths import BUILD
from harness.base.progress import say, step
from harness.guest import guest, monitor
from harness.guest.machine import Machine
from harness.guest.snapshot import DISKS, Snapshot

# What the guest says on its results port when it can be kept.
_READY = b"ready"

# Seconds in which a kernel boots.
_LIMIT = 120.0

# Each holds 130 MB; those not used for longest go.
_MOST = 12

# What the guest takes a disk for, in bytes: it has looked before it was kept, since to look
# takes as long as to check a lab. All but the files at its beginning is a hole.
_DISK = 1 << 30


def can_be_taken(machine: Machine) -> bool:
    """Say whether a machine may go on from a snapshot.

    With KVM it depends on the processor's state in ways that were not tried, and without
    QEMU there is nothing to keep.
    """
    return machine.qemu is not None and machine.accel == "tcg" and not machine.boots


def restored(machine: Machine, job: Path) -> Machine | None:
    """Return the machine so that it goes on from its snapshot, and does a job.

    The snapshot is taken if there is none; None, and a word on why, if it cannot be. In the
    sandbox the machine gets a copy of its own: QEMU opens the RAM for writing even where it
    does not write.
    """
    try:
        snapshot = of(replace(machine, sandboxed=False))
        if machine.sandboxed:
            snapshot = snapshot.copied(job.parent / "snapshot")
        disks = tuple(_disk(path, job.parent) for path in (machine.initrd, job))
    except SetupError as error:
        say(f"this guest boots, since it cannot go on from a snapshot: {error}")
        return None
    return replace(machine, initrd=job, before=(), snapshot=snapshot, disks=disks)


def _disk(archive: Path, directory: Path) -> Path:
    """Return a disk with an archive at its beginning. Raises SetupError if it is too large."""
    if archive.stat().st_size > _DISK:
        raise SetupError(f"{archive} is larger than {_DISK >> 20} MiB")
    disk = directory / f"{archive.stem}.disk"
    shutil.copyfile(archive, disk)
    os.truncate(disk, _DISK)
    return disk


def of(machine: Machine) -> Snapshot:
    """Return the snapshot of a machine, taken if there is none that can be used."""
    [base] = machine.before
    wanted = digest.of([*_recipe(machine), base])
    snapshot = Snapshot(BUILD / "snapshots" / wanted[:16])
    if not digest.is_current(snapshot.files, snapshot.stamp, wanted):
        with locked(snapshot.directory.with_suffix(".lock"), "the same snapshot"):
            if not digest.is_current(snapshot.files, snapshot.stamp, wanted):
                _forget_some(snapshot.directory.parent)
                with step(f"taking a snapshot of {machine.kernel.release}, once"):
                    _take(machine, snapshot.directory, base)
                digest.set_current(snapshot.files, snapshot.stamp, wanted)
    os.utime(snapshot.directory)
    return snapshot


def _recipe(machine: Machine) -> list[str]:
    """Return what a machine's state after its boot follows from, but for files."""
    qemu = machine.qemu
    assert qemu is not None
    program = shutil.which(qemu.program) or qemu.program
    own = [Path(__file__), Path(__file__).with_name("snapshot.py")]
    return [
        *machine.hardware(qemu),
        machine.kernel_arguments(qemu),
        *qemu.results,
        digest.of_tool(program),
        digest.of_tool(str(machine.kernel.image)),
        digest.of(own),
    ]


def _take(machine: Machine, directory: Path, base: Path) -> None:
    """Boot a machine until it waits for a job, and keep it.

    Raises SetupError if it does not come to that.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    snapshot = Snapshot(directory, is_taken=False)
    ram, _, initrd = snapshot.files
    shutil.copyfile(base, initrd)
    empty = directory / "empty"
    for path in (ram, empty):
        path.touch()
    os.truncate(empty, _DISK)
    disks = (empty,) * DISKS
    ready = replace(machine, initrd=initrd, before=(), limit=_LIMIT, snapshot=snapshot, disks=disks)
    heard = bytearray()

    def keep(data: bytes) -> bool:
        heard.extend(data)
        if _READY not in heard:
            return False
        monitor.save(directory, snapshot.state)
        return True

    ending = guest.run(ready, keep)
    if not ending.finished:
        said = "\n".join(f"    {line}" for line in ending.last_lines())
        raise SetupError(f"the guest was gone or silent after {ending.seconds:.0f} s:\n{said}")


def _forget_some(home: Path) -> None:
    """Remove the snapshots that have not been used for longest. One in use stays open."""
    home.mkdir(parents=True, exist_ok=True)
    kept = sorted((path for path in home.iterdir() if path.is_dir()), key=_last_use)
    for path in kept[: len(kept) - _MOST + 1]:
        shutil.rmtree(path, ignore_errors=True)


def _last_use(path: Path) -> float:
    return path.stat().st_mtime
