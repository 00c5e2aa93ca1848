"""gdb on a lab in a guest: the guest waits until gdb is there, and ends when gdb does."""

import fcntl
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.base import paths, terminal, tools
from harness.base.errors import (
    CHECK_FAILED,
    GUEST_BROKEN,
    OK,
    GuestError,
    RequestError,
    SetupError,
)
from harness.base.paths import ROOT
from harness.base.progress import step
from harness.base.sandbox import Limits, Sandbox
from harness.base.tools import printable
from harness.build import symbols
from harness.build.modules import Modules
from harness.catalogue import labs
from harness.catalogue.labs import Lab, Load
from harness.guest import consoles, guest, prepare
from harness.guest.channel import Files, Line, LineReader
from harness.guest.guest import Ending
from harness.guest.job import Job
from harness.guest.gdb_stub import SOCKET
from harness.guest.machine import Machine
from harness.kernels.request import Request
from harness.kernels.targets import EMULATED
from harness.runs.listening import Collector

_GDB = "gdb-multiarch"

# gdb runs this file, which is not imported here: only there is the module gdb.
_SCRIPT = ROOT / "harness/guest/in_gdb.py"

# What gdb is told before it reads anything: a module could bring scripts for gdb with it, and
# nothing is asked of the network.
_SAFE = (
    *("-nx", "-nh", "-q", "-iex", "set auto-load off"),
    *("-iex", "set debuginfod enabled off", "-iex", "set index-cache enabled off"),
)

# Seconds for the commands of CMD=; a person has no limit.
_COMMANDS_LIMIT = 120.0

# Of an address in the files of symbols that build/symbols.py writes.
_ADDRESS_BYTES = 8

# Seconds that gdb has left when its guest has none any more.
_GRACE = 5.0

# A line of what /sys/module says: FILE:ADDRESS.
_SECTION = re.compile(r"/sys/module/(lab_\w+)/sections/(\.[\w.]+):(0x[0-9a-f]+)")

_NO_TYPES = (
    "Of the kernel itself gdb has the names of functions and variables, and not their types "
    "and lines: those would be in Debian's package linux-image-{release}-dbg, which is large "
    "and not fetched. Of the lab and of all that it includes gdb has everything."
)
_NO_UML_TYPES = (
    "Of the kernel itself gdb has the names of functions and variables, and not their types "
    "and lines: it is built without, to be built sooner. Of the lab and of all that it "
    "includes gdb has everything."
)


@dataclass
class DebugCollector(Collector):
    """Takes in what a guest says before it waits for gdb, and how its check program ends."""

    files: Files
    sections: dict[str, dict[str, int]] = field(default_factory=dict)
    text: int = 0
    status: int | None = None
    errors: list[str] = field(default_factory=list)
    waits: threading.Event = field(default_factory=threading.Event)
    ends_itself: bool = False

    def take(self, line: Line) -> None:
        """Take in one line."""
        if line.word == "section" and (match := _SECTION.fullmatch(line.rest)):
            self.sections.setdefault(match[1], {})[match[2]] = int(match[3], 16)
        elif line.word == "text" and line.rest:
            self.text = int(line.rest.split()[0], 16)
        elif line.word == "loaded":
            self.waits.set()
        elif line.word == "error":
            self.errors.append(printable(line.rest))
        elif line.word == "done":
            self.status = int(line.rest) if line.rest.isdecimal() else 2
            # The end of a recording is written when the machine is powered off.
            self.done = not self.ends_itself


