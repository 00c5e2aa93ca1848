"""What to boot, and the command that does: QEMU's, or the kernel itself as a program."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from harness.base.sandbox import Limits, Sandbox
from harness.build.modules import Modules
from harness.guest import affinity, device_tree, gdb_stub
from harness.guest.snapshot import Snapshot
from harness.kernels import pci_devices
from harness.kernels.architecture import MEMORY_MIB, Qemu
from harness.kernels.debian import Kernel

# KASAN's shadow and kmemleak's notes need more than the labs.
_PROGRAM_MEMORY_MIB = 128

# For the checks that make two calls at the same moment.
RACING_PROCESSORS = 2

# An oops ends the guest at once, by a panic and -no-reboot: what comes after
# one proves nothing. Debian's kernels zero all memory that they hand out;
# init_on_alloc=0 makes a lab that forgets to zero its own show it. Unloading a
# module waits for RCU, which a guest with nothing else to do need not do at leisure.
_COMMAND_LINE = "quiet oops=panic panic=-1 init_on_alloc=0 rcupdate.rcu_expedited=1"

# What a machine's clock can begin with: from 2001 to 2037, in seconds since 1970.
_CLOCK_FROM, _CLOCK_TO = 1_000_000_000, 2_140_000_000


@dataclass(frozen=True)
class Rewind:
    """Has QEMU write down what comes to a machine from outside, or come it again from there.

    With it the machine counts its time in instructions (docs/replay.txt of QEMU).
    """

    file: Path
    replays: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """QEMU's options; a machine that goes through it again waits for a debugger."""
        what = "replay" if self.replays else "record"
        counts = ("-icount", f"shift=auto,rr={what},rrfile={str(self.file).replace(',', ',,')}")
        return (*counts, "-S") if self.replays else counts


