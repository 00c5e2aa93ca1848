"""The verb bench: how long things take, warm runs against a bare boot among them."""

from argparse import Namespace

from harness.kernels.request import Request
from harness.reports import speed_report
from harness.runs import measure_speed


def main(request: Request, args: Namespace) -> int:
    """Measure, print a table of Markdown, and write it if asked to; return the exit status."""
    lines = speed_report.heading(measure_speed.releases(request.target))
    print("\n".join(lines), flush=True)
    for row in measure_speed.measure(request.target, args.rounds, args.thorough):
        lines.append(speed_report.line(row))
        print(lines[-1], flush=True)
    if args.write:
        speed_report.write(lines)
    return 0
