"""The changes that lessons propose, each a patch with the verdict that it must get.

    labs/02_pages/changes/page-offset-without-kaslr.patch

        What: the offset of the linear map as it is without KASLR
        Fails: kernel_addresses_hold_the_contents
        On: x86_64

        --- a/lab_pages.c
        ...

An item below "Things to change" in a lesson has a link to its patch. ``Fails`` are the
checks that fail when the lab is run as `make run` does it, and no others; or ``nothing``,
``every check``, or ``the build``. They fail in the load of ``Load`` and none in the others;
without it they fail in each. (Where lab.toml has no such load, it is the only one that is
run.) ``On`` is an architecture, by default um.

Where a change is one of the mistakes, the mistake's patch has a ``Fails``, too, and
``Shown`` if the lesson shows it on another architecture.

What a lesson quotes of the report on a change stands in blocks of kind report, within the
item.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import SetupError
from harness.base.paths import LABS, ROOT
from harness.catalogue import contract, labs, mistakes, patches
from harness.catalogue.labs import Lab, Load
from harness.catalogue.pages import Block, Page
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import ARCHES, KUNIT_ARCH, NEWEST_NAME, Target

_KEYS = ("What", "Fails", "Load", "On")
_HEADING = "Things to change"
_NOTHING, _EVERYTHING, _BUILD = "nothing", "every check", "the build"

_LINK = re.compile(r"\]\(([^)\s]+\.patch)\)")
# A check in the text, and one in what it quotes of a report.
_NAME = re.compile(r"`(\w+)`|^\s*(\w+) failed$", re.MULTILINE)
_COUNT = re.compile(r"\b(\d+)\s+checks\s+fail\b")
# What the lesson must say of a verdict that names no check.
_SAID = {
    _NOTHING: re.compile(r"\ball\s+checks\s+pass\b", re.IGNORECASE),
    _EVERYTHING: re.compile(r"\bevery\s+check\s+fails\b|\bno\s+check\s+passes\b", re.IGNORECASE),
    _BUILD: re.compile(r"\bdoes\s+not\s+build\b"),
    contract.REPORTS: re.compile(r"\bkernel\s+warn"),
}


@dataclass(frozen=True)
class Forecast:
    """What becomes of a change: ``checks`` fail, or all do, or the module does not build."""

    text: str

    @property
    def builds(self) -> bool:
        """Whether the module builds."""
        return self.text != _BUILD

    @property
    def names_checks(self) -> bool:
        """Whether some checks fail, or none."""
        return self.text not in (_EVERYTHING, _BUILD)

    @property
    def checks(self) -> frozenset[str]:
        """The checks that fail, where they are named."""
        names = () if self.text in _SAID else self.text.replace(",", " ").split()
        return frozenset(names)

    def of(self, checks: frozenset[str]) -> frozenset[str]:
        """Return which checks of a load fail, of all that it has."""
        return checks if self.text == _EVERYTHING else self.checks


@dataclass(frozen=True)
class Change:
    """A change that a lesson proposes: where, its patch, and what must come of it.

    ``load`` are the parameters that checks fail with, None if that is each load of the lab.
    ``text`` is the lesson's, and ``quotes`` what it quotes of a report.
    """

    page: Path
    line: int
    patch: Path
    lab: Lab
    arch: str
    forecast: Forecast
    load: tuple[str, ...] | None
    text: str
    quotes: tuple[Block, ...]

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}: {patches.name_of(self.patch)}"

    @property
    def series(self) -> str:
        """The series that it is shown on: the default, where the lab runs on all."""
        return NEWEST_NAME if self.lab.since else DEFAULT_SERIES

    @property
    def loads(self) -> list[Load]:
        """The loads that it is tried with."""
        known = self.load is None or self.load in self.lab.loads
        if not known:
            return [Load(self.lab, self.load or ())]
        first = self.lab.since.series if self.lab.since else DEFAULT_SERIES
        return self.lab.loads_on(Target(first, self.arch))

    def fails_in(self, load: Load, checks: frozenset[str]) -> frozenset[str]:
        """Return which checks of a load must fail, of all that it has."""
        return self.forecast.of(checks) if self.concerns(load) else frozenset()

    def concerns(self, load: Load) -> bool:
        """Whether checks fail in a load."""
        return self.load in (None, load.parameters)

    def faults(self) -> list[str]:
        """Return where the lesson says something else than the header of the patch."""
        known = {check for clause in contract.read() for check in clause.checks}
        named = {one or other for one, other in _NAME.findall(self.text)} & known
        fails = self.forecast.checks - {contract.REPORTS}
        found = [f"{self} does not have {name} in Fails:" for name in sorted(named - fails)]
        if count := _COUNT.search(self.text):
            if int(count[1]) != len(fails):
                found.append(f"{self} has {len(fails)} checks in Fails:, not {count[1]}")
        else:
            found += [f"{self}: the lesson leaves out {name}" for name in sorted(fails - named)]
        for what, pattern in _SAID.items():
            says, is_so = bool(pattern.search(self.text)), self._is(what)
            if says != is_so:
                says_or_not = "says" if says else "does not say"
                found.append(f"{self}: the lesson {says_or_not} '{pattern.pattern}'")
        target = f"{self.arch}-{self.series}"
        return found + [f"{one} is of {target}" for one in self.quotes if one.target != target]

    def _is(self, what: str) -> bool:
        return self.forecast.text == what or what in self.forecast.checks


def of_lesson(page: Page, known: Iterable[Lab] | None = None) -> list[Change]:
    """Return the changes that a lesson proposes, in its order; another page has none.

    ``known`` are the labs, by default those of the tree. Raises SetupError for an item
    without a patch, and for a header that makes no sense.
    """
    every = labs.all_labs() if known is None else known
    lab = next((lab for lab in every if lab.directory == page.path.parent), None)
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
    return Change(
        page=page.path,
        line=first,
        patch=patch,
        lab=lab,
        arch=arch,
        forecast=Forecast(header["Fails"]),
        load=load,
        text=text,
        quotes=tuple(
            one for one in page.blocks if one.kind == "report" and first <= one.line <= last
        ),
    )


def rewrite(change: Change, fails: frozenset[str]) -> None:
    """Write other checks into the header of the patch."""
    patches.rewrite(change.patch, "Fails", ", ".join(sorted(fails)) or _NOTHING)


def count_again(change: Change) -> None:
    """Write into the lesson how many checks fail, where it says that."""
    count = len(change.forecast.checks - {contract.REPORTS})
    fresh = _COUNT.sub(lambda match: match[0].replace(match[1], str(count), 1), change.text)
    change.page.write_text(change.page.read_text().replace(change.text, fresh))


def proposed() -> set[Path]:
    """Return the patches that have a forecast, so that a lesson must propose them."""
    found = [*LABS.glob("*/changes/*.patch"), *LABS.glob("*/mistakes/*.patch")]
    return {path for path in found if "\nFails: " in path.read_text().partition("\n\n")[0]}
