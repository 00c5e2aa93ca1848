"""Starting a guest, listening to it, and never leaving one behind."""

import fcntl
import os
import random
import re
import selectors
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from harness.base import ending, processes, sandbox, terminal, tools
from harness.base.errors import SetupError
from harness.base.paths import BUILD
from harness.base.sandbox import Limits
from harness.guest import affinity, monitor
from harness.guest.machine import Machine
from harness.guest.snapshot import Snapshot
from harness.results import kernel_log

# How much is shown of a console, from a crash on or from its end.
_MOST_LINES_OF_A_CRASH = 100
_LAST_LINES = 40

# The most that the kernel gives to any user (/proc/sys/fs/pipe-max-size).
_PIPE_BYTES = 1 << 20

# Keep what a guest says on its console, and sends, from filling the host's memory.
_MOST_CONSOLE_BYTES = 4 << 20
_MOST_RESULT_BYTES = 256 << 20

# Seconds from one look at a silent guest to the next.
_LOOK = 1.0

# Seconds in which more may come: a serial port sends byte by byte, and to wake for each of them
# takes longer than to read it.
_GATHER = 0.001

# Seconds for which a silent guest may, beyond its patience, use next to no processor time: if
# it waits for something, that may yet come.
_IDLE = 60.0

# Seconds for which a timeless guest may use no processor time at all: it waits for nothing that
# could still come. On a busy machine even a guest of many gets its turn in fewer.
_DEAD = 20.0

# A kernel's report of a stall has no more bytes.
_TAIL = 1 << 14

# Of the host's memory, the part that one guest may have. User-mode Linux takes as much as its
# kernel writes to: with KASAN some GiB at times, and all there is where the kernel is broken
# and writes all over its address space.
_MOST_MEMORY = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4 * 3

# More bytes than any word has by which a kernel that is broken is known.
_LONGEST_MARK = 64

# Seconds of processor time for which a kernel that has said it is broken may be silent: most
# still end their checks, and those that hang never say so.
_PATIENCE_WITH_THE_BROKEN = 15.0


@dataclass
class Ending:
    """How a guest ended.

    ``finished`` says that the listener was satisfied; ``stopped`` why the guest was killed
    before, if it was. ``console`` is all that the guest said there.
    """

    finished: bool
    stopped: str | None
    seconds: float
    console: bytes

    @property
    def why_gone(self) -> str:
        """Why it was gone before it was done, in words that are the same each time."""
        if self.stopped:
            return re.sub(r"for \d+ s", "for too long", self.stopped)
        return "crashed" if kernel_log.has_panic(self.console) else "powered off or restarted"

    def last_lines(self) -> list[str]:
        """Return the end of the console, from the crash on if there was one."""
        text = self.console.decode("utf-8", "replace").replace("\r", "")
        lines = [tools.printable(line) for line in text.split("\n") if line.strip()]
        if not lines:
            return ["(its console was silent)"]
        for number, line in enumerate(lines):
            if kernel_log.CRASH.search(line):
                return lines[number : number + _MOST_LINES_OF_A_CRASH]
        return lines[-_LAST_LINES:]


