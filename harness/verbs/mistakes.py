"""The verb mistakes: each wrong version of a lab must be caught by the clause it names."""

from argparse import Namespace

from harness.base.paths import LABS
from harness.catalogue import mistakes
from harness.kernels.request import Request
from harness.reports import kept_reports
from harness.reports.mistakes_report import MistakesReport
from harness.runs import try_mistakes


def main(request: Request, args: Namespace) -> int:
    """Show that each mistake is caught, and print by what; return the exit status."""
    chosen = mistakes.choose(args.lab, args.clause, args.only, request.labs)
    series = request.target.series
    able = [one for one in chosen if not one.why_not(series)]
    able = mistakes.sample(able, args.sample, request.seed)
    results, seconds = try_mistakes.try_all(request, able, args.alone)
    report = MistakesReport(
        series=series,
        seed=request.seed,
        seconds=seconds,
        results=results,
        skipped={one.name: reason for one in chosen if (reason := one.why_not(series))},
    )
    if request.labs == LABS:
        kept_reports.keep_mistakes(series, results)
    report.print(args.format)
    return report.status
