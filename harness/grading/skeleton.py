"""A lab's sources as a student finds them: without solutions, and with one mistake to find."""

import re
import textwrap
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.base.errors import SetupError
from harness.catalogue import exercises
from harness.catalogue.exercises import Exercise
from harness.catalogue.labs import Lab
from harness.runs import workshop

SUFFIXES = (".c", ".h")

# Of a line in the kernel's style, with tabs of eight.
_WIDTH, _TAB = 80, 8

_DECLARATION = re.compile(r"(?!return |goto )\w[\w ]* \*?\w+( =.*)?;")


def sources(lab: Lab, unsolved: Iterable[Exercise] | None = None) -> dict[str, str]:
    """Return a lab's sources by name, as they are with some exercises unsolved, by default all.

    Raises SetupError if a patch or a quote does not fit.
    """
    left = exercises.read(lab) if unsolved is None else list(unsolved)
    texts = _with_mistakes(lab, [one for one in left if one.mistake])
    for name in texts:
        own = [one for one in left if one.source == name and not one.mistake]
        texts[name] = _without_solutions(texts[name], own)
    return texts


def _with_mistakes(lab: Lab, hunts: list[Exercise]) -> dict[str, str]:
    """Return the sources with what is wrong in the mistakes to find."""
    names = sorted(path.name for path in lab.directory.iterdir() if path.suffix in SUFFIXES)
    with TemporaryDirectory() as scratch:
        directory = Path(scratch)
        for name in names:
            (directory / name).write_text((lab.directory / name).read_text())
        for hunt in hunts:
            assert hunt.patch
            try:
                workshop.apply(hunt.patch, directory)
            except workshop.DoesNotApply as error:
                raise SetupError(f"{hunt.patch} does not apply:\n{error}") from error
        return {name: (directory / name).read_text() for name in names}


def _without_solutions(text: str, left: list[Exercise]) -> str:
    lines = text.splitlines()
    spans = [(exercise.span(text), exercise) for exercise in left]
    # From the end, so that the lines before keep their numbers.
    for span, exercise in sorted(spans, key=lambda one: one[0].first, reverse=True):
        first = lines[span.first]
        indent = first[: len(first) - len(first.lstrip())]
        fresh = _instead(exercise, indent)
        if _DECLARATION.fullmatch(lines[span.first - 1].strip()) and not _declares(exercise):
            fresh.insert(0, "")
        lines[span.first : span.end] = fresh
    return "\n".join(lines) + "\n"


def _declares(exercise: Exercise) -> bool:
    """Whether what stands there instead begins with a declaration."""
    return bool(_DECLARATION.match(exercise.instead.strip()))


def heading(exercise: Exercise) -> str:
    """Return the first line of the comment that stands in place of a solution."""
    points = "1 point" if exercise.points == 1 else f"{exercise.points} points"
    return f"TODO {exercise.name}, {points}: {exercise.title}"


def _instead(exercise: Exercise, indent: str) -> list[str]:
    """Return the lines that a student finds in place of a solution."""
    width = _WIDTH - len(indent) * _TAB - len(" * ")
    said = textwrap.wrap(exercise.todo, width, break_on_hyphens=False, break_long_words=False)
    comment = ["/*", f" * {heading(exercise)}", " *", *[f" * {line}" for line in said], " */"]
    code = textwrap.dedent(exercise.instead.strip("\n")).splitlines()
    return [indent + line if line else "" for line in (*comment, *code)]
