"""The verb console: a shell in the guest, or one command."""

import os
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from harness.base.errors import RequestError
from harness.guest import prepare
from harness.kernels.request import Request
from harness.runs import command as in_guest

# Seconds for a command; a person at a shell has no limit.
_COMMAND_LIMIT = 600.0


def main(request: Request, args: Namespace) -> int:
    """Give a shell, or run one command; return the command's exit status."""
    extra = _extra(args.extra)
    command = _command_text(args.cmd)
    limit = request.limit or (None if command is None else _COMMAND_LIMIT)
    machine = prepare.machine(replace(request, limit=limit))
    if command is None:
        return in_guest.shell(machine, extra)
    return in_guest.run(machine, command, extra, _write)


def _write(data: bytes) -> None:
    """Pass bytes on to standard output as they are."""
    while data:
        data = data[os.write(sys.stdout.fileno(), data) :]


def _extra(name: str | None) -> Path | None:
    if not name:
        return None
    path = Path(name).resolve()
    if not path.is_dir():
        raise RequestError(f"EXTRA={name} is not a directory (looked for {path})")
    return path


def _command_text(given: str | None) -> str | None:
    """Return the command: the option, or what is on standard input if that is not a terminal."""
    if given is not None:
        return given
    if sys.stdin is None:
        raise RequestError("standard input is closed: use --cmd for a command")
    return None if sys.stdin.isatty() else sys.stdin.read()