@dataclass
class _Watch:
    """Says when a guest is to be killed before it is done.

    ``patience`` gives the seconds of processor time for which the guest may say nothing, for
    what it is doing now: a machine that is busy with other things makes it no more silent.
    ``limits`` are those of a sandbox. ``is_broken`` is for who hears its kernel say so.
    ``is_timeless`` is that of machine.Machine.
    """

    process: int
    limit: float | None
    limits: Limits | None
    patience: Callable[[], float] | None
    is_timeless: bool = False
    is_broken: bool = False
    _begun: float = field(default_factory=time.monotonic)
    _looked: float = 0
    # When it was last heard, and the processor time it had used when this was first noticed.
    _heard: float = field(default_factory=time.monotonic)
    _used: float | None = None
    # The processor time that it has used, and when it was seen to have used more than before.
    _ran: tuple[float, float] = (-1.0, 0.0)

    @property
    def wait(self) -> float | None:
        """Seconds until the next look."""
        waits = [sandbox.LOOK] if self.limits else []
        waits += [_LOOK] if self.patience else []
        waits += [max(0.0, self._begun + self.limit - time.monotonic())] if self.limit else []
        return min(waits, default=None)

    def heard(self) -> None:
        """Note that the guest has said something."""
        self._heard = time.monotonic()
        self._used = None
        self._ran = (-1.0, 0.0)

    def why_not(self) -> str | None:
        """Say why the guest must not go on; None if it may."""
        now = time.monotonic()
        if self.limit is not None and now - self._begun >= self.limit:
            return f"was still running after {self.limit:.0f} s and was killed"
        if now - self._looked < sandbox.LOOK:
            return None
        self._looked = now
        if self.limits and (too_much := self.limits.exceeded(self.process)):
            return f"was killed: {too_much}"
        if processes.memory_of([self.process, *processes.below(self.process)]) > _MOST_MEMORY:
            return f"was killed: it used more than {_MOST_MEMORY >> 20} MiB of memory"
        return self._too_silent(now) if self.patience else None

    def _too_silent(self, now: float) -> str | None:
        assert self.patience
        silent = now - self._heard
        if silent < _LOOK:
            return None
        used = processes.seconds_of([self.process, *processes.below(self.process)])
        if self._used is None:
            self._used = used
        if used > self._ran[0]:
            self._ran = (used, now)
        if self.is_timeless and now - self._ran[1] >= _DEAD:
            return f"did nothing for {now - self._ran[1]:.0f} s and was killed"
        patience = self.patience()
        if self.is_broken:
            patience = min(patience, _PATIENCE_WITH_THE_BROKEN)
        if used - self._used < patience and silent < patience + _IDLE:
            return None
        return f"said nothing for {silent:.0f} s and was killed"


