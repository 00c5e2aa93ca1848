"""The verb kunit: the KUnit suites in user-mode Linux, with the sanitizers on."""

from argparse import Namespace

from harness.base.paths import BUILD
from harness.base.progress import say
from harness.catalogue import suites
from harness.guest import consoles, prepare
from harness.guest.machine import Machine
from harness.kernels.request import Request
from harness.reports import junit, kunit_report
from harness.reports.kunit_report import Printer
from harness.runs import run_suites
from harness.runs.run_suites import SuitesRun


def main(request: Request, args: Namespace) -> int:
    """Run the suites and print kunit.py's report; return the exit status."""
    chosen = suites.choose(args.lab, request.suites)
    machine = prepare.machine(request)
    home = machine.kernel.root
    output = BUILD / "kunit" / f"{request.target}-{home.name}"
    printer = Printer(home.parent / "source", output)
    try:
        ran = run_suites.run(machine, chosen, request.seed)
        if args.format == "junit":
            print(junit.as_xml("kmaplab kunit", kunit_report.as_junit(ran.results)))
        else:
            printer.show(kunit_report.as_ktap(ran.results), args.format)
        if args.format == "text":
            # At the end, for what kunit.py prints before is more than a screen.
            for line in kunit_report.verdicts(ran.results, request.labs):
                print(line)
    finally:
        printer.stop()
    _tell(machine, ran)
    return ran.status


def _tell(machine: Machine, ran: SuitesRun) -> None:
    """Say what kunit.py's form has no place for, and keep the console."""
    for result in ran.results:
        if result.skipped is not None:
            say(f"{result.name} skipped: {result.skipped}")
        if result.trouble:
            say(f"{result.name}: {result.trouble}")
    if not ran.ending:
        return
    console = consoles.keep("kunit", machine, ran.ending)
    if ran.trouble:
        say(f"{ran.trouble}; the end of its console (all of it: {console})")
        for line in ran.ending.last_lines():
            say(f"    {line}")