@dataclass
class RunningGuest:
    """A guest that another thread listens to."""

    machine: Machine
    collector: DebugCollector
    process: subprocess.Popen[bytes] | None = None
    ending: Ending | None = None
    problem: Exception | None = None
    thread: threading.Thread = field(init=False)

    def start(self) -> None:
        """Boot it, or have it go on from its snapshot."""
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        try:
            self.ending = guest.run(self.machine, self.collector.feed, started=self._note)
        except Exception as error:  # pylint: disable=broad-except
            self.problem = error

    def _note(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def wait_until_loaded(self) -> None:
        """Return when the lab is loaded. Raises GuestError if it is not to be."""
        while self.thread.is_alive() and not self.collector.waits.wait(0.05):
            pass
        if self.collector.waits.is_set():
            return
        self.thread.join()
        if self.problem:
            raise self.problem
        raise GuestError(self._why_not())

    def wait_for_debugger(self, directory: Path) -> None:
        """Return when QEMU listens for gdb. Raises SetupError if it does not start."""
        while self.thread.is_alive() and not (self.process and (directory / SOCKET).exists()):
            self.thread.join(0.05)
        if self.problem:
            raise self.problem

    def _why_not(self) -> str:
        if self.collector.errors:
            said = "; ".join(error.strip() for error in self.collector.errors)
            return f"the lab does not load, and has no mapping to stop at yet: {said}"
        assert self.ending
        lines = "\n".join(f"    {line}" for line in self.ending.last_lines())
        trouble = guest.what_went_wrong(self.collector.nonsense, self.ending)
        return f"{trouble}; the end of its console:\n{lines}"

    def end(self) -> None:
        """End it, wherever it is."""
        while self.thread.is_alive():
            if self.process:
                self.process.kill()
            self.thread.join(0.05)


@dataclass(frozen=True)
class Debugging:
    """A lab to debug: ``load`` in ``machine``, with the modules of ``built``.

    ``options`` are the check program's. ``commands`` are for gdb, None for a person.
    """

    machine: Machine
    built: Modules
    load: Load
    request: Request
    options: tuple[str, ...] = ()
    commands: list[str] | None = None

    def run(self) -> int:
        """Run gdb until it ends; return the exit status. Raises GuestError."""
        if not shutil.which(_GDB, path=tools.environment()["PATH"]):
            raise SetupError(f"{_GDB} is missing: run harness/setup debug")
        kernel = self.machine.kernel
        wants_symbols = self._is_emulated and not symbols.is_known(kernel)
        job = self.job(wants_symbols, waits=True)
        files = Files()
        collector = DebugCollector(LineReader(job.nonce, files), files)
        machine = replace(self.machine, debugger=self._is_emulated, waits=True)
        with paths.scratch() as directory:
            running = RunningGuest(job.give(machine, directory), collector)
            running.start()
            try:
                with step(f"loading {self.load} on {kernel.release} ({machine.accel})"):
                    running.wait_until_loaded()
                if wants_symbols:
                    packed = files.contents().get("kallsyms", b"")
                    symbols.keep(kernel, packed, self.files[0])
                return self.gdb(running, directory)
            finally:
                running.end()
                if running.ending:
                    consoles.keep("debug", machine, running.ending)

    def job(self, wants_symbols: bool, waits: bool) -> Job:
        """Return what the guest is to do: load the lab and run its check program."""
        settings: dict[str, str | int] = {
            "SEED": self.request.seed,
            "OPTIONS": " ".join(self.options),
            "SYMBOLS": int(wants_symbols),
            "WAIT": int(waits),
        }
        return Job("debug", settings, plan=(str(self.load),))

    @property
    def _is_emulated(self) -> bool:
        return self.machine.qemu is not None

    @property
    def files(self) -> list[Path]:
        """The lab's module, and the core's, which it needs."""
        names = (self.load.lab.name, "lab_core")
        return [path for name in names for path in self.built.files if path.stem == name]

    def gdb(self, running: RunningGuest, directory: Path) -> int:
        """Run gdb on a guest that waits for it; return the exit status. Raises GuestError."""
        assert running.process
        # A machine that goes through a recorded run is given nothing.
        keyboard = -1
        if self.machine.rewind is None:
            assert running.process.stdin
            keyboard = running.process.stdin.fileno()
        session = directory / "session.json"
        session.write_text(json.dumps(self._session(running, keyboard, directory)))
        command = self._command(session, directory)
        keep = [keyboard] if keyboard >= 0 else []
        if self.commands is None:
            status = _run_at_terminal(command, keep, directory)
        else:
            limit = (self.request.limit or 0) + _GRACE if self.request.limit else None
            status = _run_commands(command, keep, directory, limit)
        if status == GUEST_BROKEN:
            raise GuestError("the guest was gone before gdb was done with it")
        return OK if status == 0 else CHECK_FAILED

    def _session(self, running: RunningGuest, keyboard: int, directory: Path) -> dict[str, object]:
        """Return what in_gdb.Session takes."""
        kernel = self.machine.kernel
        collector = running.collector
        assert running.process
        if self._is_emulated:
            target = f"target remote ./{SOCKET}"
            names = {str(symbols.file_of(kernel)): {symbols.SECTION: collector.text}}
            missing = _NO_TYPES.format(release=kernel.release)
        else:
            target = f"attach {running.process.pid}"
            names, missing = {}, _NO_UML_TYPES
        return {
            "lab": self.load.lab.name,
            "arch": kernel.target.arch,
            "target": target,
            "symbols": names,
            "modules": {
                str(symbols.copy_of_module(path, directory)): collector.sections[path.stem]
                for path in self.files
            },
            "sources": {str(self.built.directory / "src/labs"): str(self.request.labs)},
            "missing": [missing],
            "keyboard": keyboard,
            "commands": self.commands,
        }

    def _command(self, session: Path, directory: Path) -> list[str]:
        """Return gdb's command; in the sandbox, where it reads what a strange lab was built to.

        There it gets no session of its own: it has a terminal that is its alone.
        """
        find = f"python import sys; sys.dont_write_bytecode = True; sys.path.insert(0, '{ROOT}')"
        mark = f"python KMAPLAB_SESSION = '{session}'"
        command = [_GDB, *_SAFE, *(() if self.commands is None else ("-batch",))]
        command += ["-ex", find, "-ex", mark, "-x", str(_SCRIPT)]
        if self.request.is_strange:
            names = symbols.file_of(self.machine.kernel)
            read = (ROOT / "harness", self.built.directory, names, self.request.labs)
            box = Sandbox(directory, read, write=(directory,), limits=Limits(seconds=None))
            # gdb wants to have a home, which it does not need.
            command = ["env", f"HOME={directory}", *command]
            command = [word for word in box.command(command) if word != "--new-session"]
        return ["setpriv", "--pdeathsig", "KILL", *command]


def _run_commands(command: list[str], keep: list[int], directory: Path, limit: float | None) -> int:
    """Run gdb without a terminal; return its exit status. Raises GuestError if it hangs."""
    sys.stdout.flush()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        pass_fds=keep,
        cwd=directory,
        env=tools.environment(),
        start_new_session=True,
    )
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired as error:
        raise GuestError(f"gdb was still running after {limit:.0f} s and was killed") from error
    finally:
        tools.kill_group(process)


