"""What people read of coverage."""

import dataclasses

import pytest

from harness.base.paths import BUILD
from harness.reports.coverage_report import CoverageReport
from harness.results.coverage import FileCoverage
from harness.results.unreached_lines import Judgement
from harness.tests.test_unreached_lines import FILE, LINE, REASON


def report(judgement: Judgement, failed: list[str] | None = None) -> CoverageReport:
    return CoverageReport(
        "6.1.1", [FILE], judgement, {"lab_y": "no RAM"}, failed or [], BUILD / "x"
    )


def test_the_report_names_lines_with_and_without_a_reason() -> None:
    other = dataclasses.replace(LINE, number=9, text="return -EPERM;")
    gone = dataclasses.replace(REASON, text="return 1;")
    judgement = Judgement([(LINE, REASON)], [other], [gone])
    text = report(judgement, ["lab_x: it_works"]).as_text()
    assert "01_x/lab_x.c     2 of    3  66.6 %     1 of    2  50.0 %" in text
    assert "  labs/01_x/lab_x.c:7: return -EIO;\n      it never fails\n" in text
    assert "  labs/01_x/lab_x.c:9, in lab_x_get(): return -EPERM;\n" in text
    assert "take them out:\n  01_x/lab_x.c, lab_x_get(): return 1;\n" in text
    assert "not measured: lab_y: no RAM" in text
    assert "failed: lab_x: it_works" in text


def test_lines_with_the_same_reason_are_listed_above_it() -> None:
    other = dataclasses.replace(LINE, number=8)
    text = report(Judgement([(LINE, REASON), (other, REASON)])).as_text()
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
    assert report(judgement, failed).as_data()["status"] == status


def test_all_but_one_line_is_not_a_hundred_percent() -> None:
    nearly = FileCoverage("a.c", 10000, 9999, 0, 0)
    text = dataclasses.replace(report(Judgement()), files=[nearly]).as_text()
    assert "99.9 %" in text and "100.0 %" not in text
    assert "none" in text
