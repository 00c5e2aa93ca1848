"""What the pages list of the labs: all of it follows from lab.toml."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.base.paths import ROOT
from harness.catalogue import suites
from harness.catalogue.labs import Lab, all_labs
from harness.catalogue.suites import Suite
from harness.kernels.targets import ARCHES, KUNIT_ARCH, Target, series_of

# What runs nowhere on an architecture.
_NOTHING = "–"

# Why there is a suite and no run.
_NO_LAB = "it has no device of its own: the check programs reach it through each lab"


def _link(lab: Lab, page: Path, file: str) -> str:
    up = "../" * (len(page.relative_to(ROOT).parts) - 1)
    return f"{up}{lab.directory.relative_to(ROOT)}/{file}"


def table_of_labs(page: Path) -> list[str]:
    """A row for each lab: its code, and the cells that its lab.toml has."""
    lines = ["| lab | memory from | mapped by | lesson |", "| --- | --- | --- | --- |"]
    return lines + [
        f"| [{lab.name}]({_link(lab, page, f'{lab.name}.c')}) | {lab.memory} | {lab.mapped} "
        f"| [{lab.lesson}]({_link(lab, page, 'lesson.md')}) |"
        for lab in all_labs()
    ]


def list_of_labs(page: Path) -> list[str]:
    """An item for each lab: its title, lesson and code."""
    return [
        line
        for number, lab in enumerate(all_labs(), 1)
        for line in (
            f"{number}. {lab.name} – {lab.title}",
            f"   ([lesson]({_link(lab, page, 'lesson.md')}), "
            f"[code]({_link(lab, page, f'{lab.name}.c')}))",
        )
    ]


def where_they_run(page: Path) -> list[str]:
    """A row for each lab, and each suite that is no lab's; a column for each architecture."""
    heads = [f"{arch} {', '.join(series_of(arch))}" for arch in ARCHES]
    its_own = {suite.lab: suite for suite in suites.all_suites()}
    rows = []
    for lab in all_labs():
        suite = its_own.pop(lab.name, None)
        cells = [_cell(arch, lab, suite) for arch in ARCHES]
        rows.append([lab.name, *cells, _reasons(lab)])
    rows += [
        [name, *(_cell(arch, None, suite) for arch in ARCHES), _NO_LAB]
        for name, suite in its_own.items()
    ]
    table = [["lab", *heads, "exceptions"], ["---"] * (len(heads) + 2), *rows]
    return [f"| {' | '.join(row)} |".replace("|  |", "| |") for row in table]


def _cell(arch: str, lab: Lab | None, suite: Suite | None) -> str:
    """What runs there, and from which series on if not on all of them."""
    targets = [Target(series, arch) for series in series_of(arch)]
    words, first = [], targets[0]
    for word, one in (("run", lab), ("kunit", suite if arch == KUNIT_ARCH else None)):
        able = [target for target in targets if one and not one.why_not(target)]
        if able:
            words.append(word)
            first = able[0]
    since = f" from {first.series} on" if first != targets[0] else ""
    return ", ".join(words) + since or _NOTHING


def _reasons(lab: Lab) -> str:
    reasons = [f"{arch}: {reason}" for arch, reason in lab.cannot_run.items()]
    reasons += [f"no suite: {lab.no_suite}"] if lab.no_suite else []
    reasons += [lab.since.reason] if lab.since else []
    return "; ".join(reasons + _reasons_for_pages(lab))


def _reasons_for_pages(lab: Lab) -> list[str]:
    """Where one entry maps 2 MiB, and why not elsewhere."""
    large = lab.large_entries
    if not large:
        return []
    newest = [Target(series_of(arch)[-1], arch) for arch in ARCHES]
    where = " and ".join(one.arch for one in newest if not large.why_not(one))
    since = f"{large.parameter} maps 2 MiB at once on {where} from {large.since.series} on"
    cannot = [f"{arch}: {reason}" for arch, reason in large.cannot.items()]
    return [f"{since}: {large.since.reason}", *cannot]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("README.md", table_of_labs),
        ("docs/targets.md", where_they_run),
        ("docs/index.md", list_of_labs),
    ],
)
def test_a_page_lists_the_labs_as_lab_toml_describes_them(
    name: str, made: Callable[[Path], list[str]]
) -> None:
    page = ROOT / name
    text = "\n".join(made(page))
    if f"\n{text}\n" not in page.read_text():
        pytest.fail(f"{name} wants these lines:\n\n{text}\n", pytrace=False)


def test_what_runs_nowhere_on_an_architecture_has_a_reason() -> None:
    for row in where_they_run(ROOT / "docs/targets.md")[2:]:
        name, *cells, reasons = (cell.strip() for cell in row.strip("|").split("|"))
        assert _NOTHING not in cells or reasons, name


def test_the_index_lists_every_page() -> None:
    index = ROOT / "docs/index.md"
    listed = {
        (index.parent / name).resolve() for name in re.findall(r"\]\(([^)]+)\)", index.read_text())
    }
    assert {*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")} - {index} <= listed
