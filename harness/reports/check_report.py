"""What `make check` prints: the mark and the next thing to do, before all else."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK
from harness.catalogue.exercises import Exercise
from harness.grading.judge import Failure, LabTrouble, LabVerdict, Mark
from harness.reports import tables, verdict
from harness.reports.forms import Report, seed_text
from harness.results import diagnosis

FORMAT = "kmaplab/check/v1"

_BROKEN = (LabTrouble.CRASHED, LabTrouble.HUNG, LabTrouble.NO_SENSE)
_NEVER_LOADED = (LabTrouble.NOT_COMPILED, LabTrouble.REFUSED, LabTrouble.MISSING)

# Of what is found besides, and of what a check says, in lines.
_MOST_OTHERS = 3
_MOST_TEXT = 300


@dataclass(frozen=True)
class CheckReport(Report):
    """The verdicts on the labs in ``work``.

    ``hints`` are how many of each exercise's were shown; ``before`` are the points of the last
    time by exercise, None if nobody wants to know what changed. ``after`` is the exercise to go
    on with when these labs have all their points.
    """

    work: Path
    verdicts: list[LabVerdict]
    seed: int
    hints: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] | None = None
    after: Exercise | None = None

    @property
    def status(self) -> int:
        """The exit status that the verdicts call for."""
        if any(one.trouble in _BROKEN for one in self.verdicts):
            return GUEST_BROKEN
        good = all(one.earned == one.possible and not one.others for one in self.verdicts)
        return OK if good else CHECK_FAILED

    @property
    def next(self) -> tuple[LabVerdict, Mark] | None:
        """What to do next: the first exercise that has not earned its points.

        In a lab that ends its guest it is the one in whose function that was.
        """
        for one in self.verdicts:
            lost = [mark for mark in one.marks if not mark.earned]
            if lost and one.trouble is not LabTrouble.SKIPPED:
                fatal = _crashed(one, lost) if one.trouble else []
                return one, [*fatal, *lost][0]
        return None

    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds."""
        found = self.next
        return {
            "format": FORMAT,
            "work": str(self.work),
            "seed": seed_text(self.seed),
            "status": self.status,
            "earned": sum(one.earned for one in self.verdicts),
            "possible": sum(one.possible for one in self.verdicts),
            "next": found[1].exercise.name if found else None,
            "labs": [self._lab_as_data(one) for one in self.verdicts],
        }

    def _lab_as_data(self, one: LabVerdict) -> dict[str, Any]:
        crash = one.crash
        return {
            "lab": one.lab.name,
            "earned": one.earned,
            "possible": one.possible,
            "trouble": one.trouble.value if one.trouble else None,
            "problem": one.problem,
            "details": list(one.details),
            "crash": verdict.crash_lines(crash, self.work) if crash else None,
            "exercises": [
                {
                    "name": mark.exercise.name,
                    "title": mark.exercise.title,
                    "points": mark.exercise.points,
                    "earned": mark.earned,
                    "failures": [asdict(failure) for failure in mark.failures],
                }
                for mark in one.marks
            ],
            "others": [asdict(failure) for failure in one.others],
        }

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield each line with its style: the mark and what is next, then all exercises."""
        found = self.next
        earned = sum(one.earned for one in self.verdicts)
        possible = sum(one.possible for one in self.verdicts)
        names = self.verdicts[0].lab.name if len(self.verdicts) == 1 else "all labs"
        if found:
            yield f"{names}: {earned} of {possible} points; next: {_what_next(*found)}", "bold red"
        else:
            yield f"{names}: {earned} of {possible} points", "bold green"
            if after := self.after:
                yield f"    next: {after.name} {after.title}, in {after.lab.directory.name}", "bold"
        yield from ((line, "bold") for line in self._changes())
        if found:
            yield from ((line, "") for line in self._to_do(*found))
        yield "", ""
        for one in self.verdicts:
            yield from self._table(one)
        for one in self.verdicts:
            yield from ((line, "") for line in self._besides(one))

    def _changes(self) -> Iterator[str]:
        """Yield what was earned and lost since the last time."""
        if self.before is None:
            return
        marks = [mark for one in self.verdicts for mark in one.marks]
        for word, is_it in (("earned", True), ("lost", False)):
            changed = [
                mark.exercise
                for mark in marks
                if mark.exercise.name in (self.before or {})
                if bool(mark.earned) is is_it and bool(self.before[mark.exercise.name]) is not is_it
            ]
            if changed:
                sum_of = sum(one.points for one in changed)
                text = ", ".join(f"{one.name} {one.title}" for one in changed)
                yield f"{word} since the last run: {_points(sum_of)}: {text}"

    def _to_do(self, one: LabVerdict, mark: Mark) -> Iterator[str]:
        """Yield what is wrong with an exercise, and where to look."""
        if one.trouble:
            yield f"    {one.lab.name} {_trouble_of(one)}"
            yield from (f"    {line}" for line in one.details)
        # What a part says that is still to be written is no news.
        others = [other for other in _crashed(one, one.marks) if not other.earned]
        if one.crash and (one.trouble or mark in others or not others):
            yield from verdict.crash_lines(one.crash, self.work)
        if one.trouble in _NEVER_LOADED:
            return
        failure = _nearest(mark.failures)
        if failure and not one.trouble:
            yield from self._failure(one, failure)
        yield from self._place(one, mark)
        if failure and not one.trouble and (said := verdict.hint_of(one.lab, failure.check)):
            yield f"    hint: {said}"
        else:
            yield from self._hint(mark.exercise)

    def _failure(self, one: LabVerdict, failure: Failure) -> Iterator[str]:
        number = {clause.number: clause for clause in verdict.clauses()}
        yield f"    breaks clause {number.get(failure.clause, failure.clause)}"
        if failure.check:
            yield f"    check: {failure.check}, on {failure.where}"
        yield f"    found: {failure.text[:_MOST_TEXT]}"

    def _place(self, one: LabVerdict, mark: Mark) -> Iterator[str]:
        failure = _nearest(mark.failures)
        if failure and failure.function:
            folder = one.lab.directory.name
            where = f"{verdict.shown(self.work / folder / mark.exercise.source)}:{failure.line}"
            yield f"    look at: {failure.function}() in {where}"

    def _hint(self, exercise: Exercise) -> Iterator[str]:
        shown = min(self.hints.get(exercise.name, 0), len(exercise.hints))
        if shown:
            yield f"    hint: {exercise.hints[shown - 1]}"
        if shown < len(exercise.hints):
            what = f"make hint WORK={verdict.shown(self.work)} EXERCISE={exercise.name}"
            yield f"    {'the next hint' if shown else 'a hint'}: {what}"

    def _table(self, one: LabVerdict) -> Iterator[tuple[str, str]]:
        """Yield a line for each exercise, and one for a lab that has earned all."""
        if one.trouble is LabTrouble.SKIPPED:
            yield f"    -  {one.lab.name}: {one.problem}", "yellow"
            return
        if one.earned == one.possible and len(self.verdicts) > 1:
            yield f"{one.earned:2} of {one.possible:2}  {one.lab.name}, all of it", "green"
            return
        for mark in one.marks:
            clauses = dict.fromkeys(failure.clause for failure in mark.failures)
            why = f"clause{'s' * (len(clauses) > 1)} {', '.join(clauses)}" if clauses else ""
            why = str(one.trouble.value) if one.trouble and clauses else why
            points = mark.exercise.points
            text = (
                f"{mark.earned:2} of {points:2}  {mark.exercise.name:12} {mark.exercise.title:34}"
            )
            yield f"{text} {why[:_MOST_TEXT]}".rstrip(), "green" if mark.earned else "red"

    def _besides(self, one: LabVerdict) -> Iterator[str]:
        for failure in one.others[:_MOST_OTHERS]:
            text = failure.text[:_MOST_TEXT]
            clause = f", clause {failure.clause}" if failure.clause else ""
            yield f"besides: {one.lab.name}: {failure.check} on {failure.where}{clause}: {text}"

    def print_table(self) -> None:
        """Print it for people."""
        console = tables.open_console()
        for line, style in self.lines():
            tables.say(console, line, style)


def _crashed(one: LabVerdict, marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks of the exercises whose functions the kernel's report names."""
    crashed = {frame.function for frame in one.crash.frames} if one.crash else set()
    return [
        mark for mark in marks if mark.exercise.function in crashed and not mark.exercise.mistake
    ]


