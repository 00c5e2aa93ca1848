"""The verb check: the verdict on a student's workspace, with the points and what to do next."""

from argparse import Namespace
from dataclasses import replace

from harness.base.progress import step
from harness.grading.judge import Judging
from harness.grading.work import Work
from harness.kernels.request import Request
from harness.reports.check_report import CheckReport


def main(request: Request, args: Namespace) -> int:
    """Judge the labs in WORK= and print the report; return the exit status."""
    work = Work.open(args.work)
    chosen = work.choose(args.lab)
    request = replace(request, labs=work.directory)
    judging = Judging(request, chosen)
    judging.look()
    if not args.quick and judging.can_look_further:
        with step("looking further: sanitizers, suites, failing allocations") as progress:
            for name in judging.look_further():
                progress.detail = name
    verdicts = judging.verdicts
    hints = work.progress.hints
    work.remember_marks(verdicts)
    report = CheckReport(work.directory, verdicts, request.seed, hints)
    report.print(args.format)
    return report.status
