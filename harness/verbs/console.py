"""The verb console: a shell in the guest, or one command."""

import os
import re
import shutil
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from harness.base import paths
from harness.guest import guest, prepare
from harness.guest.channel import CommandReader, LineReader, new_nonce
from harness.base.errors import GuestError, RequestError
from harness.guest.machine import Machine
from harness.build.initramfs import Job
from harness.base.paths import BUILD
from harness.base.progress import say
from harness.kernels.request import Request
from harness.kernels.targets import Target

# Seconds for a command; a person at a shell has no limit.
_COMMAND_LIMIT = 600.0


def main(request: Request, args: Namespace) -> int:
    """Give a shell, or run one command; return the command's exit status."""
    extra = _extra(args.extra)
    command = _command_text(args.cmd)
    limit = request.limit or (None if command is None else _COMMAND_LIMIT)
    machine = prepare.machine(replace(request, limit=limit))
    with paths.scratch() as directory:
        if command is None:
            return _shell(machine, request.target, extra, directory)
        return _command(machine, request.target, extra, directory, command)


def _extra(name: str | None) -> Path | None:
    if not name:
        return None
    path = Path(name).resolve()
    if not path.is_dir():
        raise RequestError(f"EXTRA={name} is not a directory (looked for {path})")
    return path


def _command_text(given: str | None) -> str | None:
    """Return the command: the option, or what stands on a standard input that is no terminal."""
    if given is not None:
        return given
    if sys.stdin is None:
        raise RequestError("standard input is closed: use --cmd for a command")
    return None if sys.stdin.isatty() else sys.stdin.read()


def _environment(nonce: str, verb: str, wanted: Target) -> str:
    size = shutil.get_terminal_size()
    return (
        f"NONCE={nonce}\nVERB={verb}\nKERNEL={wanted.series}\nARCH={wanted.arch}\n"
        f"LAB_COLUMNS={size.columns}\nLAB_LINES={size.lines}\n"
    )


def _command(
    machine: Machine, wanted: Target, extra: Path | None, directory: Path, command: str
) -> int:
    say(f"booting {machine.kernel.release} ({machine.accel}) for one command")
    nonce = new_nonce()
    reader = CommandReader(nonce)
    job = Job({"env": _environment(nonce, "command", wanted), "command": command + "\n"}, extra)

    def heard(data: bytes) -> bool:
        os.write(sys.stdout.fileno(), reader.feed(data))
        return reader.status is not None

    ready = replace(machine, initrd=job.append_to(machine.initrd, directory))
    ending = guest.run(ready, heard)
    os.write(sys.stdout.fileno(), reader.rest())
    log = BUILD / "console.log"
    log.write_bytes(ending.console)
    if reader.status is None:
        trouble = guest.what_went_wrong(None, ending, machine.limit)
        lines = "\n".join(f"    {line}" for line in ending.last_lines())
        raise GuestError(f"{trouble}; the end of its console (all of it: {log}):\n{lines}")
    return reader.status


def _shell(machine: Machine, wanted: Target, extra: Path | None, directory: Path) -> int:
    nonce = new_nonce()
    job = Job({"env": _environment(nonce, "shell", wanted)}, extra)
    say(f"booting {machine.kernel.release} ({machine.accel}); leave with: exit")
    ready = replace(machine, initrd=job.append_to(machine.initrd, directory))
    lines = LineReader(nonce).feed(guest.run_interactively(ready))
    for line in lines:
        if line.word == "done" and re.fullmatch(r"\d+", line.rest):
            return int(line.rest)
    raise GuestError("the guest was gone before its shell ended")
