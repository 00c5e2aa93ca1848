"""Grading a class: what is to be done, by whom, and what came of it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import KmaplabError
from harness.base.progress import Step, step
from harness.build.taken import shown
from harness.catalogue.labs import Lab
from harness.grading import submissions, tasks
from harness.grading.graded import Graded
from harness.grading.outcome import ClassMarks, MarksFolder
from harness.grading.submissions import HandedIn, Submission, Unreadable
from harness.grading.tasks import Settings, GradingTask

# Does tasks, and yields each with its marks, or with why there are none, as they come.
Executor = Callable[[list[GradingTask]], Iterator[tuple[GradingTask, Graded | str]]]


@dataclass(frozen=True)
class Class:
    """A folder of submissions, and how they are graded. ``place`` keeps what comes of it."""

    directory: Path
    place: MarksFolder
    labs: list[Lab]
    settings: Settings


def task_of(submission: Submission, labs: list[Lab], settings: Settings, key: bytes) -> GradingTask:
    """Return what is to be graded of a submission. Raises Unreadable."""
    handed = submissions.read(submission, labs)
    return GradingTask(submission.student, handed, settings, tasks.seed_of(key, handed))


def grade(this: Class, executor: Executor) -> tuple[ClassMarks, dict[str, HandedIn]]:
    """Grade a class; return what came of it, and what each student has handed in.

    What was graded before, and would come out the same, is not graded again. Raises
    RequestError if there is nothing to grade.
    """
    found = submissions.find(this.directory)
    this.place.prepare()
    outcome = ClassMarks(problems=[*found.problems])
    todo: list[GradingTask] = []
    handed: dict[str, HandedIn] = {}
    for task in _tasks(this, found.submissions, outcome):
        handed[task.student.key] = task.handed
        kept = this.place.kept(task)
        if kept:
            outcome.graded.append(kept)
        else:
            todo.append(task)
    begun = time.monotonic()
    for task, answer in _with_progress(todo, executor):
        outcome.seconds = time.monotonic() - begun
        if isinstance(answer, Graded):
            this.place.keep(answer)
            outcome.graded.append(answer)
            outcome.new.append(answer)
        else:
            outcome.problems.append(f"{task.student.key} has no mark: {answer}")
    outcome.graded.sort(key=lambda one: one.student.key)
    return outcome, handed


def _tasks(this: Class, found: list[Submission], outcome: ClassMarks) -> Iterator[GradingTask]:
    """Yield the task of each submission that can be read, and note the others."""
    key = this.place.secret()
    with step(f"reading {len(found)} submissions"):
        for submission in found:
            try:
                yield task_of(submission, this.labs, this.settings, key)
            except (Unreadable, OSError) as error:
                why = str(error) if isinstance(error, Unreadable) else error.strerror
                text = f"{submission.student.key} has no mark: it cannot be read: {why}"
                outcome.problems.append(text)


def _with_progress(
    todo: list[GradingTask], executor: Executor
) -> Iterator[tuple[GradingTask, Graded | str]]:
    if not todo:
        return
    begun = time.monotonic()
    with step(f"grading {len(todo)} of the submissions") as progress:
        for done, (task, answer) in enumerate(executor(todo), 1):
            _show(progress, done, len(todo), time.monotonic() - begun)
            yield task, answer


def _show(progress: Step, done: int, every: int, seconds: float) -> None:
    left = seconds / done * (every - done)
    progress.detail = f"{done} done, about {left:.0f} s left"


def attempt(work: Callable[[GradingTask], Graded], task: GradingTask) -> Graded | str:
    """Grade a task; return its marks, or why there are none: the others go on."""
    try:
        return work(task)
    except KmaplabError as error:
        return shown(" ".join(str(error).split()))[:500]
    except Exception as error:  # one submission must not keep the others from their marks
        return shown(f"this is a bug in kmaplab: {error!r}")[:500]
