"""From what gcov and gcovr leave to what is said of each line."""

import dataclasses
import json
from pathlib import Path

import pytest

from harness.catalogue import unreached
from harness.results import coverage
from harness.verbs import coverage as verb_coverage
from harness.results.coverage import FileCoverage, Line, Objects
from harness.base.errors import GuestError, RequestError, SetupError
from harness.base.paths import BUILD, KUNIT
from harness.kernels.targets import Target
from harness.catalogue.unreached import Judgement, Reason
from harness.verbs.coverage import Report

LINE = Line("01_x/lab_x.c", 7, "lab_x_get", "return -EIO;")
FILE = FileCoverage("01_x/lab_x.c", 3, 2, 2, 1, (LINE,))
REASON = Reason("01_x/lab_x.c", "lab_x_get", "return -EIO;", "it never fails")


def test_a_line_with_its_reason_is_explained() -> None:
    judgement = unreached.judge([FILE], [REASON], "6.1")
    assert judgement == Judgement(explained=[(LINE, REASON)])
    assert judgement.is_right


@pytest.mark.parametrize("change", [{"file": "a.c"}, {"function": "f"}, {"text": "return 0;"}])
def test_a_reason_is_for_its_own_line_only(change: dict[str, str]) -> None:
    judgement = unreached.judge([FILE], [dataclasses.replace(REASON, **change)], "6.1")
    assert judgement.unexplained == [LINE]
    assert not judgement.is_right


def test_a_reason_whose_line_is_reached_or_gone_is_out_of_date() -> None:
    reached = dataclasses.replace(FILE, lines_reached=3, unreached=())
    judgement = unreached.judge([reached], [REASON], "6.1")
    assert judgement == Judgement(out_of_date=[REASON])
    assert not judgement.is_right


def test_each_of_two_equal_lines_needs_a_reason_of_its_own() -> None:
    twice = dataclasses.replace(LINE, number=9)
    file = dataclasses.replace(FILE, unreached=(LINE, twice))
    assert unreached.judge([file], [REASON], "6.1").unexplained == [twice]
    assert unreached.judge([file], [REASON, REASON], "6.1").is_right


def test_a_reason_for_another_series_neither_explains_nor_is_out_of_date() -> None:
    newer = dataclasses.replace(REASON, series=("7.2",))
    assert unreached.judge([FILE], [newer], "6.1") == Judgement(unexplained=[LINE])
    assert unreached.judge([FILE], [newer], "7.2").is_right


def test_a_reason_for_a_file_that_was_not_measured_is_left_alone() -> None:
    assert unreached.judge([], [REASON], "6.1").is_right


def test_reasons_are_read_as_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "unreached.toml"
    assert unreached.read(path) == []
    path.write_text(
        """
        [[line]]
        file = "01_x/lab_x.c"
        function = "lab_x_get"
        text = "return -EIO;"
        series = ["6.1", "7.2"]
        reason = \"\"\"
        it never
        fails\"\"\"
        """
    )
    assert unreached.read(path) == [dataclasses.replace(REASON, series=("6.1", "7.2"))]


@pytest.mark.parametrize(
    "text",
    [
        "[[line]]\nfile = 'a.c'",
        "[[line]]\nfile = 'a.c'\nfunction = 'f'\ntext = 't'\nreason = ' '",
        "[[line]]\nfile = 'a.c'\nfunction = 'f'\ntext = 't'\nreason = 'r'\nseries = ['5.10']",
        "[[line]]\nfile = 'a.c'\nfunction = 'f'\ntext = 't'\nreason = 'r'\nserie = ['6.1']",
        "[[line]",
    ],
)
def test_reasons_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "unreached.toml"
    path.write_text(text)
    with pytest.raises(SetupError, match="unreached.toml"):
        unreached.read(path)


def test_the_reasons_of_this_project_make_sense() -> None:
    unreached.read(KUNIT / unreached.NAME)


SOURCE = """\
static int lab_x_get(void)
{
        if (broken)
                return -EIO;
        return 0;
}

static int lab_x_init(void)
{
        return -ENOMEM;
}
"""


def trace_line(number: int, count: int, noncode: bool = False) -> dict[str, object]:
    return {
        "line_number": number,
        "count": count,
        "gcovr/noncode": noncode,
        "gcovr/excluded": False,
    }


def test_gcovrs_reports_are_read_and_each_line_is_given_its_function(tmp_path: Path) -> None:
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs/x.c").write_text(SOURCE)
    trace = {
        "files": [
            {
                "file": "labs/x.c",
                "functions": [
                    {"name": "lab_x_init", "lineno": 8},
                    {"name": "lab_x_get", "lineno": 1},
                ],
                "lines": [
                    trace_line(1, 2),
                    trace_line(2, 0, noncode=True),
                    trace_line(4, 0),
                    trace_line(10, 0),
                ],
            }
        ]
    }
    summary = {
        "files": [
            {
                "filename": "labs/x.c",
                "line_total": 3,
                "line_covered": 1,
                "branch_total": 2,
                "branch_covered": 1,
            }
        ]
    }
    lines = (
        Line("x.c", 4, "lab_x_get", "return -EIO;"),
        Line("x.c", 10, "lab_x_init", "return -ENOMEM;"),
    )
    assert coverage.read(summary, trace, tmp_path) == [FileCoverage("x.c", 3, 1, 2, 1, lines)]


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    notes = tmp_path / "src/labs/01_x/lab_x.gcno"
    notes.parent.mkdir(parents=True)
    notes.write_bytes(b"oncg*22BSTAMP...")
    return Objects(tmp_path / "src", tmp_path / "objects")


