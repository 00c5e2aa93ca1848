"""The forms of marks: JSON as its schema says, pages, tables, and what other systems read."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from markupsafe import escape

from harness.base.paths import ROOT
from harness.grading import outcome
from harness.grading.graded import Graded, GradedExercise, GradedFailure, GradedLab
from harness.grading.outcome import ClassMarks
from harness.grading.similar import Pair
from harness.grading.submissions import Student
from harness.reports import grade_files
from harness.reports.grade_class import ClassReport, speed

_EVIL = "<script>alert(1)</script>&\x1b[2J"


def graded(name: str, earned: bool, number: str = "", text: str = "expected 1, found 2") -> Graded:
    failure = GradedFailure(
        "1.6", "offset_k_shows_page_k", "x86_64 6.1", text, "f", "a.c:7", "x();"
    )
    lost = () if earned else (failure,)
    one = GradedExercise("pages/1", "Map it", 12, 12 * earned, lost)
    two = GradedExercise("pages/2", "Free it", 8, 8)
    unusual = () if earned else ("add_timer", text)
    lab = GradedLab("lab_pages", "Pages", (one, two), None if earned else text, (), unusual)
    student = Student(Student.of(name).key, name, number)
    return Graded(student, "0" * 64, 17, "6.1", (lab,), (text,), None, {"all": 1.5})


def test_json_is_as_its_schema_says_and_can_be_read_back(tmp_path: Path) -> None:
    schema = json.loads((ROOT / "docs/grade.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    for one in (graded("ada", True), graded("ben", False, "4711", _EVIL)):
        assert "unusual" in one.as_data()["labs"][0]
        outcome.save(one, tmp_path / "result.json")
        jsonschema.validate(json.loads((tmp_path / "result.json").read_text()), schema)
        assert outcome.load(tmp_path / "result.json") == one
    data = graded("ada", True).as_data()
    wrongs: list[dict[str, object]] = [{"earned": -1}, {"digest": "x"}, {"more": 1}, {"format": ""}]
    for wrong in wrongs:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(json.loads(json.dumps(data | wrong)), schema)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": "kmaplab/grade/v1"}', "null"])
def test_what_is_no_mark_is_graded_again(tmp_path: Path, text: str) -> None:
    (tmp_path / "result.json").write_text(text)
    assert outcome.load(tmp_path / "result.json") is None


def test_a_student_gets_a_page_and_nothing_of_it_is_a_program(tmp_path: Path) -> None:
    grade_files.write(graded(f"e{_EVIL}", False, text=_EVIL), tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "<script>" not in page and "&lt;script&gt;" in page
    for text in (
        "8 of 20 points",
        "Clause 1.6",
        "offset_k_shows_page_k",
        "a.c:7",
        "x();",
        "add_timer",
    ):
        assert text in page, f"the page has no {text!r}"


def test_junit_has_a_case_for_each_exercise(tmp_path: Path) -> None:
    grade_files.write(graded("ben", False), tmp_path)
    root = ElementTree.parse(tmp_path / "junit.xml").getroot()
    cases = {case.get("name"): case.find("failure") for case in root.iter("testcase")}
    assert list(cases) == ["pages/1 Map it", "pages/2 Free it"]
    failure = cases["pages/1 Map it"]
    assert failure is not None and "expected 1, found 2" in (failure.text or "")


def test_gradescope_and_classroom50_get_what_they_read(tmp_path: Path) -> None:
    grade_files.write(graded("ben", False), tmp_path)
    scope = json.loads((tmp_path / "gradescope.json").read_text())
    assert scope["score"] == 8 and [test["max_score"] for test in scope["tests"]] == [12, 8]
    assert [test["status"] for test in scope["tests"]] == ["failed", "passed"]
    room = json.loads((tmp_path / "classroom50.json").read_text())
    assert room["schema"] == "classroom50/result/v1"
    assert (room["score"], room["max-score"]) == (8, 20)
    assert [test["passed"] for test in room["tests"]] == [False, True]


def test_canvas_and_moodle_get_their_tables(tmp_path: Path) -> None:
    marks = [graded("Ada, Lovelace", True, "4711"), graded("=cmd|'/c calc'!A1", False)]
    ClassReport(ClassMarks(marks), []).write(tmp_path)
    with (tmp_path / "canvas.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert rows[1][0].strip() == "Points Possible" and rows[1][5] == "20"
    assert rows[2][:2] == ["Ada, Lovelace", "4711"] and rows[2][5] == "20"
    assert rows[3][0] == "'=cmd|'/c calc'!A1" and rows[3][3]
    with (tmp_path / "moodle.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert found[0]["Identifier"] == "Participant 4711" and found[0]["Grade"] == "20"


def test_the_page_of_a_class_says_what_was_not_understood(tmp_path: Path) -> None:
    marks = [graded("ada", True), graded("ben", False), graded("cyd", False, text=_EVIL)]
    done = ClassMarks(marks, [f"eve has no mark: {_EVIL}"])
    report = ClassReport(done, [Pair("ben", "cyd", 1.0)])
    assert report.status == 1 and ClassReport(ClassMarks(marks), []).status == 0
    [missed] = report.missed
    assert (missed.clause, missed.students) == ("1.6", 2)
    assert missed.title and missed.meanings, "clause 1.6 has mistakes in the catalogue"
    assert sum(students for _, students, _ in report.histogram) == 3
    assert [students for _, students, _ in report.histogram][4::5] == [2, 1]
    used = [(one.symbol, one.lab, one.students) for one in report.unusual]
    usual_text = "expected 1, found 2"
    assert used == [
        (_EVIL, "lab_pages", ("cyd",)),
        (usual_text, "lab_pages", ("ben",)),
        ("add_timer", "lab_pages", ("ben", "cyd")),
    ]
    report.write(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "<script>" not in page and "<code>add_timer</code>" in page
    for text in (escape(missed.meanings[0]), "eve has no mark", "students/ben/index.html", "100 %"):
        assert text in page, f"the page has no {text!r}"


def test_how_fast_a_class_was_graded_is_said_with_the_parts() -> None:
    took = {"compiling": 0.5, "restoring": 0.25, "checking": 1.0, "all": 2.0}
    each = [replace(graded(name, True), seconds=took) for name in ("ada", "ben", "cyd")]
    text = speed(ClassMarks(each, [], each, seconds=4.5))
    parts = "compiling 25 %, restoring 12 %, checking 50 %"
    assert text == f"graded 3 submissions in 4 s, 40.0 a minute: {parts}"
    assert speed(ClassMarks(each, [], each[:1], 2)).startswith("graded 1 submission in 2 s, 30.0")


def test_classroom50_is_told_what_its_own_runner_says(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL", "CLASSROOM"):
        monkeypatch.setenv(name, name.lower())
    monkeypatch.delenv("REVIEW_URL", raising=False)
    room = grade_files.as_classroom50(graded("ada", True))
    assert room["classroom"] == "classroom" and room["submission"] == "submission_tag"
    assert room["review"] == room["commit"] == "commit_url", "without a review it is the commit"