def _what_next(one: LabVerdict, mark: Mark) -> str:
    """Say in a line what to do."""
    if one.trouble is LabTrouble.NOT_COMPILED:
        return f"{one.lab.name} has to compile"
    if one.trouble is LabTrouble.REFUSED:
        return f"{one.lab.name} has to do without the calls that are named above"
    exercise = mark.exercise
    return f"{exercise.name} {exercise.title} ({_points(exercise.points)})"


def _points(number: int) -> str:
    return f"{number} point{'s' * (number != 1)}"


def _trouble_of(one: LabVerdict) -> str:
    """Return what kept a lab from being checked whole; the compiler's own words stand below."""
    what = one.trouble.value if one.trouble else ""
    if one.trouble is LabTrouble.NOT_COMPILED and one.details:
        return str(what)
    said = (one.problem or "").removeprefix(f"{one.lab.name} ")
    says_itself = (LabTrouble.MISSING, LabTrouble.REFUSED)
    return said if one.trouble in says_itself else f"{what}: {said}"


def _nearest(failures: Sequence[Failure]) -> Failure | None:
    """Return the failure that is nearest to the cause."""
    found = diagnosis.diagnose({one.check: [one.text] for one in failures}, verdict.clauses())
    check = found.check if found else None
    return next((one for one in failures if one.check == check), None)
