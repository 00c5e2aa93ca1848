"""Running strange code, and what works on it, where it can do no harm.

bubblewrap (bwrap(1)) gives a program namespaces of its own: no network, no process but its
own, and a file system that holds /usr and what is named here, all of it read only. What it
writes goes to directories that are named as well, or to memory that goes with it.

Two kinds of limits hold. The kernel holds each process to its own (getrlimit(2)). What all
of them use together is looked at a few times a second: root is not held to a number of
processes, and no limit of a process says anything about all.
"""

import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from harness.base import processes, tools
from harness.base.errors import SetupError

_MIB = 1 << 20

# Seconds from one look at what is used to the next.
LOOK = 0.25

# What is kept of a program's output; the rest is read and dropped.
_MOST_OUTPUT = 4 * _MIB

# Bytes of the file systems in memory. User-mode Linux has its RAM in /dev/shm.
_SHARED_MEMORY = 192 * _MIB
_SCRATCH = 64 * _MIB

# Links into /usr, or directories of their own where a system has not merged them.
_SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64")
# Of /etc only what the loader and Debian's alternatives (awk is one) are found by.
_ETC = ("/etc/ld.so.cache", "/etc/alternatives")
# Nothing of the toolchain lies there, and what people put there is nobody's business.
_HIDDEN = ("/usr/local", "/usr/src")

_MISSING = (
    "bubblewrap is missing, and code from elsewhere is built and run in its sandbox only: "
    "run harness/setup, or apt-get install bubblewrap"
)
_ADVICE = (
    "code from elsewhere is not run without it. An ordinary user needs user namespaces: "
    "sysctl user.max_user_namespaces above 0, and kernel.unprivileged_userns_clone=1 or "
    "kernel.apparmor_restrict_unprivileged_userns=0 where there are such; a container has to "
    "be allowed them (podman and docker: --security-opt seccomp=unconfined "
    "--security-opt unmask=ALL, or --privileged)"
)


@dataclass(frozen=True)
class Limits:
    """What a program in the sandbox may use, in bytes and seconds.

    ``processes`` and ``memory`` are for all that runs there together, ``seconds`` is wall
    time; the others are for each process.
    """

    processes: int = 512
    memory: int = 2048 * _MIB
    file: int | None = 256 * _MIB
    seconds: float | None = None
    address_space: int | None = None
    processor_seconds: int | None = None

    def of_processes(self) -> list[str]:
        """Return the command, without what it is to run, that sets those of each process."""
        command = ["prlimit", "--core=0", f"--nproc={self.processes}"]
        if self.file:
            command.append(f"--fsize={self.file}")
        if self.address_space:
            command.append(f"--as={self.address_space}")
        if self.processor_seconds:
            # At the first a program is told, at the second it is killed.
            command.append(f"--cpu={self.processor_seconds}:{self.processor_seconds + 5}")
        return command

    def exceeded(self, process: int) -> str | None:
        """Say what all that a process has started uses too much of; None if nothing."""
        running = processes.below(process)
        if len(running) > self.processes:
            return f"it had more than {self.processes} processes"
        if processes.memory_of(running) > self.memory:
            return f"it used more than {self.memory // _MIB} MiB of memory"
        return None


