"""What `make bench` prints, and writes into docs/speed.md: one Markdown table."""

import os
import re
import time
from pathlib import Path

from harness.base.paths import ROOT
from harness.reports import written
from harness.runs.measure_speed import SpeedRow

PAGE = ROOT / "docs/speed.md"


def heading(releases: list[str]) -> list[str]:
    """Return when, where and with which kernels it was measured, and the table's head."""
    day = time.strftime("%-d %B %Y")
    kernels = " and ".join(releases)
    where = f"Measured on {day}, on {_machine()}, with Linux {kernels}."
    return [where, "", "| | |", "| --- | --- |"]


def line(row: SpeedRow) -> str:
    """Return a row of the table."""
    return f"| {row.what} | {row.took} |"


def write(lines: list[str], page: Path = PAGE) -> None:
    """Put the lines into the page, instead of what was measured before.

    Raises SetupError if the page has no place for them.
    """
    written.write(page, "make bench", lines)


def _machine() -> str:
    """Return the machine's processors, as a reader can compare them."""
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    count = os.cpu_count() or 1
    processors = f"{count} processor{'s' * (count > 1)}"
    return f"{processors} ({model[1]})" if model else processors