@dataclass
class _Listener:
    """Reads a guest's two outputs until it has heard enough."""

    results: int
    console: int
    on_results: Callable[[bytes], bool]
    watch: _Watch
    heard: bytearray = field(default_factory=bytearray)
    _results_left: int = field(default_factory=lambda: _MOST_RESULT_BYTES)

    def listen(self) -> tuple[bool, str | None]:
        """Return whether it has heard enough, and why the guest must be killed if it must."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.results, selectors.EVENT_READ)
            selector.register(self.console, selectors.EVENT_READ)
            while selector.get_map():
                if why := self.watch.why_not():
                    return False, why
                came = selector.select(self.watch.wait)
                time.sleep(_GATHER if came else 0)
                for key, _ in came:
                    data = os.read(key.fd, 1 << 16)
                    if not data:
                        selector.unregister(key.fd)
                    elif self._take(key.fd, data):
                        return True, None
                    if not self._only_stalls(key.fd):
                        self.watch.heard()
                if self._results_left < 0:
                    return False, f"was killed: it sent more than {_MOST_RESULT_BYTES >> 20} MiB"
        return False, None

    def _only_stalls(self, source: int) -> bool:
        """Whether what came is no sign of life: a kernel that says how long it has hung."""
        return source == self.console and kernel_log.has_stall(bytes(self.heard[-_TAIL:]))

    def _take(self, source: int, data: bytes) -> bool:
        if source == self.console:
            self.heard += data[: _MOST_CONSOLE_BYTES - len(self.heard)]
            # A line may come in parts.
            if kernel_log.has_crash(bytes(self.heard[-len(data) - _LONGEST_MARK :])):
                self.watch.is_broken = True
            return False
        self._results_left -= len(data)
        return self.on_results(data)


@dataclass
class _Spreading:
    """Listens for another, and spreads the guest's processors when it first hears of it.

    Before that they may not be there yet.
    """

    process: int
    on_results: Callable[[bytes], bool]
    done: bool = False

    def __call__(self, data: bytes) -> bool:
        if not self.done:
            affinity.spread(self.process)
            self.done = True
        return self.on_results(data)


def _results_pipe() -> tuple[int, int]:
    """Return a pipe that holds more than a guest says while its listener is not heard.

    QEMU's serial port tries a few times to write a byte, and then it is lost.
    """
    read, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return read, write


@contextmanager
def _processor(machine: Machine) -> Iterator[int | None]:
    """Give a processor that no other guest is on, if there is one, to a guest without QEMU.

    User-mode Linux and its processes take turns, by ptrace() and signals, at every system
    call. That takes half the time if they need not wake each other on another processor.
    """
    if machine.qemu:
        yield None
        return
    able = sorted(os.sched_getaffinity(0))
    files = {number: os.open(_lock_of(number), os.O_RDWR | os.O_CREAT, 0o666) for number in able}
    try:
        yield next((number for number in able if _is_free(files[number])), random.choice(able))
    finally:
        for file in files.values():
            os.close(file)


def _lock_of(processor: int) -> Path:
    BUILD.mkdir(parents=True, exist_ok=True)
    return BUILD / f"processor-{processor}.lock"


def _is_free(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def run(
    machine: Machine,
    on_results: Callable[[bytes], bool],
    patience: Callable[[], float] | None = None,
    started: Callable[[subprocess.Popen[bytes]], None] | None = None,
) -> Ending:
    """Boot a guest and listen until ``on_results`` returns true or it is gone.

    ``on_results`` is given the bytes of the result channel as they come. ``patience`` says
    for how many seconds of processor time the guest may be silent just now. ``started`` is
    given the guest's process, whose standard input is the console of a machine that waits.
    The guest's whole process group is killed in any case. Raises SetupError if QEMU does not
    start, and SystemExit where the work that it is a part of is over.
    """
    ending.stop_if_over()
    with _processor(machine) as processor:
        return _run(machine, processor, on_results, patience, started)


def _run(
    machine: Machine,
    processor: int | None,
    on_results: Callable[[bytes], bool],
    patience: Callable[[], float] | None,
    started: Callable[[subprocess.Popen[bytes]], None] | None,
) -> Ending:
    begun = time.monotonic()
    results_read, results_write = _results_pipe()
    try:
        command = machine.command(results_write, processor=processor)
        ends = _Ends.PIPES if machine.is_restored or machine.waits else _Ends.LISTEN
        process = _start(command, [results_write], ends, machine.initrd.parent)
    finally:
        os.close(results_write)
    assert process.stdout is not None
    if machine.processors > 1:
        on_results = _Spreading(process.pid, on_results)
    watch = _Watch(
        process.pid, machine.limit, machine.limits, patience, is_timeless=machine.is_timeless
    )
    listener = _Listener(results_read, process.stdout.fileno(), on_results, watch)
    try:
        with ending.waiting_for(process):
            if machine.snapshot and machine.snapshot.is_taken:
                _go_on(process, machine.snapshot, machine.initrd.parent)
            if started:
                started(process)
            finished, stopped = listener.listen()
            if not finished and not stopped:
                _complain_of_qemu(machine, process, bytes(listener.heard))
    finally:
        tools.kill_group(process)
        process.stdout.close()
        os.close(results_read)
    return Ending(finished, stopped, time.monotonic() - begun, bytes(listener.heard))


def _go_on(process: subprocess.Popen[bytes], snapshot: Snapshot, directory: Path) -> None:
    """Have a machine go on from a snapshot, where it waits for a line on its console.

    Raises SetupError if it cannot; then the next run takes another one.
    """
    assert process.stdin is not None
    try:
        monitor.go_on(directory, snapshot.state)
        os.write(process.stdin.fileno(), b"\n")
    except (SetupError, BrokenPipeError) as error:
        ending.stop_if_over()
        snapshot.forget()
        raise SetupError(
            f"the guest does not go on from its snapshot: try again ({error})"
        ) from error


def run_interactively(machine: Machine) -> bytes:
    """Boot a guest whose console is this terminal; return its results' bytes.

    The terminal is put back as it was, however the guest ended.
    """
    with _processor(machine) as processor:
        return _run_interactively(machine, processor)


def _run_interactively(machine: Machine, processor: int | None) -> bytes:
    results_read, results_write = _results_pipe()
    settings = subprocess.run(["stty", "-g"], capture_output=True, text=True, check=True).stdout
    try:
        command = machine.command(results_write, interactive=True, processor=processor)
        ends = _Ends.INHERIT if machine.qemu else _Ends.PIPES
        process = _start(command, [results_write], ends)
        os.close(results_write)
        clock = threading.Timer(machine.limit or threading.TIMEOUT_MAX, process.kill)
        clock.daemon = True
        clock.start()
        if ends is _Ends.PIPES:
            _relay(process)
        results = b""
        while data := os.read(results_read, 1 << 16):
            results += data
        process.wait()
        clock.cancel()
    finally:
        subprocess.run(["stty", settings.strip()], check=False)
        os.close(results_read)
    return results


def _relay(process: subprocess.Popen[bytes]) -> None:
    """Carry bytes between this terminal and a guest until either is gone, and with it the guest."""
    assert process.stdin is not None and process.stdout is not None
    tty.setraw(sys.stdin.fileno())
    try:
        terminal.relay(process.stdin.fileno(), process.stdout.fileno())
    finally:
        process.kill()


class _Ends(Enum):
    """What a guest's console is connected to: standard input, and both outputs."""

    # This terminal.
    INHERIT = (None, None, None)
    # Nothing, and a pipe that is listened to.
    LISTEN = (subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT)
    # A pipe each way. To learn of a terminal's size, user-mode Linux starts a process that
    # shares the guest's memory, and logs from there what it cannot do, while the guest's
    # kernel runs: in one boot of ten that has destroyed the guest.
    PIPES = (subprocess.PIPE, subprocess.PIPE, subprocess.STDOUT)


