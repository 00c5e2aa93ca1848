"""The memory of user-mode Linux, as /proc of this machine shows it.

The kernel is a process that maps a file without a name: the guest's RAM. Each program of the
guest is a process that maps pages of the same file. So where in the file an address leads is
in /proc/PID/maps (proc(5)) of either, and the file itself is among the kernel's descriptors.
The rights that stand there are user-mode Linux' own affair, and memory types it has none.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.base import processes
from harness.base.errors import GuestError
from harness.kernels.page_tables import PAGE_SIZE, Translation

_PROC = Path("/proc")


@dataclass(frozen=True)
class FileMapping:
    """A line of /proc/PID/maps: addresses from ``start`` on show the file from ``offset`` on."""

    start: int
    end: int
    offset: int
    inode: int


@dataclass(frozen=True)
class FileRam:
    """The guest's RAM, in a file."""

    descriptor: int

    def read(self, physical: int, size: int) -> bytes:
        """Return bytes. Raises GuestError where there are none."""
        data = os.pread(self.descriptor, size, physical)
        if len(data) != size:
            raise GuestError(f"the guest has no RAM at {physical:#x}")
        return data

    def write(self, physical: int, data: bytes) -> None:
        """Change bytes."""
        os.pwrite(self.descriptor, data, physical)


@dataclass(frozen=True)
class ProcessMappings:
    """What the kernel's process and that of one program map of the guest's RAM."""

    kernel: tuple[FileMapping, ...]
    program: tuple[FileMapping, ...]

    def translate(self, virtual: int) -> Translation | None:
        """Return where an address leads: a program's, or else the kernel's."""
        found = self.mapping_at(virtual, False) or self.mapping_at(virtual, True)
        return _translation(virtual, found) if found else None

    def mapping_at(self, virtual: int, of_kernel: bool) -> FileMapping | None:
        """Return what the kernel or the program has mapped at an address."""
        for one in self.kernel if of_kernel else self.program:
            if one.start <= virtual < one.end:
                return one
        return None

    def mappings_of(self, frames: set[int], of_kernel: bool) -> Iterator[Translation]:
        """Yield what leads to page frames, from the kernel's or the program's addresses."""
        for one in self.kernel if of_kernel else self.program:
            for frame in sorted(frames):
                if one.offset <= frame < one.offset + one.end - one.start:
                    yield _translation(one.start + frame - one.offset, one)


def _translation(virtual: int, one: FileMapping) -> Translation:
    physical = one.offset + virtual - one.start
    return Translation(virtual, physical, PAGE_SIZE, None, None, None, None)


def read_maps(text: str) -> list[FileMapping]:
    """Read /proc/PID/maps: the shared mappings of files."""
    found = []
    for line in text.splitlines():
        addresses, rights, offset, _, inode, *_ = line.split()
        start, end = (int(part, 16) for part in addresses.split("-"))
        if rights.endswith("s"):
            found.append(FileMapping(start, end, int(offset, 16), int(inode)))
    return found


@contextmanager
def stopped(initrd: Path, address: int, mark: bytes) -> Iterator[tuple[FileRam, ProcessMappings]]:
    """Have a guest's kernel stand still until the block ends; give its RAM and mappings.

    ``initrd`` is the guest's own, which tells it from others, and ``mark`` is what the
    program of interest has in its memory at ``address``. Raises GuestError if there is no
    such guest or no such program.
    """
    kernel = _kernel_of(initrd)
    try:
        os.kill(kernel, signal.SIGSTOP)
        try:
            inode, ram = _ram_of(kernel)
            try:
                yield ram, _mappings(kernel, processes.below(kernel), inode, ram, address, mark)
            finally:
                os.close(ram.descriptor)
        finally:
            os.kill(kernel, signal.SIGCONT)
    except OSError as error:
        raise GuestError(f"the guest's processes cannot be looked at: {error}") from error


def _kernel_of(initrd: Path) -> int:
    """Return the process that this one has started with that initrd.

    Programs of the guest may have its command line, but are below it. A sandbox that it
    runs in is above it, and has the kernel's command line behind its own.
    """
    wanted = f"initrd={initrd}".encode()
    for process in processes.below(os.getpid()):
        try:
            program, *arguments = (_PROC / str(process) / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended meanwhile
        if wanted in arguments and program != b"bwrap":
            return process
    raise GuestError("the guest's kernel is not among this machine's processes")


def _ram_of(kernel: int) -> tuple[int, FileRam]:
    """Return the inode of the file that is the RAM, and the open file."""
    mapped = {one.inode for one in _maps_of(kernel)}
    for entry in (_PROC / str(kernel) / "fd").iterdir():
        try:
            inode = entry.stat().st_ino
        except OSError:
            continue
        if inode in mapped and entry.readlink().name.endswith(" (deleted)"):
            return inode, FileRam(os.open(entry, os.O_RDWR | os.O_CLOEXEC))
    raise GuestError("the guest's RAM cannot be found among its kernel's files")


def _maps_of(process: int) -> list[FileMapping]:
    try:
        return read_maps((_PROC / str(process) / "maps").read_text())
    except OSError:
        return []


def _mappings(
    kernel: int, programs: list[int], inode: int, ram: FileRam, address: int, mark: bytes
) -> ProcessMappings:
    def of(process: int) -> tuple[FileMapping, ...]:
        return tuple(one for one in _maps_of(process) if one.inode == inode)

    for process in programs:
        seen = ProcessMappings(of(kernel), of(process))
        # The kernel's addresses lie elsewhere.
        for one in seen.program:
            if one.start <= address < one.end:
                if ram.read(one.offset + address - one.start, len(mark)) == mark:
                    return seen
    raise GuestError("no program of the guest waits where it says")
