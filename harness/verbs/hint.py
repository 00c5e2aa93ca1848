"""The verb hint: the next hint for an exercise."""

from argparse import Namespace

from harness.base.errors import RequestError
from harness.catalogue import exercises
from harness.catalogue.exercises import Exercise
from harness.grading import work as grading_work
from harness.grading.work import Work


def main(args: Namespace) -> int:
    """Print one more hint, or all; return the exit status."""
    work = Work.open(args.work)
    exercise = _choose(work, args)
    if not exercise:
        print("All exercises have earned their points: there is nothing to hint at.")
        return 0
    progress = work.progress
    shown = progress.hints.get(exercise.name, 0)
    count = len(exercise.hints) if args.all else min(shown + 1, len(exercise.hints))
    print(f"{exercise.name} {exercise.title}")
    for number, text in enumerate(exercise.hints[:count], 1):
        print(f"    {number} of {len(exercise.hints)}: {text}")
    if shown >= len(exercise.hints):
        print("    That is all. The lesson says more.")
    progress.hints[exercise.name] = max(shown, count)
    work.remember(progress)
    return 0


def _choose(work: Work, args: Namespace) -> Exercise | None:
    """Return the exercise in EXERCISE=, or the first that is not solved yet.

    Raises RequestError for one that is unknown.
    """
    every = exercises.all_of(work.choose(args.lab))
    if not args.exercise:
        return grading_work.next_of(every, work.progress)
    for one in every:
        if args.exercise in (one.name, f"lab_{one.name}"):
            return one
    known = ", ".join(one.name for one in every)
    raise RequestError(f"EXERCISE={args.exercise} is unknown: choose from {known or 'none'}")
