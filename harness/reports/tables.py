"""Tables on a terminal, in a pipe, and where a table would be too wide."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

# A pipe has no width: no line there may be wrapped or cut off.
_NO_WIDTH = 1000

_INDENT = 4


@dataclass(frozen=True)
class Column:
    """A column's heading, and how its cells stand.

    ``numbers`` end below each other. Cells are wrapped only if ``least`` is given: then
    to this many characters if there must be.
    """

    heading: str
    numbers: bool = False
    least: int | None = None


@dataclass(frozen=True)
class Row:
    """The cells of a row and their style; they may hold rich's markup."""

    cells: Sequence[str]
    style: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A row as lines below a title, for where no table fits; likewise."""

    title: str
    lines: Sequence[str]
    style: str = ""


def open_console() -> "Console":
    """Return standard output as rich sees it.

    With NO_COLOR no escape sequence is written at all (https://no-color.org).
    """
    from rich.console import Console

    return Console(
        highlight=False,
        color_system=None if os.environ.get("NO_COLOR") else "auto",
        width=None if sys.stdout.isatty() else _NO_WIDTH,
    )


def show(console: "Console", tables: Sequence["Table"], paragraphs: Sequence[Paragraph]) -> None:
    """Print the first table that fits on the console, and if none does, the paragraphs."""
    from rich.text import Text

    for table in tables:
        if _fits(console, table):
            console.print(table)
            return
    for one in paragraphs:
        _print_indented(console, Text.from_markup(one.title, style=one.style), 0)
        for line in one.lines:
            _print_indented(console, Text.from_markup(line, style=one.style), _INDENT)
    console.print()


def say(console: "Console", line: str, style: str = "") -> None:
    """Print a line of plain text below a table; on a terminal it is wrapped between words.

    What continues a line is indented as the line is.
    """
    from rich.text import Text

    if console.is_terminal:
        text = line.lstrip(" ")
        _print_indented(console, Text(text, style=style), len(line) - len(text))
    else:
        console.print(Text(line, style=style), soft_wrap=True)


def _print_indented(console: "Console", text: "Text", indent: int) -> None:
    """Print a text, wrapped to the console's width."""
    from rich.padding import Padding

    text.overflow = "fold"
    console.print(Padding(text, (0, 0, 0, indent), expand=False))


def make(columns: Sequence[Column], rows: Sequence[Row]) -> "Table":
    """Return a table in which nothing is cut off."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(columns):
        cells = [column.heading, *(row.cells[number] for row in rows)]
        lines = [line for cell in cells for line in Text.from_markup(cell).split()]
        table.add_column(
            column.heading,
            no_wrap=column.least is None,
            min_width=column.least or max(line.cell_len for line in lines),
            justify="right" if column.numbers else "left",
            overflow="fold",
        )
    for row in rows:
        table.add_row(*row.cells, style=row.style or None)
    return table


def _fits(console: "Console", table: "Table") -> bool:
    """Say whether a table needs no more columns than the console has."""
    from rich.measure import Measurement

    unbounded = console.options.update(max_width=10_000)
    return int(Measurement.get(console, unbounded, table).minimum) <= console.width
