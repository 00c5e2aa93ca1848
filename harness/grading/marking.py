"""From a task to its marks, on this machine."""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from harness.base.paths import BUILD
from harness.base.tools import printable
from harness.catalogue import exercises, labs
from harness.catalogue.labs import Lab
from harness.grading.graded import Graded, GradedExercise, GradedFailure, GradedLab
from harness.grading.judge import Failure, Judging, LabVerdict, Mark
from harness.grading.tasks import GradingTask
from harness.kernels.request import Request
from harness.kernels.targets import Target, target

# Seconds of wall time until a guest is ended whatever it says.
_LIMIT = 120.0

# Of a line of the kernel's log.
_TIME = re.compile(r"^\[ *\d+\.\d{6}\] ", re.MULTILINE)

# Of a student's line so many characters are shown.
_MOST_CODE = 200
# Of what was found, and of what a compiler says.
_MOST_TEXT = 4000


def mark(task: GradingTask) -> Graded:
    """Grade a task. Raises KmaplabError if this machine cannot: that is no fault of the student."""
    begun = time.monotonic()
    seconds: dict[str, float] = {}
    chosen = [lab for lab in labs.all_labs() if lab.name in task.settings.labs]
    if task.handed.problem:
        judged = [_not_judged(lab, task.handed.problem) for lab in chosen]
    else:
        with _workbench() as place:
            task.handed.write(place)
            request = Request(
                target(task.settings.series, Target().arch),
                labs=place,
                seed=task.seed,
                limit=_LIMIT,
            )
            judging = Judging(request, chosen)
            judging.look()
            for _ in judging.look_further() if task.settings.findings else ():
                pass
        verdicts, seconds = judging.verdicts, judging.seconds
        judged = [_JudgedCopy(place, task.handed.files).lab(verdict) for verdict in verdicts]
    return Graded(
        student=task.student,
        digest=task.digest,
        seed=task.seed,
        kernel=task.settings.series,
        labs=tuple(judged),
        notes=task.handed.notes,
        problem=task.handed.problem,
        seconds={
            name: round(value, 2)
            for name, value in (seconds | {"all": time.monotonic() - begun}).items()
        },
    )


def _not_judged(lab: Lab, problem: str) -> GradedLab:
    """Return a lab of which nothing was handed in: it costs no guest."""
    lost = tuple(GradedExercise(one.name, one.title, one.points, 0) for one in exercises.read(lab))
    return GradedLab(lab.name, lab.title, lost, problem)


@dataclass(frozen=True)
class _JudgedCopy:
    """What was judged: the folder that it was in, and the sources. No path of it is shown."""

    place: Path
    files: dict[str, bytes]

    def lab(self, verdict: LabVerdict) -> GradedLab:
        """Return a verdict as it is kept."""
        done = tuple(self._exercise(mark) for mark in verdict.marks)
        name = verdict.lab.directory.name
        others = tuple(self._failure(one, f"{name}/{verdict.lab.name}.c") for one in verdict.others)
        problem = self._problem(verdict)
        return GradedLab(
            verdict.lab.name, verdict.lab.title, done, problem, others, verdict.unusual
        )

    def _problem(self, verdict: LabVerdict) -> str | None:
        crash = verdict.crash
        lines = [verdict.problem] if verdict.problem else []
        lines += verdict.details
        lines += [crash.begins, *(f"{one}: {one.text}" for one in crash.frames)] if crash else []
        return self._shown("\n".join(lines)) if lines else None

    def _exercise(self, mark: Mark) -> GradedExercise:
        one = mark.exercise
        source = f"{one.lab.directory.name}/{one.source}"
        failures = tuple(self._failure(failure, source) for failure in mark.failures)
        return GradedExercise(one.name, one.title, one.points, mark.earned, failures)

    def _failure(self, failure: Failure, source: str) -> GradedFailure:
        place, code = self._line(source, failure.line)
        text = self._shown(failure.text)
        function = failure.function
        return GradedFailure(
            failure.clause, failure.check, failure.where, text, function, place, code
        )

    def _line(self, source: str, line: int | None) -> tuple[str, str]:
        """Return a place in a student's source, and what stands there."""
        lines = self.files.get(source, b"").decode(errors="replace").split("\n")
        if not line or line > len(lines):
            return "", ""
        code = printable(lines[line - 1].strip())[:_MOST_CODE]
        return f"{source.rpartition('/')[2]}:{line}", code

    def _shown(self, text: str) -> str:
        """Return a text without what is another one each time: the copy's path, and the time
        that the kernel puts before what it says.
        """
        return printable(_TIME.sub("", text.replace(f"{self.place}/", "")))[:_MOST_TEXT]


@contextmanager
def _workbench() -> Iterator[Path]:
    """Give an empty folder whose path others have used before, one after the other.

    So kbuild finds what it has made there last, and makes only what differs.
    """
    home = BUILD / "grading"
    home.mkdir(parents=True, exist_ok=True)
    number = 0
    while True:
        lock = os.open(home / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            number += 1
            continue
        try:
            place = home / str(number)
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            yield place
            return
        finally:
            os.close(lock)
