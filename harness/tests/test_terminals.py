"""On a narrow terminal everything can be read, and with NO_COLOR nothing is coloured."""

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from harness.base import progress
from harness.catalogue import contract
from harness.catalogue.labs import all_labs
from harness.reports import tables
from harness.reports.contract_report import ContractReport
from harness.reports.forms import Booted, Report
from harness.reports.mistakes_report import MistakesReport
from harness.reports.picture_paths import chip_text, is_silent
from harness.reports.show_report import ShowReport
from harness.reports.tables import Column, Paragraph, Row
from harness.results.clauses import ClauseVerdict, Evidence, Observation, by_clause
from harness.results.mistake_results import Caught, MistakeResult
from harness.tests import made_up_lives, test_run_report
from harness.tests.made_up_lives import MIDDLE
from harness.tests.test_mistakes import CATALOGUE

# What makes a terminal do something.
_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class FakeTerminal(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self) -> bool:
        return True


# Prints a report on a terminal of some columns; returns what it wrote.
Shown = Callable[[Report, int], str]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    def show(report: Report, columns: int) -> str:
        terminal = FakeTerminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.delenv("NO_COLOR", raising=False)
        report.print("table")
        return terminal.getvalue()

    return show


def contract_report() -> ContractReport:
    clauses = contract.read()
    labs = all_labs()
    seen = [
        Observation(lab.name, lab.name, check, verdict)
        for clause in clauses
        for check in clause.checks
        for lab, verdict in zip(labs, (ClauseVerdict.PROVED, ClauseVerdict.FAILED))
    ]
    results = by_clause(clauses, seen)
    return ContractReport(Booted("6.1", "um", "native", 7, 1.0), labs, {}, results, Evidence(seen))


def mistakes_report() -> MistakesReport:
    seen = [
        Observation("lab_x", "lab_x", "user_writes_every_word_kernel_checks", ClauseVerdict.FAILED)
    ]
    results = [MistakeResult(one, Caught.CAUGHT, "", seen, 1.0) for one in CATALOGUE]
    results.append(MistakeResult(CATALOGUE[0], Caught.SURVIVED, "all passed", [], 1.0))
    return MistakesReport("6.1", 7, 1.0, results, {})


def words(text: str) -> list[str]:
    return _ESCAPE.sub("", text).split()


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 140, 200])
def test_a_run_can_be_read_on_any_terminal(shown: Shown, columns: int) -> None:
    text = shown(test_run_report.report(), columns)
    assert "…" not in text
    for part in ("lab_x", "how=page", "0xffff888000000000", "8,192", "FAILED", "BROKEN"):
        assert part in text


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 140, 200])
def test_the_contract_can_be_read_on_any_terminal(shown: Shown, columns: int) -> None:
    report = contract_report()
    text = shown(report, columns)
    assert "…" not in text
    written = set(words(text.replace(",", " ").replace(":", " ")))
    names = {lab.removeprefix("lab_") for lab in report.labs}
    assert names | {"proved", "FAILED"} <= written
    for result in report.results:
        assert set(words(str(result.clause).replace(",", " ").replace(":", " "))) <= written


@pytest.mark.parametrize("columns", [60, 80, 100, 140, 200])
def test_the_mistakes_can_be_read_on_any_terminal(shown: Shown, columns: int) -> None:
    report = mistakes_report()
    text = shown(report, columns)
    assert "…" not in text
    assert "user_writes_every_word_kernel_checks" in text
    for result in report.results:
        assert result.mistake.name in text
        assert set(words(result.mistake.what)) <= set(words(text))


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 140, 200])
@pytest.mark.parametrize("arch", ["x86_64", "arm64", "i386"])
def test_no_name_of_a_bit_is_broken(shown: Shown, arch: str, columns: int) -> None:
    lives = made_up_lives.lives(made_up_lives.life(arch))
    text = _ESCAPE.sub("", shown(ShowReport(lives, "touch", None, Path("/nowhere")), columns))
    lines = [line.strip().rstrip(",") for line in text.splitlines()]
    written = {name for line in lines for name in line.replace("all 0: ", "").split(", ")}
    step = lives.labs[0].step("touch")
    ways = [step.pages[MIDDLE].kernel, *(side.pages[MIDDLE] for side in step.processes)]
    names = {
        chip_text(bits).removesuffix("=0") if is_silent(bits) else chip_text(bits)
        for way in ways
        for level in way.levels
        for bits in level.fields
    }
    assert names <= written
    assert max(len(line) for line in text.splitlines() if "=" in line) <= columns


@pytest.mark.parametrize("columns", [20, 60, 80])
def test_no_line_of_a_table_is_longer_than_the_terminal(columns: int) -> None:
    written = io.StringIO()
    console = Console(file=written, width=columns)
    cells = ["a_name_that_is_longer_than_twenty_characters", "some words " * 6, "yes"]
    heading = [Column("name"), Column("text", least=25), Column("good")]
    table = tables.make(heading, [Row(cells)])
    tables.show(console, [table], [Paragraph(cells[0], cells[1:])])
    text = written.getvalue()
    assert max(len(line) for line in text.splitlines()) <= columns
    assert "".join(text.split()).count("somewords") == 6
    assert cells[0] in "".join(text.split())


def test_colours_are_for_terminals_that_want_them(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    for report in (contract_report(), mistakes_report(), test_run_report.report("crashed")):
        assert "\x1b" in shown(report, 80)
        monkeypatch.setenv("NO_COLOR", "1")
        terminal = FakeTerminal()
        monkeypatch.setattr(sys, "stdout", terminal)
        report.print("table")
        assert "FAILED" in terminal.getvalue() or "SURVIVED" in terminal.getvalue()
        assert "\x1b" not in terminal.getvalue()


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_progress_drives_no_terminal_that_does_not_want_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "_QUIET", 0.0)
    written = []
    for _ in range(2):
        terminal = FakeTerminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        with progress.step("a step"):
            pass
        written.append(terminal.getvalue())
        monkeypatch.setenv(name, value)
    assert "\x1b" in written[0]
    assert written[1] == "kmaplab: a step\n"
