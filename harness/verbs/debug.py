"""The verb debug: gdb on a lab in a running guest."""

from argparse import Namespace

from harness.kernels.request import Request
from harness.runs import debugging


def main(request: Request, args: Namespace) -> int:
    """Run gdb until it ends; return the exit status."""
    commands = debugging.commands_of(args.cmd)
    return debugging.session(request, args.lab, args.check, commands).run()
