"""A student's folder as it is checked, and what is remembered there from one check to the next.

    WORK/.kmaplab.progress.json     which points were earned last, and how many hints were shown
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.errors import RequestError
from harness.base.paths import LABS
from harness.base.progress import say
from harness.catalogue import labs
from harness.catalogue.exercises import Exercise
from harness.catalogue.labs import Lab
from harness.grading import workspace
from harness.grading.judge import LabVerdict

MEMORY = ".kmaplab.progress.json"
_FORMAT = 1

_MAKE_ONE = "make skels LAB=all DEST=dir writes one"


@dataclass
class Progress:
    """What is remembered, by the names of exercises: points earned last, hints shown."""

    earned: dict[str, int] = field(default_factory=dict)
    hints: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """A workspace, or any other copy of labs/."""

    directory: Path

    @staticmethod
    def open(text: str | None) -> "Work":
        """Return the folder that WORK= names.

        Raises RequestError if it is none to be checked, or a workspace of another format.
        """
        if not text:
            raise RequestError(f"WORK= must name the workspace to check: {_MAKE_ONE}")
        directory = Path(text).resolve()
        if not directory.is_dir():
            what = "is a file" if directory.exists() else "is not there"
            raise RequestError(f"WORK={text} {what}: it must be a workspace; {_MAKE_ONE}")
        workspace.read_manifest(directory)
        work = Work(directory)
        if not work.labs:
            names = ", ".join(lab.directory.name for lab in labs.all_labs())
            raise RequestError(f"WORK={text} holds no lab, as {names}: {_MAKE_ONE}")
        return work

    @property
    def labs(self) -> list[Lab]:
        """The labs that are there, in their order."""
        every = labs.all_labs()
        return [lab for lab in every if (self.directory / lab.directory.name).is_dir()]

    def choose(self, wanted: str | None) -> list[Lab]:
        """Return the labs in LAB=, or all that are there.

        Raises RequestError for one that is unknown, or not there.
        """
        chosen = labs.choose(wanted) if wanted else self.labs
        for lab in chosen:
            if lab not in self.labs:
                raise RequestError(
                    f"LAB={lab.name} is not there: {self.directory} has no folder "
                    f"{lab.directory.name}; make skels LAB={lab.name} DEST={self.directory} "
                    "writes it"
                )
        return chosen

    @property
    def progress(self) -> Progress:
        """What is remembered; nothing if the file is damaged."""
        try:
            facts = json.loads((self.directory / MEMORY).read_text())
            earned, hints = facts["earned"], facts["hints"]
            numbers = (*earned.values(), *hints.values())
            if facts["format"] == _FORMAT and all(isinstance(one, int) for one in numbers):
                return Progress(earned, hints)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            pass
        return Progress()

    def remember(self, progress: Progress) -> None:
        """Keep it for the next time. The project's own labs have no student."""
        if self.directory == LABS:
            return
        facts = {"format": _FORMAT, **vars(progress)}
        new = self.directory / f"{MEMORY}.new"
        try:
            new.write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")
            new.replace(self.directory / MEMORY)
        except OSError as error:
            say(f"nothing is remembered of this: {new}: {error.strerror}")

    def remember_marks(self, verdicts: list[LabVerdict]) -> None:
        """Keep which points were earned."""
        progress = self.progress
        for verdict in verdicts:
            progress.earned |= {mark.exercise.name: mark.earned for mark in verdict.marks}
        self.remember(progress)


def next_of(chosen: list[Exercise], progress: Progress) -> Exercise | None:
    """Return the first exercise that has not earned its points yet, None if all have."""
    return next((one for one in chosen if not progress.earned.get(one.name)), None)
