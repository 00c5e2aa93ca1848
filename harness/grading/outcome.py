"""Where the marks of a class are kept, and what came of grading it.

Below OUT, which a caller names:

    students/KEY/result.json    a student's marks; all other files there are made of it
    work/KEY.task, KEY.result   what another machine is given, and what it answers
    work/secret                 what the seeds are made with
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.errors import RequestError
from harness.grading import tasks
from harness.grading.graded import Graded
from harness.grading.submissions import Student
from harness.grading.tasks import GradingTask


@dataclass(frozen=True)
class MarksFolder:
    """The folder OUT."""

    directory: Path

    def prepare(self) -> None:
        """Make the folders. Raises RequestError if that cannot be."""
        try:
            for folder in ("students", "work"):
                (self.directory / folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RequestError(f"OUT={self.directory} cannot be used: {error.strerror}") from error

    @property
    def work(self) -> Path:
        """The folder of what is needed to grade, absolute."""
        return self.directory.resolve() / "work"

    def secret(self) -> bytes:
        """Return the secret of this class."""
        return tasks.secret(self.work / "secret")

    def folder(self, student: Student) -> Path:
        """Return the folder of a student's files."""
        return self.directory / "students" / student.key

    def task_file(self, student: Student) -> Path:
        """Return the file of a student's task."""
        return self.work / f"{student.key}{tasks.SUFFIX}"

    def kept(self, task: GradingTask) -> Graded | None:
        """Return the marks that there are of a task, None if there are none."""
        found = load(self.folder(task.student) / "result.json")
        return found if found and found.digest == task.digest else None

    def keep(self, graded: Graded) -> None:
        """Keep a student's marks."""
        folder = self.folder(graded.student)
        folder.mkdir(exist_ok=True)
        save(graded, folder / "result.json")


def load(path: Path) -> Graded | None:
    """Return the marks in a file; None if there are none."""
    try:
        return Graded.of_data(json.loads(path.read_text()))
    except (OSError, ValueError):
        return None


def save(graded: Graded, path: Path) -> None:
    """Write marks to a file, in one step."""
    tasks.write_whole(path, json.dumps(graded.as_data(), indent=2) + "\n")


@dataclass
class ClassMarks:
    """What came of a class: the marks, and a line for each that got none.

    ``new`` are the marks that were not there before, and ``seconds`` the wall time that they
    took together.
    """

    graded: list[Graded] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    new: list[Graded] = field(default_factory=list)
    seconds: float = 0

    @property
    def a_minute(self) -> float:
        """How many were graded in a minute."""
        return 60 * len(self.new) / self.seconds if self.seconds else 0

    @property
    def parts(self) -> dict[str, float]:
        """What part of the time each step has taken; what remains is all else."""
        every = sum(one.seconds.get("all", 0) for one in self.new)
        names = dict.fromkeys(name for one in self.new for name in one.seconds if name != "all")
        return {
            name: sum(one.seconds.get(name, 0) for one in self.new) / every
            for name in names
            if every
        }
