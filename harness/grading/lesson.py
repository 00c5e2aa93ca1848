"""A lesson as a student gets it: without what gives solutions away, with links that lead somewhere.

What stays out is decided here, and nowhere else.
"""

import os
import re
from collections.abc import Container
from pathlib import Path

from harness.base.paths import LABS, ROOT

# Sections that hold the answers, that name changes which are solutions or mistakes turned
# round, or that quote the lab line by line.
NOT_FOR_STUDENTS = ("Answers", "Things to change", "Line by line")

_HEADING = re.compile(r"^(#+) (.+)$")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")

_NOTE = """\
> Commands below begin in the project's folder, {project}. `make console` works in this
> workspace as well, and there it has the modules of your sources.
"""


def for_student(lesson: Path, kept: Container[str]) -> str:
    """Return a lesson without what is not for students.

    Links to the files ``kept``, as paths below labs/, stay; others become plain text.
    """
    lines: list[str] = []
    fenced = left_out = False
    for line in lesson.read_text().splitlines():
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading and len(heading[1]) <= 2:
            left_out = heading[2] in NOT_FOR_STUDENTS
        if not left_out:
            lines.append(line)
        if heading and len(heading[1]) == 1:
            lines += ["", *_NOTE.format(project=ROOT).splitlines()]
    text = "\n".join(lines).rstrip() + "\n"
    return _LINK.sub(lambda match: _link(match, lesson.parent, kept), text)


def _link(match: "re.Match[str]", folder: Path, kept: Container[str]) -> str:
    """Return a link that works in the workspace, or the words of one that would not."""
    words, target = match[1], match[2]
    if "://" in target or target.startswith("#"):
        return match[0]
    path = Path(os.path.normpath(folder / target.partition("#")[0]))
    if path.is_relative_to(LABS) and str(path.relative_to(LABS)) in kept:
        return match[0]
    name = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name
    plain = words.removeprefix("../").removeprefix("../")
    return f"{plain} ({name})" if plain not in name else name
