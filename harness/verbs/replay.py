"""The verb replay: a recorded run comes again, under gdb."""

from argparse import Namespace

from harness.kernels.request import Request
from harness.runs import debugging, rewinding


def main(request: Request, args: Namespace) -> int:
    """Run gdb until it ends; return the exit status."""
    rewinding.require_emulated(request)
    commands = debugging.commands_of(args.cmd)
    return rewinding.replay(debugging.session(request, args.lab, None, commands))
