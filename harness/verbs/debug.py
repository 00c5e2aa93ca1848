"""The verb debug: gdb on a lab in a running guest."""

import re
import sys
from argparse import Namespace
from dataclasses import replace

from harness.base.errors import RequestError
from harness.catalogue import labs
from harness.catalogue.labs import Lab, Load
from harness.guest import prepare
from harness.kernels.request import Request
from harness.kernels.targets import EMULATED
from harness.runs.debugging import Debugging

# Seconds for the commands of CMD=; a person has no limit.
_COMMANDS_LIMIT = 120.0


def main(request: Request, args: Namespace) -> int:
    """Run gdb until it ends; return the exit status."""
    lab = _one(args.lab)
    if why := lab.why_not(request.target):
        raise RequestError(f"{lab.name} {why}")
    if request.is_strange and not request.target.architecture.qemu:
        raise RequestError(
            f"ARCH={request.target.arch} runs code from elsewhere in a sandbox, where gdb cannot "
            f"reach it: debug it with ARCH={EMULATED}"
        )
    commands = _commands(args.cmd)
    if commands is not None and request.limit is None:
        request = replace(request, limit=_COMMANDS_LIMIT)
    options = ("--only", args.check) if args.check else ()
    machine, built = prepare.machine_and_modules(request)
    if why := built.not_built.get(lab.name):
        raise RequestError(why)
    load = Load(lab, lab.loads[0])
    return Debugging(machine, built, load, request, options, commands).run()


def _one(name: str | None) -> Lab:
    """Return the lab that LAB= names. Raises RequestError unless it is exactly one."""
    chosen = labs.choose(name)
    if not name or len(chosen) != 1:
        known = ", ".join(lab.name for lab in labs.all_labs())
        raise RequestError(f"LAB= must name one lab to debug: choose one of {known}")
    return chosen[0]


def _commands(text: str | None) -> list[str] | None:
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
