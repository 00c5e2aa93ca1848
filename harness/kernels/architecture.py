"""What an architecture is to the harness: where its kernel comes from, what builds for
it and boots it, and what it can do.

Each architecture is a file beside this one with one value of Architecture, and stands in
the table of kernels/targets.py. All else in the harness asks these values, and never for
an architecture by name.
"""

from dataclasses import dataclass

from harness.kernels.page_tables import Format

# RAM of an emulated machine, and the part of it that the kernel leaves to lab_reserved.
MEMORY_MIB = 512
RESERVED_MIB = 16

# What shows the date and time of a PC, in which a module of QEMU keeps it.
PC_CLOCK = "qom-get /machine rtc-time"


@dataclass(frozen=True)
class Toolchain:
    """What builds modules and check programs for an architecture.

    ``compiler`` is its path, and ``make`` are arguments for kbuild. ``packages`` are Debian
    packages of the architecture that hold the static libraries of the check programs and
    the guest's busybox; without any, those of this machine serve. The names of its binutils
    begin with ``prefix``.
    """

    compiler: str
    make: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    prefix: str = ""


@dataclass(frozen=True)
class Qemu:
    """How QEMU plays a machine.

    ``options`` choose the machine, ``processor`` is the one to emulate, and ``results``
    makes a serial port of the chardev of that name. RAM from the physical address
    ``reserved`` on is kept from the kernel: by ``arguments`` on its command line, or
    where ``has_device_tree`` by a node in it. ``has_kvm`` says whether the guest may run
    on this machine's own processor. ``tables`` is how its page tables are read, and
    ``clock`` the command by which QEMU's monitor shows what the machine's clock says.
    """

    program: str
    processor: str
    results: tuple[str, ...]
    reserved: int
    tables: Format
    options: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    has_device_tree: bool = False
    has_kvm: bool = False
    clock: str = ""


@dataclass(frozen=True)
class Architecture:
    """A value of ARCH=.

    ``summary`` is for people, and ``source`` its folder below arch/ in the kernel's source.
    ``debian`` is Debian's name for it, and ``package`` the end of the names of Debian's kernel
    packages, of which there are those of ``series`` only, if any are named. It is empty where
    the kernel is built from the source, in one of ``flavours``, the first by default.
    ``console`` and ``results`` are files in the guest's /dev. ``qemu`` is None where the kernel
    runs as a program of this machine.

    ``hosts`` are the machines, by Debian's names, on which it is built and run, and
    ``elsewhere`` is the reason why not on others.

    ``has_kunit`` says that the KUnit suites run there, and ``has_sanitizers`` that the
    kernel finds and reports what would not crash it. ``thorough_arguments``, on its
    command line, have it report every error and wait without losing time, and
    ``racing_arguments`` take a processor away from a call wherever it is in the kernel. With
    ``timeless_argument`` a guest that waits goes on at once, with the time of its next timer.
    """

    name: str
    summary: str
    debian: str
    source: str
    console: str
    results: str
    toolchain: Toolchain
    package: str = ""
    series: tuple[str, ...] = ()
    flavours: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ("amd64",)
    elsewhere: str = ""
    qemu: Qemu | None = None
    has_kunit: bool = False
    has_sanitizers: bool = False
    thorough_arguments: tuple[str, ...] = ()
    racing_arguments: tuple[str, ...] = ()
    timeless_argument: str | None = None

    @property
    def is_built(self) -> bool:
        """Whether the kernel is built from the source."""
        return not self.package
