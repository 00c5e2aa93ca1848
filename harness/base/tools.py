"""Running other programs, in an environment of our own."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn

from harness.base import ending
from harness.base.errors import SetupError
from harness.base.paths import BUILD

# What a caller's environment may change in the programs that we run. All else
# is left out: make, for one, passes KERNEL= and ARCH= on to every make below
# it, where ARCH means something else.
_KEPT = ("PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "TERM")


# How many of a compiler's errors are shown.
_MOST_ERRORS = 5


def environment() -> dict[str, str]:
    """Return the environment for other programs; their messages are English."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept.setdefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    # depmod and others live where an ordinary user's PATH does not look.
    return kept | {"PATH": f"{kept['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C"}


def run(command: list[str | Path], log: Path, what: str, cwd: Path | None = None) -> None:
    """Run a command with its output in ``log``.

    Raises SetupError, with the output's last lines, if it fails or is missing.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output, started(command, output, cwd) as process:
        status = process.wait()
    if status:
        fail(what, log)


def fail(what: str, log: Path) -> NoReturn:
    """Raise SetupError for a program that failed, with the last lines of its output."""
    if b"No space left on device" in log.read_bytes():
        raise SetupError(f"{what} failed: the disk is full: make room for {BUILD}")
    raise SetupError(f"{what} failed; the whole output is in {log}:\n{last_lines(log)}")


@contextmanager
def started(
    command: Sequence[str | Path], output: IO[bytes] | int, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program; neither it nor what it starts outlives the block.

    Its output goes to a file, or with subprocess.PIPE to its ``stdout``.
    Raises SetupError if it is missing, and SystemExit where the work that it is a part of is
    over.
    """
    ending.stop_if_over()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment(),
            cwd=cwd,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise SetupError(f"{command[0]} is missing: run harness/setup") from error
    try:
        with ending.waiting_for(process):
            yield process
    finally:
        kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a program that leads a session, and everything that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def last_lines(path: Path, count: int = 25) -> str:
    """Return the end of a text file, indented; before it what a compiler found wrong.

    Where several compilers run side by side, the others go on for a while.
    """
    lines = path.read_text(errors="replace").splitlines()
    end = lines[-count:]
    errors = [line for line in lines[:-count] if " error: " in line][:_MOST_ERRORS]
    gap = ["..."] if errors else []
    return "\n".join(f"    {printable(line)}" for line in [*errors, *gap, *end])


def printable(text: str) -> str:
    """Return text from a guest or a program without what drives a terminal."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text)
