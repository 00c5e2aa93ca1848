"""Terminals: a program in one of its own, as a person would see it, and this process's own."""

import os
import pty
import re
import select
import selectors
import subprocess
import sys
import termios
import time
from pathlib import Path

from harness.base import tools
from harness.base.errors import SetupError

_ROWS = 24
# What moves the cursor or sets colours.
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# What a line showed before it was drawn anew.
_DRAWN_OVER = re.compile(r"^.*\r(?!\n)", re.MULTILINE)


def run(
    command: str, environment: dict[str, str], cwd: Path, limit: float, columns: int = 80
) -> tuple[int, str]:
    """Run a shell command; return its exit status, and what the terminal shows at the end.

    There is nothing on its standard input. Raises SetupError if it takes longer than
    ``limit`` seconds of wall time.
    """
    ours, its = pty.openpty()
    termios.tcsetwinsize(its, (_ROWS, columns))
    process = subprocess.Popen(
        ["sh", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
        env=environment,
        cwd=cwd,
        start_new_session=True,
    )
    os.close(its)
    try:
        said = _read(ours, time.monotonic() + limit)
        return process.wait(), screen(said.decode(errors="replace"))
    except TimeoutError as error:
        raise SetupError(f"'{command}' takes longer than {limit:.0f} s") from error
    finally:
        os.close(ours)
        tools.kill_group(process)


def relay(to: int, source: int) -> None:
    """Carry what is typed here to a file, and what comes from a file here, until an end closes."""
    ways = {sys.stdin.fileno(): to, source: sys.stdout.fileno()}
    with selectors.DefaultSelector() as selector:
        for file in ways:
            selector.register(file, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                try:
                    data = os.read(key.fd, 1 << 16)
                    if not data:
                        return
                    os.write(ways[key.fd], data)
                except OSError:  # nobody has the other end open any more
                    return


def _read(terminal: int, deadline: float) -> bytes:
    """Return all output until no process has the terminal open."""
    said = b""
    while (left := deadline - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                data = os.read(terminal, 1 << 16)
            except OSError:  # Linux has EIO for the end of a terminal.
                return said
            said += data
    raise TimeoutError


def screen(said: str) -> str:
    """Return the lines that are left when all that was drawn over is gone."""
    return _CONTROL.sub("", _DRAWN_OVER.sub("", said)).replace("\r\n", "\n")
