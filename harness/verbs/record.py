"""The verb record: a lab's check program, in a run that can come again."""

from argparse import Namespace

from harness.kernels.request import Request
from harness.runs import debugging, rewinding


def main(request: Request, args: Namespace) -> int:
    """Run the check program, and keep the run; return the exit status."""
    rewinding.require_emulated(request)
    return rewinding.record(debugging.session(request, args.lab, args.check, []))
