"""Grading a class: what is graded, what is not graded again, and who has no mark."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.base.errors import RequestError
from harness.base.paths import LABS
from harness.catalogue.labs import choose
from harness.grading import executors, grade, submissions, tasks
from harness.grading.grade import Class
from harness.grading.graded import Graded, GradedExercise, GradedLab
from harness.grading.outcome import ClassMarks, MarksFolder
from harness.grading.tasks import GradingTask, Settings
from harness.tests.conftest import Kmaplab

_SOURCE = "02_pages/lab_pages.c"
_SETTINGS = Settings(("lab_pages",), "6.1", findings=False)


def marks_of(task: GradingTask) -> Graded:
    """Grade without a guest: a source earns its length."""
    points = len(task.handed.files.get(_SOURCE, b""))
    lab = GradedLab("lab_pages", "", (GradedExercise("pages/1", "", 100, points),))
    return Graded(task.student, task.digest, task.seed, "6.1", (lab,))


class Graders:
    """An executor that notes whom it grades, and stops after so many."""

    def __init__(self, most: int = 100) -> None:
        self.seen: list[str] = []
        self.most = most

    def __call__(self, todo: list[GradingTask]) -> Iterator[tuple[GradingTask, Graded | str]]:
        for task in todo:
            if len(self.seen) == self.most:
                raise KeyboardInterrupt
            self.seen.append(task.student.key)
            yield task, grade.attempt(marks_of, task)


@pytest.fixture
def this(tmp_path: Path) -> Class:
    """Return a class of three."""
    for name in ("ada", "ben", "cyd"):
        path = tmp_path / "in" / name / _SOURCE
        path.parent.mkdir(parents=True)
        path.write_text(name)
    return Class(tmp_path / "in", MarksFolder(tmp_path / "out"), choose("pages"), _SETTINGS)


def graded(this: Class, graders: Graders) -> ClassMarks:
    return grade.grade(this, graders)[0]


def test_only_what_changed_is_graded_again(this: Class) -> None:
    first = graded(this, Graders())
    assert [one.earned for one in first.graded] == [3, 3, 3] and len(first.new) == 3
    (this.directory / "ada" / "notes.txt").write_text("not taken, so nothing has changed")
    (this.directory / "ben" / _SOURCE).write_text("longer")
    again = Graders()
    second = graded(this, again)
    assert again.seen == ["ben"] and [one.earned for one in second.graded] == [3, 6, 3]


def test_what_was_interrupted_goes_on_where_it_stopped(this: Class) -> None:
    with pytest.raises(KeyboardInterrupt):
        graded(this, Graders(most=2))
    rest = Graders()
    assert len(graded(this, rest).graded) == 3
    assert rest.seen == ["cyd"]


def test_other_settings_and_another_project_have_all_graded_again(
    this: Class, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded(this, Graders())
    other = Class(this.directory, this.place, this.labs, Settings(("lab_pages",), "6.1", True))
    assert len(graded(other, Graders()).new) == 3
    monkeypatch.setattr(tasks, "project", lambda: "another")
    assert len(graded(other, Graders()).new) == 3


def test_the_seed_repeats_for_a_class_and_is_another_for_each_submission(this: Class) -> None:
    first = graded(this, Graders()).graded
    seeds = [one.seed for one in first]
    assert len(set(seeds)) == 3
    for one in first:
        (this.place.folder(one.student) / "result.json").unlink()
    assert [one.seed for one in graded(this, Graders()).graded] == seeds
    elsewhere = Class(this.directory, MarksFolder(this.directory / ".new"), this.labs, _SETTINGS)
    assert not set(seeds) & {one.seed for one in graded(elsewhere, Graders()).graded}
    secret = this.place.directory / "work/secret"
    assert secret.stat().st_mode & 0o077 == 0, "others can read what the seeds are made with"


def test_what_has_no_mark_is_a_line_each(this: Class) -> None:
    (this.directory / "dan.zip").write_text("no archive")
    (this.directory / "ada.zip").write_text("twice")
    (this.directory / "README").touch()
    done = graded(this, Graders())
    assert [one.student.key for one in done.graded] == ["ben", "cyd"]
    assert len(done.problems) == 3 and all("\n" not in text for text in done.problems)


def test_a_bug_costs_nobody_elses_mark(this: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = marks_of

    def fail(task: GradingTask) -> Graded:
        if task.student.key == "ben":
            raise KeyError("pages")
        return usual(task)

    monkeypatch.setitem(globals(), "marks_of", fail)
    done = graded(this, Graders())
    assert [one.student.key for one in done.graded] == ["ada", "cyd"]
    assert done.problems == ["ben has no mark: this is a bug in kmaplab: KeyError('pages')"]


def test_a_task_is_the_same_behind_a_file(this: Class, tmp_path: Path) -> None:
    path = this.directory / "ada" / _SOURCE
    path.write_bytes(b"\0\xff" + path.read_bytes())
    task = grade.task_of(submissions.of_path(path.parents[1]), this.labs, _SETTINGS, b"key")
    task.write(tmp_path / "ada.task")
    assert tasks.read(tmp_path / "ada.task") == task
    (tmp_path / "ada.task").write_text("{}")
    with pytest.raises(RequestError, match="is no task"):
        tasks.read(tmp_path / "ada.task")


@pytest.mark.parametrize(
    "arguments, text",
    [
        (("--executor", "condor"), "EXECUTOR=condor is unknown: choose from local, slurm, ssh"),
        (("--executor", "slurm"), "EXECUTOR=slurm "),
        (("--executor", "ssh"), "EXECUTOR=ssh needs"),
        (("--findings", "some"), "FINDINGS=some is unknown"),
        (("--submissions", "/nowhere"), "SUBMISSIONS=/nowhere is no folder"),
        (("--submissions", str(LABS / "core/mistakes/nothing")), "is no folder"),
        (("--lab", "nothing"), "LAB=nothing is unknown"),
        (("--one", "/nowhere.zip"), "/nowhere.zip is neither a folder nor an archive"),
    ],
)
def test_a_wrong_request_is_one_line(
    kmaplab: Kmaplab, tmp_path: Path, arguments: tuple[str, ...], text: str
) -> None:
    (tmp_path / "ada").mkdir()
    usual = ("--submissions", tmp_path, "--out", tmp_path / "out")
    # A cluster that is there must not be asked.
    nowhere = {"SLURM_CONF": "/nowhere/slurm.conf"}
    said = kmaplab("grade", *usual, *arguments, environment=nowhere).expect(2).err
    assert text in said and said.count("\n") == 1, said


def test_without_arguments_it_says_what_it_needs(kmaplab: Kmaplab) -> None:
    assert "SUBMISSIONS=dir and OUT=dir" in kmaplab("grade").expect(2).err


def test_the_executor_of_this_machine_is_the_default() -> None:
    place = MarksFolder(Path("/nowhere"))
    assert isinstance(executors.choose("local", place, None, None), executors.Local)
