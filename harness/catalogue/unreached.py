"""Why lines of labs/ are not reached: in unreached.toml, in each folder that has such lines."""

from dataclasses import dataclass
from pathlib import Path

from harness.base import toml
from harness.base.toml import Table
from harness.kernels.series import SERIES

NAME = "unreached.toml"


@dataclass(frozen=True)
class Reason:
    """Why one line cannot be reached.

    ``file`` is a path below labs/; ``text`` the line without its indentation. If
    a function has several such lines there is a reason for each. ``series`` are
    those that it holds for, empty for all.
    """

    file: str
    function: str
    text: str
    reason: str
    series: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}, {self.function}(): {self.text}"


def read(labs: Path) -> list[Reason]:
    """Return the reasons of a directory of labs.

    Raises SetupError, with the file and the key, for one that makes no sense.
    """
    found = []
    for path in sorted(labs.glob(f"*/{NAME}")):
        file = toml.read(path)
        found += [reason for table in file.tables("line") for reason in _read_one(table)]
        file.end()
    return found


def _read_one(table: Table) -> list[Reason]:
    """Return a reason for each of a table's lines."""
    file = f"{table.path.parent.name}/{table.text('file')}"
    function, why = table.text("function"), " ".join(table.text("reason").split())
    lines, series = table.texts("lines"), table.texts("series", default=())
    if not set(series) <= set(SERIES):
        table.refuse("series", f"must be some of {', '.join(SERIES)}")
    table.end()
    return [Reason(file, function, line, why, series) for line in lines]
