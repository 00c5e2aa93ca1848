"""Unreached lines and their reasons."""

import dataclasses
from pathlib import Path

import pytest

from harness.base.errors import SetupError
from harness.base.paths import LABS
from harness.catalogue import unreached
from harness.catalogue.unreached import Reason
from harness.results.coverage import FileCoverage, UnreachedLine
from harness.results.unreached_lines import Judgement, judge

LINE = UnreachedLine("01_x/lab_x.c", 7, "lab_x_get", "return -EIO;")
FILE = FileCoverage("01_x/lab_x.c", 3, 2, 2, 1, (LINE,))
REASON = Reason("01_x/lab_x.c", "lab_x_get", "return -EIO;", "it never fails")


def test_a_line_with_its_reason_is_explained() -> None:
    judgement = judge([FILE], [REASON], "6.1")
    assert judgement == Judgement(explained=[(LINE, REASON)])
    assert judgement.is_right


@pytest.mark.parametrize("change", [{"file": "a.c"}, {"function": "f"}, {"text": "return 0;"}])
def test_a_reason_is_for_its_own_line_only(change: dict[str, str]) -> None:
    judgement = judge([FILE], [dataclasses.replace(REASON, **change)], "6.1")
    assert judgement.unexplained == [LINE]
    assert not judgement.is_right


def test_a_reason_whose_line_is_reached_or_gone_is_out_of_date() -> None:
    reached = dataclasses.replace(FILE, lines_reached=3, unreached=())
    judgement = judge([reached], [REASON], "6.1")
    assert judgement == Judgement(out_of_date=[REASON])
    assert not judgement.is_right


def test_each_of_two_equal_lines_needs_a_reason_of_its_own() -> None:
    twice = dataclasses.replace(LINE, number=9)
    file = dataclasses.replace(FILE, unreached=(LINE, twice))
    assert judge([file], [REASON], "6.1").unexplained == [twice]
    assert judge([file], [REASON, REASON], "6.1").is_right


def test_a_reason_for_another_series_neither_explains_nor_is_out_of_date() -> None:
    newer = dataclasses.replace(REASON, series=("7.2",))
    assert judge([FILE], [newer], "6.1") == Judgement(unexplained=[LINE])
    assert judge([FILE], [newer], "7.2").is_right


def test_a_reason_for_a_file_that_was_not_measured_is_left_alone() -> None:
    assert judge([], [REASON], "6.1").is_right


def test_reasons_are_read_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "01_x/unreached.toml"
    assert unreached.read(tmp_path) == []
    path.parent.mkdir()
    path.write_text(
        """
        [[line]]
        file = "lab_x.c"
        function = "lab_x_get"
        lines = ["return -EIO;"]
        series = ["6.1", "7.2"]
        reason = \"\"\"
        it never
        fails\"\"\"
        """
    )
    assert unreached.read(tmp_path) == [dataclasses.replace(REASON, series=("6.1", "7.2"))]


@pytest.mark.parametrize(
    "text",
    [
        "[[line]]\nfile = 'a.c'",
        "[[line]]\nfile = 'a.c'\nfunction = 'f'\nlines = ['t']\nreason = ' '",
        "[[line]]\nfile = 'a.c'\nfunction = 'f'\nlines = ['t']\nreason = 'r'\nseries = ['5.10']",
        "[[line]]\nfile = 'a.c'\nfunction = 'f'\nlines = ['t']\nreason = 'r'\nserie = ['6.1']",
        "[[line]",
        "line = ['t']",
        "lines = []",
    ],
)
def test_reasons_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "01_x/unreached.toml"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(SetupError, match="01_x/unreached.toml: "):
        unreached.read(tmp_path)


def test_the_reasons_of_this_project_make_sense() -> None:
    for reason in unreached.read(LABS):
        assert reason.text in (LABS / reason.file).read_text()
