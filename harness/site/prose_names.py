"""The functions that pages in Markdown name: each must be somewhere, or be known to be nowhere."""

import re
from collections.abc import Iterator

from harness.base.paths import ROOT
from harness.catalogue import labs
from harness.catalogue.pages import Page
from harness.site.uses import Lookup

# Functions that prose names though nothing defines them, and why.
NOWHERE = {
    "__ioremap": "of old kernels; ioremap_cache() and others took its place",
    "io_p2v": "of kernels for one board; ioremap() took its place",
    "io_v2p": "the way back from io_p2v()",
    "get_rtc_time": "of an article: the driver of a clock, before rtc_class_ops",
    "get_free_page": "of old kernels; get_zeroed_page() took its place",
    "mem_map_reserve": "of Linux 2.4; nothing took its place",
    "mem_module_exit": "of an article's demonstration",
    "mem_module_init": "of an article's demonstration",
    "nopage": "of old kernels; the operation fault took its place",
    "nopfn": "of old kernels; vmf_insert_pfn() took its place",
    "python": "a word of Coccinelle's rules",
    "remap_page_range": "of old kernels; remap_pfn_range() took its place",
    "simple_nopage": "an example of Linux Device Drivers",
    "simple_vma_close": "an example of Linux Device Drivers",
    "simple_vma_open": "an example of Linux Device Drivers",
    "SetPageReserved": "the kernel's macro PAGEFLAG() makes it of parts",
}
# A name of which this part stands for any lab's.
_ANY_LAB = "NAME"
# A function, but not a method of another language.
_FUNCTION = re.compile(r"(?<!\w\.)\b([A-Za-z_]\w*)\(\)")


def wrong(page: Page, lookup: Lookup) -> Iterator[str]:
    """Yield, with page and line, each name of a function that is nowhere.

    Blocks are left out: what they show is run, or is text that someone else has written.
    """
    fenced = {
        number
        for block in page.blocks
        for number in range(block.line, block.line + len(block.lines) + 2)
    }
    for number, line in enumerate(page.path.read_text().splitlines(), 1):
        for name in _FUNCTION.findall(line) if number not in fenced else ():
            if all(lookup.is_gone(one) for one in _meant(name)):
                where = f"{page.path.relative_to(ROOT)}:{number}"
                yield f"{where}: the text names {name}(), which is not there"


def _meant(name: str) -> list[str]:
    """Return the names that one stands for: itself, unless it is of any lab."""
    if _ANY_LAB not in name:
        return [name]
    return [name.replace(_ANY_LAB, lab.name.removeprefix("lab_")) for lab in labs.all_labs()]
