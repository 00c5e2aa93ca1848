"""The verb coverage: which lines and branches of the labs all checks reach together."""

from argparse import Namespace

from harness.catalogue import unreached
from harness.guest import prepare
from harness.kernels.request import Request
from harness.reports.coverage_report import CoverageReport
from harness.results import unreached_lines
from harness.runs import measure_coverage


def main(request: Request, args: Namespace) -> int:
    """Run all that checks the labs, and print what it reached; return the exit status."""
    plan = measure_coverage.choose(args.lab, request.target, request.suites)
    reasons = unreached.read(request.labs)
    machine = prepare.machine(request)
    measured = measure_coverage.measure(machine, plan, request)
    judgement = unreached_lines.judge(measured.files, reasons, request.target.series)
    report = CoverageReport(
        release=machine.kernel.release,
        files=measured.files,
        judgement=judgement,
        skipped=plan.skipped,
        failed=measured.failed,
        output=measured.output,
    )
    (measured.output / "coverage.txt").write_text(report.as_text())
    report.print(args.format)
    return report.status
