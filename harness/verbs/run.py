"""The verb run: all labs, both sides, one table."""

import importlib
import threading
from argparse import Namespace

from harness.base import side_by_side
from harness.base.paths import LABS
from harness.catalogue import labs
from harness.guest import consoles, prepare
from harness.kernels.request import Request
from harness.reports import kept_reports
from harness.reports.run_report import RunReport
from harness.runs import check_loads


def main(request: Request, args: Namespace) -> int:
    """Run the labs and print the report; return the exit status."""
    chosen = labs.choose(args.lab)
    machine = prepare.machine(request, suites=False)
    _import_while_waiting("rich.console", "rich.markup", "rich.measure", "rich.table")
    checked = check_loads.of_labs(machine, chosen, request.seed, guests=side_by_side.workers())
    console = consoles.keep("run", machine, checked.ending)
    report = RunReport.of(machine, request, checked, console)
    if request.labs == LABS:
        kept_reports.keep_run(request.target, report)
    report.print(args.format)
    return report.status


def _import_while_waiting(*modules: str) -> None:
    """Load slow modules while the guest boots."""

    def load() -> None:
        for module in modules:
            importlib.import_module(module)

    threading.Thread(target=load, daemon=True).start()
