"""The table of docs/any-driver.md: the commands on the page, and a column for each.

A command ends with the name of its column, as a comment.
"""

import re
import shlex
from pathlib import Path
from typing import Any

from harness.base.paths import ROOT
from harness.catalogue import contract
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import DEFAULT_ARCH, Target

PAGE = ROOT / "docs/any-driver.md"

_COMMAND = re.compile(r"^harness/kmaplab contract (.+?) +# (\w+)$", re.MULTILINE)
_CONTINUED = re.compile(r" \\\n +")
_CELLS = {
    "holds": "holds",
    "does not hold": "**no**",
    "does not apply": "–",
    "not checked here": "?",
}


def commands(page: Path = PAGE) -> dict[str, list[str]]:
    """Return the arguments of each command on the page, by the name of its column."""
    text = _CONTINUED.sub(" ", page.read_text())
    return {name: shlex.split(arguments) for arguments, name in _COMMAND.findall(text)}


def target_of(arguments: list[str]) -> Target:
    """Return the target that a command names."""
    named = dict(zip(arguments, arguments[1:]))
    return Target(named.get("--kernel", DEFAULT_SERIES), named.get("--arch", DEFAULT_ARCH))


def columns(page: Path = PAGE) -> dict[str, dict[str, str]]:
    """Return the columns of the table: for each name the cell of each clause."""
    rows = [line.strip("| ").split(" | ") for line in page.read_text().splitlines()]
    head = next(row for row in rows if row[0] == "clause")
    numbers = {clause.number for clause in contract.read()}
    body = [row for row in rows if row[0].split(" ")[0] in numbers and len(row) == len(head)]
    return {
        name: {row[0].split(" ")[0]: row[place] for row in body}
        for place, name in enumerate(head)
        if place
    }


def column_of(data: dict[str, Any]) -> dict[str, str]:
    """Return the column that a report makes."""
    return {clause["clause"]: _CELLS[clause["verdict"]] for clause in data["clauses"]}


def table_of(reports: dict[str, dict[str, Any]]) -> str:
    """Return the table as the page has it, of the report in each column."""
    made = {name: column_of(data) for name, data in reports.items()}
    titles = {clause.number: str(clause) for clause in contract.read()}
    lines = [f"| clause | {' | '.join(made)} |", f"| --- |{' --- |' * len(made)}"]
    for number, title in titles.items():
        cells = [column.get(number, "") for column in made.values()]
        if any(cells):
            lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)