@dataclass(frozen=True)
class Machine:
    """What to boot and how; ``limit`` is in seconds of wall time, or None.

    ``initrd`` is what the kernel is given to unpack, and ``before`` are archives that belong
    in front of it: a job joins them (guest.job.Job). ``arguments`` stand behind all else on
    the kernel's command line. With ``debugger`` QEMU listens for one on a socket beside
    ``initrd`` (guest/gdb_stub.py). One that ``waits`` has a job that reads a line from its
    console. What the guest needs of files is made there, too. With ``rewind`` a run is
    recorded, or comes again. Only QEMU's machines can have more ``processors`` than one.

    With ``snapshot`` the machine goes on where that was taken, or is the one to take it of,
    and finds the files ``disks`` as its disks. With ``boots`` it must not. ``sandboxed`` says
    that it runs strange code. ``modules`` are those in its initrd, with what tells their lines.
    """

    kernel: Kernel
    initrd: Path
    before: tuple[Path, ...] = ()
    accel: str = "tcg"
    limit: float | None = 120.0
    arguments: tuple[str, ...] = ()
    debugger: bool = False
    waits: bool = False
    rewind: Rewind | None = None
    boots: bool = False
    snapshot: Snapshot | None = None
    disks: tuple[Path, ...] = ()
    sandboxed: bool = False
    processors: int = 1
    modules: Modules | None = None

    @property
    def qemu(self) -> Qemu | None:
        """How QEMU plays the machine; None if the kernel runs as it is."""
        return self.kernel.target.architecture.qemu

    @property
    def is_restored(self) -> bool:
        """Whether the guest goes on from a snapshot, and does not boot."""
        return self.snapshot is not None and self.snapshot.is_taken

    @property
    def is_timeless(self) -> bool:
        """Whether the guest needs no time to wait: one that does nothing never will."""
        return self.kernel.target.architecture.timeless_argument in self.arguments

    def racing(self) -> "Machine":
        """Return the machine for the checks that make two calls at the same moment."""
        arguments = (*self.arguments, *self.kernel.target.architecture.racing_arguments)
        return replace(self, processors=RACING_PROCESSORS, arguments=arguments)

    @property
    def _is_being_kept(self) -> bool:
        """Whether a snapshot is taken of it: of its labs' devices QEMU keeps no state."""
        return self.snapshot is not None and not self.snapshot.is_taken

    @property
    def name(self) -> str:
        """What runs the guest."""
        return "QEMU" if self.qemu else "UML"

    def command(
        self, results_fd: int, interactive: bool = False, processor: int | None = None
    ) -> list[str]:
        """Return the command line, of QEMU or of the kernel itself.

        The process dies with its parent, however that ends. Without QEMU it stays on
        ``processor``, if one is given.
        """
        start = ["setpriv", "--pdeathsig", "KILL"]
        if self.qemu:
            command = self._qemu_command(self.qemu, results_fd, interactive)
        else:
            start += [] if processor is None else ["taskset", "-c", str(processor)]
            command = self._program_command(results_fd, interactive)
        return start + (self._sandbox().command(command) if self.sandboxed else command)

    @property
    def limits(self) -> Limits | None:
        """What the guest may use of this machine; None where nothing strange runs."""
        return self._sandbox().limits if self.sandboxed else None

    def _sandbox(self) -> Sandbox:
        """Return what the guest sees of this machine.

        A module in user-mode Linux is a part of a program of this machine, and may call its
        kernel: that program gets nothing to write to. QEMU makes the debugger's socket.
        """
        directory = self.initrd.parent
        if not self.qemu:
            # Its RAM is a file, with gaps, in the sandbox's own memory.
            return Sandbox(
                directory,
                read=(self.kernel.image, self.initrd),
                scratch=(directory,),
                limits=Limits(file=None),
            )
        kvm = (Path("/dev/kvm"),) if self.accel == "kvm" else ()
        read = (self.kernel.image, *self.disks)
        return Sandbox(directory, read=read, write=(directory,), devices=kvm)

    def _program_command(self, results_fd: int, interactive: bool) -> list[str]:
        """UML's consoles (con) and serial lines (ssl) take file descriptors."""
        waiting = "fd:0,null" if self.waits else "null"
        return [
            str(self.kernel.image),
            f"mem={_PROGRAM_MEMORY_MIB}M",
            f"initrd={self.initrd}",
            f"uml_dir={self.initrd.parent}/",
            *("con=null", "con0=null,fd:2" if interactive else "con0=null,fd:1"),
            # A descriptor serves one line only: fd 1 is con0's unless somebody is at ssl0.
            *("ssl=null", f"ssl0={'fd:0,fd:1' if interactive else waiting}"),
            f"ssl1=null,fd:{results_fd}",
            *_COMMAND_LINE.split(),
            *self.arguments,
        ]

    def hardware(self, qemu: Qemu) -> list[str]:
        """Return the part of QEMU's command that says what machine it is.

        No network card, no disk, no screen: -nodefaults and -no-user-config keep it so.
        """
        cpu = "host" if self.accel == "kvm" else qemu.processor
        return [
            *(qemu.program, *qemu.options),
            *("-accel", self.accel, "-cpu", cpu),
            *("-m", f"{MEMORY_MIB}M", "-smp", str(self.processors)),
            *("-nodefaults", "-no-user-config", "-no-reboot"),
            *("-display", "none", "-nic", "none"),
        ]

    def kernel_arguments(self, qemu: Qemu) -> str:
        """Return the kernel's command line."""
        port = f"console={self.kernel.target.architecture.console}"
        return " ".join([port, _COMMAND_LINE, *qemu.arguments, *self.arguments])

    def _qemu_command(self, qemu: Qemu, results_fd: int, interactive: bool) -> list[str]:
        """The results go into a pipe, which cannot be truncated: hence append=on.

        The labs' devices come last, so that all others have the same places on the bus with
        them and without.
        """
        console = ["-chardev", "stdio,id=console,signal=off"]
        if interactive:
            console[1] += ",mux=on"
            console += ["-mon", "console", "-echr", "0x1d"]
        hardware = self.hardware(qemu)
        if self.snapshot:
            more = self.snapshot.options(qemu, hardware, self.disks)
        else:
            more = device_tree.option(qemu, hardware, self.initrd.parent)
        return [
            *hardware,
            *more,
            *(() if self.rewind else _clock()),
            *console,
            *("-serial", "chardev:console"),
            *("-add-fd", f"fd={results_fd},set=1"),
            *("-chardev", "file,id=results,append=on,path=/dev/fdset/1"),
            *qemu.results,
            *(gdb_stub.OPTION if self.debugger else ()),
            *(self.rewind.options if self.rewind else ()),
            *(affinity.NAME_THREADS if self.processors > 1 else ()),
            *("-kernel", str(self.kernel.image)),
            *("-initrd", str(self.initrd)),
            *("-append", self.kernel_arguments(qemu)),
            *([] if self._is_being_kept else pci_devices.options(self.initrd.parent)),
        ]


def _clock() -> tuple[str, ...]:
    """Return the option that sets the machine's clock, to a time that no guest can foresee.

    What goes on from a snapshot has the clock of that, which went on by the host's time.
    """
    seconds = random.SystemRandom().randrange(_CLOCK_FROM, _CLOCK_TO)
    date = datetime.fromtimestamp(seconds, timezone.utc)
    return ("-rtc", f"base={date:%Y-%m-%dT%H:%M:%S}")