def _start(
    command: list[str], keep: list[int], ends: _Ends, directory: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start what runs the guest; without a terminal in a process group that is killed whole."""
    stdin, stdout, stderr = ends.value
    try:
        return subprocess.Popen(
            command,
            pass_fds=keep,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=tools.environment(),
            cwd=directory,
            start_new_session=ends is not _Ends.INHERIT,
        )
    except FileNotFoundError as error:
        raise SetupError(f"{error.filename} is missing: run harness/setup") from error


def _complain_of_qemu(machine: Machine, process: subprocess.Popen[bytes], said: bytes) -> None:
    """Raise SetupError if it was QEMU, and not the guest, that failed."""
    status = process.wait()
    # UML aborts where its kernel panics, or where what it has destroyed no longer lets it
    # say so: that was the guest. And a timer's signal may reach a UML that is off already.
    if status == 0 or kernel_log.has_crash(said) or kernel_log.has_gone_off(said):
        return
    how = f"ended with status {status}" if status > 0 else f"was killed by signal {-status}"
    lines = tools.printable(said.decode("utf-8", "replace").strip()) or "(nothing)"
    advice = "; ACCEL=tcg does without KVM" if machine.accel == "kvm" else ""
    raise SetupError(f"{machine.name} {how}{advice}. It said:\n    {lines}")


def what_went_wrong(nonsense: str | None, ending: Ending) -> str | None:
    """Name what was wrong with a guest, or return None if it did all it should."""
    if nonsense:
        return nonsense
    if ending.finished:
        return None
    if ending.stopped:
        return f"the guest {ending.stopped}"
    if kernel_log.has_panic(ending.console):
        return "the guest's kernel crashed"
    return "the guest powered off before it was done"
