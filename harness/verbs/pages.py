"""The verb pages: what the pages show must be what a reader gets."""

from argparse import Namespace
from pathlib import Path

from harness.base.errors import CHECK_FAILED, OK, RequestError, SetupError
from harness.base.paths import ROOT
from harness.base.progress import step
from harness.catalogue import changes, pages
from harness.catalogue.pages import Page
from harness.kernels.request import Request
from harness.kernels.targets import KUNIT_ARCH, target
from harness.runs import page_runs, try_changes
from harness.site import markdown


def main(args: Namespace) -> int:
    """Run what some pages show, and compare or write it anew; return the exit status."""
    wrong = False
    for page in _choose(args.page):
        if faults := page.faults():
            raise SetupError("\n".join(faults))
        for complaint in [*_transcripts(page, args.write), *_changes(page, args.write)]:
            print(complaint, flush=True)
            wrong = True
    return CHECK_FAILED if wrong else OK


def _transcripts(page: Page, write: bool) -> list[str]:
    """Return where the transcripts of a page are not what came; none, if they are written."""
    with step(f"running the commands of {page}"):
        ran = page_runs.run(page)
    markdown.keep(page, [one.block for one in ran if not one.differences()])
    differences = [str(difference) for one in ran for difference in one.differences()]
    if write and differences:
        page_runs.refresh(page, ran)
        return []
    return differences


def _changes(page: Page, write: bool) -> list[str]:
    """Return where the changes of a lesson do not get their verdict.

    With ``write`` checks that fail are written into the patch where none were foretold.
    """
    proposed = changes.of_lesson(page)
    if not proposed:
        return []
    request = Request(target(proposed[0].series, KUNIT_ARCH))
    complaints = []
    for result in try_changes.try_all(request, proposed):
        fresh = result.other_checks() if write else None
        if fresh is None:
            complaints += result.complaints()
        else:
            changes.rewrite(result.change, fresh)
    for change in changes.of_lesson(page) if write else ():
        changes.count_again(change)
    return [*complaints, *(fault for one in changes.of_lesson(page) for fault in one.faults())]


def _choose(names: list[str]) -> list[Page]:
    known = {page.path: page for page in pages.all_pages()}
    wanted = [Path(name).resolve() for name in names]
    for path in wanted:
        if path not in known:
            every = ", ".join(str(path.relative_to(ROOT)) for path in known)
            raise RequestError(f"{path} is not a page: choose from {every}")
    return [page for path, page in known.items() if path in wanted or not wanted]
