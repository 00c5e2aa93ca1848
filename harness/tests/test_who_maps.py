"""The table of who in the kernel maps how, in the lesson of lab_ring: what the sources say."""

import re
from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.kernels import uml
from harness.kernels.series import SERIES
from harness.kernels.targets import KUNIT_ARCH, Target

_PAGE = LABS / "08_ring/lesson.md"
_HEAD = "| who | where |"

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
# All that the lessons know; of what a handler inserts only that there is one.
_CALL = re.compile(
    r"\b(vm_insert_pages?|vm_map_pages|(?:io_)?remap_pfn_range|remap_vmalloc_range"
    r"|vm_iomap_memory|mmap_action_\w+|dma_mmap_\w+)\s*\("
)
_HANDLER = re.compile(r"\.fault\s*=")


def rows() -> list[list[str]]:
    """The table's cells, its head first."""
    lines = iter(_PAGE.read_text().splitlines())
    table = [next(line for line in lines if line.startswith(_HEAD)), next(lines)]
    for line in lines:
        if not line.startswith("|"):
            break
        table.append(line)
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return [cells[0], *cells[2:]]


def names_in(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def calls_in(files: list[Path]) -> set[str]:
    """What these files map with, comments aside; "->fault" is a handler of theirs."""
    found: set[str] = set()
    for file in files:
        code = _COMMENT.sub("", file.read_text())
        found |= set(_CALL.findall(code)) | ({"->fault"} if _HANDLER.search(code) else set())
    return found


_TABLE = rows()
_COLUMNS = dict(enumerate(_TABLE[0][2:], 2))


def test_each_column_is_a_series_and_the_first_and_the_last_are_there() -> None:
    names = list(SERIES)
    assert set(_COLUMNS.values()) <= set(names)
    assert {names[0], names[-1]} <= set(_COLUMNS.values())


@pytest.mark.parametrize(("column", "series"), _COLUMNS.items(), ids=_COLUMNS.values())
def test_each_row_is_what_the_source_of_the_series_says(column: int, series: str) -> None:
    source = uml.source_if_there(Target(series, KUNIT_ARCH))
    if not source:
        pytest.skip(f"the source of Linux {series} is not here: user-mode Linux is not built of it")
    wrong = []
    for row in _TABLE[1:]:
        files = [source.directory / name for name in sorted(names_in(row[1]))]
        found = calls_in([file for file in files if file.is_file()])
        if found != names_in(row[column]):
            wrong.append(f"{row[0]}: the table has {row[column]}, the source {sorted(found)}")
    assert not wrong


def test_a_call_in_a_comment_is_none(tmp_path: Path) -> None:
    file = tmp_path / "driver.c"
    file.write_text("/* not remap_pfn_range() */\nerr = vm_insert_page(vma); // vm_iomap_memory(\n")
    assert calls_in([file]) == {"vm_insert_page"}
    file.write_text("static struct ops = {\n\t.fault\t= handler,\n};\n")
    assert calls_in([file]) == {"->fault"}
