"""Real boots: a reader who types what a page shows gets what it shows."""

import pytest

from harness.base.errors import SetupError
from harness.base.paths import ROOT
from harness.catalogue import pages
from harness.guest import prepare
from harness.kernels.request import Request
from harness.kernels.targets import target
from harness.tests.conftest import Kmaplab

pytestmark = pytest.mark.boot

NAMES = [str(page) for page in pages.all_pages() if any(block.is_run for block in page.blocks)]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_shows_what_its_commands_print(kmaplab: Kmaplab, name: str) -> None:
    for wanted in {block.target for block in pages.read(ROOT / name).blocks if block.is_run}:
        try:
            prepare.kernel(Request(target(*pages.series_and_arch(wanted) or ("", ""))))
        except SetupError as error:
            if "does not build" in str(error):
                raise
            pytest.skip(str(error))
    kmaplab("pages", name).expect(0)
