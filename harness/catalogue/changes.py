"""The changes that lessons propose, each a patch with the verdict that it must get.

    labs/02_pages/changes/linear-map-without-kaslr.patch

        What: an address that is right without KASLR
        Fails: kernel_addresses_hold_the_contents

        --- a/lab_pages.c
        ...

An item below "Things to change" in a lesson has a link to its patch. ``Fails`` are all
checks of the lab's program that fail, of a run as `make run` does it; or ``nothing``, or
``the build``. They fail in the load of ``Load``, and none in the others; without it they
fail in each. ``On`` is an architecture, by default um. Where a change is one of
the mistakes, the mistake's patch has a ``Fails``, too, and ``Shown`` if the lesson shows it
on another architecture.

What a lesson quotes of the report on a change stands in blocks of kind report, within the item.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import SetupError
from harness.base.paths import LABS, ROOT
from harness.catalogue import contract, labs, mistakes, patches
from harness.catalogue.labs import Lab
from harness.catalogue.pages import Block, Page
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import ARCHES, KUNIT_ARCH, NEWEST_NAME

_KEYS = ("What", "Fails", "Load", "On")
_HEADING = "Things to change"
_NOTHING = "nothing"
_BUILD = "the build"

_LINK = re.compile(r"\]\(([^)\s]+\.patch)\)")
# A check in the text, and one in what it quotes of a report.
_NAME = re.compile(r"`(\w+)`|^\s*(\w+) failed$", re.MULTILINE)
_COUNT = re.compile(r"\b(\d+)\s+checks\s+fail\b")
_ALL_PASS = re.compile(r"\b[Aa]ll\s+checks\s+pass\b")
_NO_BUILD = re.compile(r"\bdoes\s+not\s+build\b")


@dataclass(frozen=True)
class Change:
    """A change that a lesson proposes: where, its patch, and what must come of it.

    ``fails`` are the checks that fail, None if the module does not build. ``load`` are the
    parameters that they fail with, None if that is each load. ``text`` is the lesson's,
    and ``quotes`` what it quotes of a report.
    """

    page: Path
    line: int
    patch: Path
    lab: Lab
    arch: str
    fails: frozenset[str] | None
    load: tuple[str, ...] | None
    text: str
    quotes: tuple[Block, ...]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {patches.name_of(self.patch)}"

    @property
    def series(self) -> str:
        """The series that it is shown on: the default, where the lab runs on all."""
        return NEWEST_NAME if self.lab.since else DEFAULT_SERIES

    def fails_with(self, parameters: tuple[str, ...]) -> frozenset[str]:
        """Return the checks that fail in a load."""
        return self.fails or frozenset() if self.load in (None, parameters) else frozenset()

    def faults(self) -> list[str]:
        """Return where the lesson says something else than the header of the patch."""
        known = {check for clause in contract.read() for check in clause.checks}
        named = {one or other for one, other in _NAME.findall(self.text)} & known
        fails = self.fails or frozenset()
        found = [f"{self} does not have {name} in Fails:" for name in sorted(named - fails)]
        if count := _COUNT.search(self.text):
            if int(count[1]) != len(fails):
                found.append(f"{self} has {len(fails)} checks in Fails:, not {count[1]}")
        else:
            found += [f"{self}: the lesson leaves out {name}" for name in sorted(fails - named)]
        if self.fails is None and not _NO_BUILD.search(self.text):
            found.append(f"{self}: the lesson does not say that it does not build")
        if self.fails == frozenset() and not _ALL_PASS.search(self.text):
            found.append(f"{self}: the lesson does not say that all checks pass")
        target = f"{self.arch}-{self.series}"
        return found + [f"{one} is of {target}" for one in self.quotes if one.target != target]


def of_lesson(page: Page) -> list[Change]:
    """Return the changes that a lesson proposes, in its order; a page has none.

    Raises SetupError for an item without a patch, and for a header that makes no sense.
    """
    lab = next((lab for lab in labs.all_labs() if lab.directory == page.path.parent), None)
    return [_read(page, lab, *lines) for lines in _items(page.path)] if lab else []


def _items(path: Path) -> Iterator[tuple[int, int]]:
    """Yield the first line, from 1, and the last one of each item below the heading."""
    from markdown_it import MarkdownIt

    inside, heading = False, False
    for token in MarkdownIt("commonmark").parse(path.read_text()):
        if token.type == "inline" and heading:
            inside = token.content == _HEADING
        heading = token.type == "heading_open"
        if inside and token.type == "list_item_open" and token.level == 1 and token.map:
            yield token.map[0] + 1, token.map[1]


def _read(page: Page, lab: Lab, first: int, last: int) -> Change:
    text = "\n".join(page.path.read_text().splitlines()[first - 1 : last])
    links = _LINK.findall(text)
    if len(links) != 1:
        raise SetupError(f"{page}:{first}: needs a link to the patch of this change, and no other")
    patch = (page.path.parent / links[0]).resolve()
    is_mistake = patch.parent.name == "mistakes"
    keys = mistakes.KEYS if is_mistake else _KEYS
    header = patches.header(patch, keys, ("What", "Fails"))
    arch = header.get("Shown") or header.get("On", KUNIT_ARCH)
    if arch not in ARCHES:
        raise SetupError(f"{patch}: runs on {' or '.join(ARCHES)}")
    load = tuple(header["Load"].split()) if "Load" in header else None
    if load and load not in lab.loads:
        raise SetupError(f"{patch}: Load: must be one of the loads in lab.toml")
    return Change(
        page=page.path,
        line=first,
        patch=patch,
        lab=lab,
        arch=arch,
        fails=_checks(header["Fails"]),
        load=load,
        text=text,
        quotes=tuple(
            one for one in page.blocks if one.kind == "report" and first <= one.line <= last
        ),
    )


def _checks(text: str) -> frozenset[str] | None:
    if text == _BUILD:
        return None
    return frozenset() if text == _NOTHING else frozenset(text.replace(",", " ").split())


def patches_with_a_verdict() -> set[Path]:
    """Return the patches that a lesson must propose."""
    found = [*LABS.glob("*/changes/*.patch"), *LABS.glob("*/mistakes/*.patch")]
    return {path for path in found if "\nFails: " in path.read_text().partition("\n\n")[0]}
