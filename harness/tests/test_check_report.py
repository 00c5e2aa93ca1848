"""What a student reads: the mark and the next thing to do, on one screen; and hints."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.catalogue import exercises
from harness.catalogue.labs import all_labs
from harness.grading.judge import Failure, LabTrouble, LabVerdict, Mark
from harness.grading.work import MEMORY, Progress, Work
from harness.reports.check_report import CheckReport
from harness.results.crash import Crash, CrashFrame, ReportPart
from harness.tests.conftest import Kmaplab

LAB = all_labs()[0]
EXERCISES = exercises.read(LAB)
MAP = next(one for one in EXERCISES if one.function.endswith("_mmap"))
WRONG = Failure(
    "1.6", "offset_k_shows_page_k", "x86_64 6.1", "page 1: expected 2", MAP.function, 88
)


def verdict(*lost: int) -> LabVerdict:
    """Return one in which some exercises, by number, fail for the same."""
    marks = [
        Mark(one, 0, (WRONG,)) if one.number in lost else Mark(one, one.points) for one in EXERCISES
    ]
    return LabVerdict(LAB, tuple(marks))


def text(*verdicts: LabVerdict, **changes: object) -> list[str]:
    report = CheckReport(Path("/work"), [*verdicts], 1)
    return [line for line, _ in replace(report, **changes).lines()]


def test_first_come_the_mark_and_the_next_thing_to_do() -> None:
    lines = text(verdict(MAP.number, len(EXERCISES)))
    earned = sum(one.points for one in EXERCISES if one.number not in (MAP.number, len(EXERCISES)))
    assert lines[0].startswith(f"lab_kmalloc: {earned} of 20 points; next: {MAP.name} "), lines
    said = "\n".join(lines[1:6])
    for part in ("clause 1.6 A mapping", WRONG.check, "page 1: expected 2", "lab_kmalloc.c:88"):
        assert part in said, f"{part} is not in\n{said}"
    assert any(line.startswith(" 0 of ") and "clause 1.6" in line for line in lines)


def test_one_wrong_lab_fits_on_a_screen_whatever_is_wrong() -> None:
    frames = [CrashFrame(f"f{n}", "01_kmalloc/a.c", n, "x", ReportPart.CRASHED) for n in range(9)]
    everything = {one.number for one in EXERCISES}
    wrong = replace(verdict(*everything), crash=Crash("BUG: bad", tuple(frames)))
    wrong = replace(wrong, trouble=LabTrouble.CRASHED, problem="gone", others=(WRONG,) * 9)
    compiler = replace(wrong, trouble=LabTrouble.NOT_COMPILED, crash=None, details=("e",) * 12)
    for tried in (verdict(*everything), wrong, compiler):
        assert len(text(tried)) <= 24, "\n".join(text(tried))


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (None, 1),
        (LabTrouble.NOT_COMPILED, 1),
        (LabTrouble.REFUSED, 1),
        (LabTrouble.NOT_LOADED, 1),
        (LabTrouble.MISSING, 1),
        (LabTrouble.CRASHED, 3),
        (LabTrouble.HUNG, 3),
        (LabTrouble.NO_SENSE, 3),
    ],
)
def test_the_exit_status_is_that_of_the_worst_lab(trouble: LabTrouble | None, status: int) -> None:
    wrong = replace(verdict(1), trouble=trouble, problem="so")
    assert CheckReport(Path("/work"), [verdict(), wrong], 1).status == status
    assert CheckReport(Path("/work"), [verdict()], 1).status == 0


def test_a_lab_that_cannot_run_there_is_told_and_costs_nothing() -> None:
    skipped = replace(verdict(1), trouble=LabTrouble.SKIPPED, problem="runs from Linux 7.2 on")
    report = CheckReport(Path("/work"), [verdict(), skipped], 1)
    assert report.status == 0 and report.next is None
    assert any("runs from Linux 7.2 on" in line for line in text(verdict(), skipped))


def test_a_crash_leads_to_the_exercise_in_whose_function_it_was() -> None:
    frame = CrashFrame(MAP.function, "01_kmalloc/lab_kmalloc.c", 93, "*p = 1;", ReportPart.CRASHED)
    lost = {one.number for one in EXERCISES}
    crashed = replace(verdict(*lost), trouble=LabTrouble.CRASHED, problem="the guest was gone")
    lines = text(replace(crashed, crash=Crash("BUG: NULL pointer", (frame,))))
    assert f"next: {MAP.name}" in lines[0]
    assert any("01_kmalloc/lab_kmalloc.c:93, in" in line for line in lines), lines
    assert any("*p = 1;" in line for line in lines), lines


def test_what_changed_since_the_last_time_is_told_with_its_points() -> None:
    names = {one.name: one.points for one in EXERCISES}
    before = names | {EXERCISES[0].name: 0}
    lines = text(verdict(MAP.number), before=before)
    assert f"earned since the last run: {EXERCISES[0].points} points" in lines[1]
    assert f"lost since the last run: {MAP.points} points: {MAP.name}" in lines[2]
    assert "since the last run" not in "\n".join(text(verdict(MAP.number)))


def test_json_has_all_that_the_text_has() -> None:
    data = CheckReport(Path("/work"), [verdict(MAP.number)], 7).as_data()
    assert json.loads(json.dumps(data)) == data
    assert (data["earned"], data["possible"], data["next"]) == (20 - MAP.points, 20, MAP.name)
    told = data["labs"][0]["exercises"][MAP.number - 1]["failures"][0]
    assert (told["clause"], told["check"], told["line"]) == ("1.6", WRONG.check, 88)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    """Return a folder with one lab."""
    (tmp_path / LAB.directory.name).mkdir()
    return Work.open(str(tmp_path))


def test_each_call_shows_one_more_hint_until_there_is_none(kmaplab: Kmaplab, work: Work) -> None:
    first = EXERCISES[0]
    for number in range(1, len(first.hints) + 2):
        out = kmaplab("hint", "--work", work.directory).expect(0).out
        shown = [hint for hint in first.hints if hint in out]
        assert shown == list(first.hints[:number]), f"call {number} shows\n{out}"
    assert "That is all" in out and work.progress.hints == {first.name: len(first.hints)}
    other = EXERCISES[1]
    arguments = ("hint", "--work", work.directory, "--exercise", other.name, "--all")
    assert other.hints[-1] in kmaplab(*arguments).expect(0).out


def test_the_hint_is_for_the_first_exercise_that_has_not_earned_its_points(
    kmaplab: Kmaplab, work: Work
) -> None:
    work.remember_marks([verdict(MAP.number, len(EXERCISES))])
    assert kmaplab("hint", "--work", work.directory).expect(0).out.startswith(MAP.name)
    work.remember_marks([verdict()])
    assert "nothing to hint at" in kmaplab("hint", "--work", work.directory).expect(0).out


@pytest.mark.parametrize("damaged", ["", "[]", "{}", '{"format": 1, "earned": {"a": "b"}}'])
def test_a_damaged_memory_is_forgotten(work: Work, damaged: str) -> None:
    (work.directory / MEMORY).write_text(damaged)
    assert work.progress == Progress()
