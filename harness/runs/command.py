"""A shell in a guest, or one command."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.base import paths
from harness.base.errors import GuestError
from harness.base.progress import say
from harness.guest import consoles, guest
from harness.guest.channel import CommandReader, LineReader
from harness.guest.machine import Machine
from harness.guest.job import Job


def run(machine: Machine, command: str, extra: Path | None, write: Callable[[bytes], None]) -> int:
    """Run a command in a guest, and ``write`` its output; return its exit status.

    Raises GuestError, with the end of the console, if the guest was gone before.
    """
    say(f"booting {machine.kernel.release} ({machine.accel}) for one command")
    job = Job("command", command=command, extra=extra)
    reader = CommandReader(job.nonce)

    def heard(data: bytes) -> bool:
        write(reader.feed(data))
        return reader.status is not None

    with paths.scratch() as directory:
        ending = guest.run(job.give(machine, directory), heard)
    write(reader.rest())
    log = consoles.keep("console", machine, ending)
    if reader.status is None:
        trouble = guest.what_went_wrong(None, ending)
        lines = "\n".join(f"    {line}" for line in ending.last_lines())
        raise GuestError(f"{trouble}; the end of its console (all of it: {log}):\n{lines}")
    return reader.status


def shell(machine: Machine, extra: Path | None) -> int:
    """Give this terminal a shell in a guest; return the shell's exit status.

    Raises GuestError if the guest was gone before.
    """
    say(f"booting {machine.kernel.release} ({machine.accel}); leave with: exit")
    size = shutil.get_terminal_size()
    settings: dict[str, str | int] = {"LAB_COLUMNS": size.columns, "LAB_LINES": size.lines}
    job = Job("shell", settings, extra=extra)
    with paths.scratch() as directory:
        said = guest.run_interactively(job.give(replace(machine, boots=True), directory))
    for line in LineReader(job.nonce).feed(said):
        if line.word == "done" and re.fullmatch(r"\d+", line.rest):
            return int(line.rest)
    raise GuestError("the guest was gone before its shell ended")