def test_only_what_was_counted_for_our_modules_is_taken(objects: Objects) -> None:
    ours = str(objects.source / "labs/01_x/lab_x.gcda")
    counted = {ours: b"adcg*22BSTAM1", "/../lab_x.gcda": b"", "/etc/lab_x.gcda": b""}
    objects.add("run", {"lab_x"}, counted)
    objects.add("kunit", {"lab_x"}, {})
    made = [path for path in objects.directory.rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(objects.directory)) for path in made) == [
        "kunit/labs/01_x/lab_x.gcno",
        "run/labs/01_x/lab_x.gcda",
        "run/labs/01_x/lab_x.gcno",
    ]


def test_counts_of_another_build_are_refused(objects: Objects) -> None:
    ours = str(objects.source / "labs/01_x/lab_x.gcda")
    with pytest.raises(GuestError, match="built anew"):
        objects.add("run", {"lab_x"}, {ours: b"adcg*22BOTHER"})


def test_modules_without_notes_are_named(objects: Objects) -> None:
    with pytest.raises(SetupError, match="lab_y was not compiled for gcov"):
        objects.add("run", {"lab_x", "lab_y"}, {})


def test_one_lab_is_judged_alone_and_all_run_for_what_they_share() -> None:
    plan = verb_coverage.choose("kmalloc", Target("6.1", "um"))
    assert [lab.name for lab in plan.labs] == ["lab_kmalloc"]
    assert {suite.lab for suite in plan.suites} == {"lab_core", "lab_kmalloc"}
    assert plan.directories == ["01_kmalloc"]
    plan = verb_coverage.choose("core", Target("6.1", "um"))
    assert "lab_remap" in {lab.name for lab in plan.labs}
    assert plan.directories == ["core", "include"]
    assert plan.skipped == {}


def test_a_lab_that_nothing_runs_is_left_out_with_its_reason() -> None:
    plan = verb_coverage.choose(None, Target("6.1", "um"))
    assert "lab_prepare" not in plan.modules
    assert "06_prepare" not in plan.directories
    assert "runs from Linux 7.2 on" in plan.skipped["lab_prepare"]
    assert "lab_prepare" in verb_coverage.choose(None, Target("7.2", "um")).modules


def test_an_unknown_lab_is_refused() -> None:
    with pytest.raises(RequestError, match="choose from lab_core, lab_kmalloc"):
        verb_coverage.choose("nosuch", Target("6.1", "um"))


def report(judgement: Judgement, failed: list[str] | None = None) -> Report:
    return Report("6.1.1", [FILE], judgement, {"lab_y": "no RAM"}, failed or [], BUILD / "x")


def test_the_report_names_lines_with_and_without_a_reason() -> None:
    other = dataclasses.replace(LINE, number=9, text="return -EPERM;")
    gone = dataclasses.replace(REASON, text="return 1;")
    judgement = Judgement([(LINE, REASON)], [other], [gone])
    text = verb_coverage.as_text(report(judgement, ["lab_x: it_works"]))
    assert "01_x/lab_x.c     2 of    3  66.6 %     1 of    2  50.0 %" in text
    assert "  labs/01_x/lab_x.c:7: return -EIO;\n      it never fails\n" in text
    assert "  labs/01_x/lab_x.c:9, in lab_x_get(): return -EPERM;\n" in text
    assert "take them out:\n  01_x/lab_x.c, lab_x_get(): return 1;\n" in text
    assert "not measured: lab_y: no RAM" in text
    assert "failed: lab_x: it_works" in text


def test_lines_with_the_same_reason_are_listed_above_it() -> None:
    other = dataclasses.replace(LINE, number=8)
    text = verb_coverage.as_text(report(Judgement([(LINE, REASON), (other, REASON)])))
    assert ":7: return -EIO;\n  labs/01_x/lab_x.c:8: return -EIO;\n      it never fails\n" in text


@pytest.mark.parametrize(
    ("judgement", "failed", "status"),
    [
        (Judgement(explained=[(LINE, REASON)]), [], 0),
        (Judgement(unexplained=[LINE]), [], 1),
        (Judgement(out_of_date=[REASON]), [], 1),
        (Judgement(), ["lab_x: it_works"], 1),
    ],
)
def test_the_status_says_whether_there_is_something_to_do(
    judgement: Judgement, failed: list[str], status: int
) -> None:
    assert report(judgement, failed).status == status
    assert json.loads(verb_coverage.as_json(report(judgement, failed)))["status"] == status


def test_all_but_one_line_is_not_a_hundred_percent() -> None:
    nearly = FileCoverage("a.c", 10000, 9999, 0, 0)
    text = verb_coverage.as_text(dataclasses.replace(report(Judgement()), files=[nearly]))
    assert "99.9 %" in text and "100.0 %" not in text
    assert "none" in text
