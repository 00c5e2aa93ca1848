"""A student's marks, with all that explains them, as JSON keeps them.

All forms of a mark are written from this: docs/grade.schema.json describes it.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from harness.grading.submissions import Student

FORMAT = "kmaplab/grade/v1"


@dataclass(frozen=True)
class GradedFailure:
    """Why points were lost: which check of which clause failed where, and what it found.

    ``line`` is the place in the student's source, as "lab_pages.c:57", and ``code`` what stands
    there, both empty where nobody knows it.
    """

    clause: str
    check: str
    where: str
    text: str
    function: str = ""
    line: str = ""
    code: str = ""


@dataclass(frozen=True)
class GradedExercise:
    """An exercise, and the points that it has earned: all or none."""

    name: str
    title: str
    points: int
    earned: int
    failures: tuple[GradedFailure, ...] = ()


@dataclass(frozen=True)
class GradedLab:
    """A lab with its exercises.

    ``problem`` says why it could not be judged as usual, with what the compiler or the kernel
    said. ``others`` is what was found that belongs to no exercise. ``unusual`` are symbols that
    its module imports though no lab of the project does.
    """

    lab: str
    title: str
    exercises: tuple[GradedExercise, ...]
    problem: str | None = None
    others: tuple[GradedFailure, ...] = ()
    unusual: tuple[str, ...] = ()

    @property
    def earned(self) -> int:
        return sum(exercise.earned for exercise in self.exercises)

    @property
    def possible(self) -> int:
        return sum(exercise.points for exercise in self.exercises)


@dataclass(frozen=True)
class Graded:
    """All that a student is told.

    ``digest`` is of all that the marks follow from, ``seed`` what the contents of all memory
    did. ``notes`` say what was left out of the submission, ``problem`` why nothing was taken.
    ``seconds`` are wall time.
    """

    student: Student
    digest: str
    seed: int
    kernel: str
    labs: tuple[GradedLab, ...]
    notes: tuple[str, ...] = ()
    problem: str | None = None
    seconds: dict[str, float] = field(default_factory=dict, compare=False)

    @property
    def earned(self) -> int:
        return sum(lab.earned for lab in self.labs)

    @property
    def possible(self) -> int:
        return sum(lab.possible for lab in self.labs)

    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds."""
        data = asdict(self) | {"seed": f"0x{self.seed:x}"}
        for lab, ours in zip(data["labs"], self.labs):
            lab |= {"earned": ours.earned, "possible": ours.possible}
        marks = {"earned": self.earned, "possible": self.possible}
        return {"format": FORMAT, **marks, **data}

    @staticmethod
    def of_data(data: dict[str, Any]) -> "Graded":
        """Read what as_data() made. Raises ValueError if it is something else."""
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise ValueError(f"no mark of the format {FORMAT}")
        try:
            return Graded(
                student=Student(**data["student"]),
                digest=data["digest"],
                seed=int(data["seed"], 16),
                kernel=data["kernel"],
                labs=tuple(_lab_of(lab) for lab in data["labs"]),
                notes=tuple(data["notes"]),
                problem=data["problem"],
                seconds=data["seconds"],
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no mark: {error}") from error


def _lab_of(data: dict[str, Any]) -> GradedLab:
    exercises = tuple(_exercise_of(one) for one in data["exercises"])
    others = tuple(GradedFailure(**one) for one in data["others"])
    unusual = tuple(str(symbol) for symbol in data["unusual"])
    return GradedLab(data["lab"], data["title"], exercises, data["problem"], others, unusual)


def _exercise_of(data: dict[str, Any]) -> GradedExercise:
    failures = tuple(GradedFailure(**one) for one in data["failures"])
    return GradedExercise(data["name"], data["title"], data["points"], data["earned"], failures)
