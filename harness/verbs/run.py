"""The verb run: all labs, both sides, one table."""

import importlib
import threading
from argparse import Namespace

from harness.catalogue import labs
from harness.guest import prepare
from harness.results import load_results
from harness.runs import checks
from harness.guest.channel import Files
from harness.runs.checks import Checked, Order
from harness.base.errors import GUEST_BROKEN
from harness.guest.machine import Machine
from harness.catalogue.labs import Lab, Load
from harness.base.paths import BUILD
from harness.base.progress import Step, step
from harness.reports.run_report import RunReport
from harness.results.load_results import Collector, LoadResult, Verdict
from harness.kernels.request import Request


def main(request: Request, args: Namespace) -> int:
    """Run the labs and print the report; return the exit status."""
    chosen = labs.choose(args.lab)
    report = run(prepare.machine(request), chosen, request.seed)
    report.print(args.format)
    return report.status


def _skip(load: Load, reason: str) -> LoadResult:
    return LoadResult(load, problems=[f"skipped: {reason}"], verdict=Verdict.SKIPPED)


def run(machine: Machine, chosen: list[Lab], seed: int, files: Files | None = None) -> RunReport:
    """Check labs in a guest; report on each of their loads.

    With ``files`` the guest also sends what gcov has counted.
    """
    loads = [Load(lab, parameters) for lab in chosen for parameters in lab.loads]
    wanted = machine.kernel.target
    skipped = [_skip(load, reason) for load in loads if (reason := load.lab.why_not(wanted))]
    loads = [load for load in loads if not load.lab.why_not(wanted)]
    _import_while_waiting("rich.console", "rich.markup", "rich.measure", "rich.table")
    loads_text = f"{len(loads)} load{'' if len(loads) == 1 else 's'}"
    text = f"running {loads_text} on {machine.kernel.release} ({machine.accel})"
    with step(text) as progress:
        checked = checks.run(
            machine, Order(loads, seed), files, lambda collector: _show(progress, collector)
        )
    return _report(machine, seed, checked, skipped)


def _show(progress: Step, collector: Collector) -> None:
    if collector.results:
        progress.detail = f"{len(collector.results)}: {collector.results[-1].load}"


def _import_while_waiting(*modules: str) -> None:
    """Load slow modules while the guest boots."""

    def load() -> None:
        for module in modules:
            importlib.import_module(module)

    threading.Thread(target=load, daemon=True).start()


def _report(machine: Machine, seed: int, checked: Checked, skipped: list[LoadResult]) -> RunReport:
    outcome = checked.results + skipped
    trouble = checked.trouble
    log = BUILD / "console.log"
    log.write_bytes(checked.ending.console)
    return RunReport(
        release=machine.kernel.release,
        arch=machine.kernel.target.arch,
        accel=machine.accel,
        seed=seed,
        seconds=checked.ending.seconds,
        results=outcome,
        trouble=f"{trouble}; the end of its console (all of it: {log})" if trouble else None,
        last_lines=checked.ending.last_lines() if trouble else [],
        status=GUEST_BROKEN if trouble else load_results.worst(outcome),
    )
