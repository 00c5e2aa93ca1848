"""The verb show: a lab's mapping as a picture, step by step."""

from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from harness.base.errors import RequestError
from harness.catalogue import labs
from harness.catalogue.labs import Lab
from harness.kernels.request import Request
from harness.reports import picture_files
from harness.reports.show_report import ShowReport
from harness.results.steps import TITLES, MappingLives
from harness.runs import mapping_lives


def main(request: Request, args: Namespace) -> int:
    """Show the labs that were asked for; return the exit status."""
    if args.step not in (None, *TITLES):
        raise RequestError(f"STEP={args.step} is unknown: choose one of {', '.join(TITLES)}")
    chosen = labs.choose(args.lab)
    _refuse_what_cannot_be_shown(request, chosen)
    lives = _of_labs(picture_files.of_target(request, args.seed), chosen)
    _refuse_missing_page(lives, args.page)
    directory = Path(args.out).resolve() if args.out else mapping_lives.directory_of(request)
    report = ShowReport(lives, args.step, args.page, directory)
    report.print(args.format)
    return report.status


def _refuse_what_cannot_be_shown(request: Request, chosen: list[Lab]) -> None:
    """Raise RequestError if there is no picture of any of these labs, with the reasons."""
    reasons = {lab.name: mapping_lives.why_not(lab, request) for lab in chosen}
    if all(reasons.values()):
        said = "; ".join(f"{name} {why}" for name, why in reasons.items())
        raise RequestError(f"there is no picture on {request.target}: {said}")


def _of_labs(lives: MappingLives, chosen: list[Lab]) -> MappingLives:
    """Return what is of some labs only."""
    names = [lab.name for lab in chosen]
    return replace(
        lives,
        labs=tuple(life for life in lives.labs if life.lab in names),
        skipped={name: why for name, why in lives.skipped.items() if name in names},
    )


def _refuse_missing_page(lives: MappingLives, page: int | None) -> None:
    for life in lives.labs:
        pages = len(life.steps[0].pages)
        if page is not None and page >= pages:
            raise RequestError(f"PAGE={page}: {life.lab} has pages 0 to {pages - 1} here")
