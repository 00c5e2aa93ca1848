"""The verb pages: what the pages show must be what a reader gets."""

from argparse import Namespace
from pathlib import Path

from harness.base.errors import CHECK_FAILED, OK, RequestError, SetupError
from harness.base.paths import ROOT
from harness.base.progress import step
from harness.catalogue import pages
from harness.catalogue.pages import Page
from harness.runs import page_runs


def main(args: Namespace) -> int:
    """Run the transcripts of some pages and compare, or write them anew."""
    status = OK
    for page in _choose(args.page):
        if faults := page.faults():
            raise SetupError("\n".join(faults))
        with step(f"running the commands of {page}"):
            ran = page_runs.run(page)
        differences = [difference for one in ran for difference in one.differences()]
        for difference in differences:
            print(difference, flush=True)
        if differences and args.write:
            page_runs.refresh(page, ran)
        elif differences:
            status = CHECK_FAILED
    return status


def _choose(names: list[str]) -> list[Page]:
    known = {page.path: page for page in pages.all_pages()}
    wanted = [Path(name).resolve() for name in names]
    for path in wanted:
        if path not in known:
            every = ", ".join(str(path.relative_to(ROOT)) for path in known)
            raise RequestError(f"{path} is not a page: choose from {every}")
    return [page for path, page in known.items() if path in wanted or not wanted]
