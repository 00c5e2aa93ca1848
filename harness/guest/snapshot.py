"""A machine's state and RAM, kept in files: what QEMU is told to take or to use them.

    build/snapshots/<digest>/ram            the RAM, most of it a hole
                             state          all else, as QEMU writes it
                             base.cpio      what the kernel unpacked
                             machine.dtb    the machine's device tree, if it has one
"""

from dataclasses import dataclass
from pathlib import Path

from harness.base import tools
from harness.guest import device_tree, monitor
from harness.kernels.architecture import MEMORY_MIB, Qemu

# The machine has as many disks; while a snapshot is taken there is nothing on them.
DISKS = 2


@dataclass(frozen=True)
class Snapshot:
    """One that lies in ``directory``, or is about to be taken there."""

    directory: Path
    is_taken: bool = True

    @property
    def state(self) -> Path:
        return self.directory / "state"

    @property
    def files(self) -> tuple[Path, ...]:
        """What it consists of, but for a device tree."""
        return (self.directory / "ram", self.state, self.directory / "base.cpio")

    @property
    def stamp(self) -> Path:
        """The digest of what it follows from, and how its files were when it was taken."""
        return self.directory / "digest"

    def forget(self) -> None:
        """Have the next guest take another one in its place."""
        self.stamp.unlink(missing_ok=True)

    def copied(self, directory: Path) -> "Snapshot":
        """Return a copy, in a directory that is not there yet. Raises SetupError if that fails."""
        log = directory.with_suffix(".log")
        command: list[str | Path] = ["cp", "-r", "--sparse=always", self.directory, directory]
        tools.run(command, log, "copying a snapshot")
        return Snapshot(directory)

    def options(self, qemu: Qemu, hardware: list[str], disks: tuple[Path, ...]) -> list[str]:
        """Return what lets QEMU take the snapshot, or go on from it with these disks.

        A machine that goes on has a private view of the RAM.
        """
        share = "off" if self.is_taken else "on"
        file = f"share={share},mem-path={_name(self.directory / 'ram')}"
        memory = f"memory-backend-file,id=ram,size={MEMORY_MIB}M,{file}"
        options = ["-object", memory, "-machine", "memory-backend=ram", *monitor.OPTION]
        for number, disk in enumerate(disks):
            drive = f"if=none,id=disk{number},format=raw,readonly=on,file={_name(disk)}"
            options += ["-drive", drive, "-device", f"virtio-blk-pci,drive=disk{number}"]
        if not self.is_taken:
            return [*options, *device_tree.option(qemu, hardware, self.directory)]
        tree = ["-dtb", str(self.directory / device_tree.FILE)] if qemu.has_device_tree else []
        return [*options, *tree, "-incoming", "defer", "-S"]


def _name(path: Path) -> str:
    """Return a path as QEMU's options take it: a comma would end it."""
    return str(path).replace(",", ",,")