@dataclass(frozen=True)
class Sandbox:
    """What a program sees beside /usr, everything at its own path, and what it may use.

    It begins in ``directory``. It can read ``read``, and change ``write``; ``scratch`` are
    directories that are empty for it, but for what is named in ``read``, and forgotten behind
    it. ``devices`` are those beside null, zero and random.
    """

    directory: Path
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()
    scratch: tuple[Path, ...] = ()
    devices: tuple[Path, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def command(self, inner: list[str]) -> list[str]:
        """Return the command that runs another one in the sandbox."""
        binds = [("--ro-bind", path) for path in self.read]
        binds += [("--bind", path) for path in self.write]
        binds += [("--dev-bind", path) for path in self.devices]
        return [
            *_base(),
            *(word for path in self.scratch for word in _memory(str(path), _SCRATCH)),
            *(word for option, path in binds for word in (option, str(path), str(path))),
            *(word for path in ("/dev", "/proc", "/") for word in ("--remount-ro", path)),
            *("--chdir", str(self.directory), "--"),
            *self.limits.of_processes(),
            *inner,
        ]


def _base() -> list[str]:
    """Return bwrap, with what is so for all programs.

    Started by root, a program would keep all rights, and with them could make writable
    what is not. Without them it is still the owner of the files in /proc/sys, with which it
    could have the kernel start programs on the host: command() makes /proc read only, too.
    """
    return [
        *("bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session"),
        *("--clearenv", "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        *("--setenv", "LC_ALL", "C"),
        *("--ro-bind", "/usr", "/usr"),
        *(word for path in _HIDDEN if os.path.isdir(path) for word in _memory(path, _MIB)),
        *(word for name in _SYSTEM for word in _system(Path("/", name))),
        *(word for path in _ETC for word in ("--ro-bind-try", path, path)),
        *("--proc", "/proc", "--dev", "/dev"),
        *_memory("/dev/shm", _SHARED_MEMORY),
        *_memory("/tmp", _SCRATCH),
    ]


def _system(path: Path) -> Iterator[str]:
    if path.is_symlink():
        yield from ("--symlink", str(path.readlink()), str(path))
    elif path.is_dir():
        yield from ("--ro-bind", str(path), str(path))


def _memory(path: str, size: int) -> Iterator[str]:
    yield from ("--size", str(size), "--tmpfs", path)


@cache
def require() -> None:
    """Raise SetupError, with what to do, if there is no sandbox on this machine."""
    if not shutil.which("bwrap", path=tools.environment()["PATH"]):
        raise SetupError(_MISSING)
    command = Sandbox(Path("/")).command(["true"])
    result = subprocess.run(
        command, capture_output=True, text=True, env=tools.environment(), check=False
    )
    if result.returncode:
        said = tools.printable(result.stderr.strip() or f"status {result.returncode}")
        raise SetupError(f"the sandbox does not work here: {said}; {_ADVICE}")


def run(box: Sandbox, command: list[str], log: Path, what: str) -> None:
    """Run a command in the sandbox with the beginning of its output in ``log``.

    Raises SetupError, with the output's last lines, if it fails or uses too much.
    """
    require()
    log.parent.mkdir(parents=True, exist_ok=True)
    with tools.started(box.command(command), subprocess.PIPE) as process:
        with log.open("wb") as output:
            why = _listen(process, output.write, box.limits)
        if why:
            raise SetupError(f"{what} was ended: {why}; its output is in {log}")
        if process.wait():
            tools.fail(what, log)


def ask(box: Sandbox | None, command: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run a command, in the sandbox if there is one, and return its status and what it said.

    Raises SetupError if it is missing, or still runs after the sandbox's seconds.
    """
    if not shutil.which(command[0], path=tools.environment()["PATH"]):
        raise SetupError(f"{command[0]} is missing: run harness/setup")
    if box:
        require()
    try:
        return subprocess.run(
            box.command(command) if box else command,
            capture_output=True,
            text=True,
            errors="replace",
            env=tools.environment(),
            timeout=box.limits.seconds if box else None,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SetupError(
            f"{command[0]} was ended: it took more than {error.timeout:.0f} s"
        ) from None


def _listen(
    process: subprocess.Popen[bytes], write: Callable[[bytes], object], limits: Limits
) -> str | None:
    """Read a program's output until it ends; say what it used too much of, if it did."""
    assert process.stdout is not None
    begun = time.monotonic()
    looked, kept = begun, 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if selector.select(LOOK):
                data = os.read(process.stdout.fileno(), 1 << 16)
                if not data:
                    return None
                write(data[: _MOST_OUTPUT - kept])
                kept = min(_MOST_OUTPUT, kept + len(data))
            now = time.monotonic()
            if limits.seconds and now - begun > limits.seconds:
                return f"it was still running after {limits.seconds:.0f} s"
            if now - looked > LOOK:
                looked = now
                if why := limits.exceeded(process.pid):
                    return why
