"""What was measured goes into the page of its own, and replaces what was there."""

from pathlib import Path

import pytest

from harness.base.errors import SetupError
from harness.reports import speed_report
from harness.runs.measure_speed import SpeedRow


def test_the_table_replaces_the_one_before(tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text("# Speed\n\n<!-- make bench -->\nold\n<!-- end of make bench -->\n\nMore.\n")
    row = SpeedRow("`make x`", r"1 s \1")
    speed_report.write(
        [*speed_report.heading(["6.1 on um", "6.1 on x"]), speed_report.line(row)], page
    )
    text = page.read_text()
    assert text.startswith("# Speed\n\n<!-- make bench -->\n\nMeasured on ")
    assert "| --- | --- |\n| `make x` | 1 s \\1 |\n\n<!-- end of make bench -->\n\nMore.\n" in text
    assert ", with Linux 6.1 on um and 6.1 on x.\n" in text
    assert "old" not in text


def test_a_page_without_a_place_for_it_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text("# Speed\n")
    with pytest.raises(SetupError, match="has no lines"):
        speed_report.write([], page)


def test_the_page_of_this_project_has_its_place() -> None:
    assert "<!-- make bench -->\n" in speed_report.PAGE.read_text()