def _run_at_terminal(command: list[str], keep: list[int], directory: Path) -> int:
    """Run gdb at a terminal of its own, and carry bytes between that and this one.

    So Ctrl-C is gdb's alone: it stops the guest, and not us. Returns gdb's exit status.
    """
    ours, its = pty.openpty()
    size = fcntl.ioctl(sys.stdin.fileno(), termios.TIOCGWINSZ, bytes(8))
    fcntl.ioctl(its, termios.TIOCSWINSZ, size)
    process = subprocess.Popen(
        ["setsid", "--ctty", *command],
        stdin=its,
        stdout=its,
        stderr=its,
        pass_fds=keep,
        cwd=directory,
        env=tools.environment(),
    )
    os.close(its)
    try:
        with _raw_terminal():
            terminal.relay(ours, ours)
        return process.wait()
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        os.close(ours)


@contextmanager
def _raw_terminal() -> Iterator[None]:
    """Have this terminal pass on each byte as it is, until the block ends."""
    before = termios.tcgetattr(sys.stdin)
    tty.setraw(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def session(
    request: Request, name: str | None, check: str | None, commands: list[str] | None
) -> Debugging:
    """Return what a request is to debug. Raises RequestError for what cannot be."""
    lab = _one(name)
    if why := lab.why_not(request.target):
        raise RequestError(f"{lab.name} {why}")
    if request.is_strange and not request.target.architecture.qemu:
        raise RequestError(
            f"ARCH={request.target.arch} runs code from elsewhere in a sandbox, where gdb cannot "
            f"reach it: debug it with ARCH={EMULATED}"
        )
    qemu = request.target.architecture.qemu
    if qemu and qemu.tables.entry_size != _ADDRESS_BYTES:
        raise RequestError(
            f"ARCH={request.target.arch} has addresses of 32 bits, and gdb is given its symbols "
            f"in files for 64 bits: debug with ARCH={EMULATED}"
        )
    if commands is not None and request.limit is None:
        request = replace(request, limit=_COMMANDS_LIMIT)
    options = ("--only", check) if check else ()
    request = replace(request, only=(lab.name,))
    machine, built = prepare.machine_and_modules(request)
    if why := built.not_built.get(lab.name):
        raise RequestError(why)
    load = Load(lab, lab.loads[0])
    return Debugging(machine, built, load, request, options, commands)


def _one(name: str | None) -> Lab:
    """Return the lab that LAB= names. Raises RequestError unless it is exactly one."""
    chosen = labs.choose(name)
    if not name or len(chosen) != 1:
        known = ", ".join(lab.name for lab in labs.all_labs())
        raise RequestError(f"LAB= must name one lab to debug: choose one of {known}")
    return chosen[0]


def commands_of(text: str | None) -> list[str] | None:
    """Return the commands in CMD=, or on standard input if that is not a terminal.

    They are separated by ";" or new lines; a ";" within quotes is a part of a command.
    """
    if text is None:
        if sys.stdin is None:
            raise RequestError("standard input is closed: use --cmd for gdb's commands")
        if sys.stdin.isatty():
            return None
        text = sys.stdin.read()
    parts = re.findall(r"""(?:[^;\n"']|"[^"\n]*"|'[^'\n]*'|["'])+""", text)
    return [part.strip() for part in parts if part.strip()]
