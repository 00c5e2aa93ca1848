"""The verb bench: how long things take, warm runs against a bare boot among them."""

from argparse import Namespace

from harness.base import tools
from harness.kernels.request import Request
from harness.reports import speed_report
from harness.runs import measure_speed, memory_types


def main(request: Request, args: Namespace) -> int:
    """Measure, print a table of Markdown, and write it if asked to; return the exit status."""
    if args.types:
        return _types(request, args.types)
    lines = speed_report.heading(measure_speed.releases(request.target))
    print("\n".join(lines), flush=True)
    for row in measure_speed.measure(request.target, args.rounds, args.thorough):
        lines.append(speed_report.line(row))
        print(lines[-1], flush=True)
    if args.write:
        speed_report.write(lines)
    return 0


def _types(request: Request, where: str) -> int:
    """Measure each memory type instead; print a table, and return the exit status."""
    if where == "here":
        return memory_types.here()
    return memory_types.in_guest(request, _write)


def _write(data: bytes) -> None:
    print(tools.printable(str(data, errors="replace")), end="", flush=True)
