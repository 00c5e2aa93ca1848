"""A C source as passages: commentary, and the code that stands behind it.

A block comment that has its lines for itself is commentary. The code up to the next one stands
beside it. Nothing marks either in the source, and every line is in exactly one passage, so the
passages one after the other are the file.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import SetupError

# What the compiler sees as one thing: a comment, a string, a character.
_TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


@dataclass(frozen=True)
class Passage:
    """Commentary and the code behind it; either may have no lines. ``first`` counts from 1."""

    first: int
    comment: tuple[str, ...]
    code: tuple[str, ...]

    @property
    def first_of_code(self) -> int:
        """The number of the first line of code."""
        return self.first + len(self.comment)

    @property
    def after(self) -> int:
        """The number of the line behind the last."""
        return self.first_of_code + len(self.code)

    @property
    def has_code(self) -> bool:
        """Whether any line of the code is not empty."""
        return any(line.strip() for line in self.code)

    def within(self, first: int, last: int) -> "Passage":
        """Return the part of it that is in these lines, both included."""
        comment = self.comment if first <= self.first_of_code <= last + 1 else ()
        code = tuple(
            line
            for number, line in enumerate(self.code, self.first_of_code)
            if first <= number <= last
        )
        start = self.first if comment else max(self.first_of_code, first)
        return Passage(start, comment, code)


def split(text: str) -> list[Passage]:
    """Return the passages of a source; their lines one after the other are its lines."""
    lines = text.splitlines()
    starts = _commentary(text)
    found: list[Passage] = []
    bounds = [*sorted(starts), len(lines)]
    if bounds[0] > 0:
        found.append(Passage(1, (), tuple(lines[: bounds[0]])))
    for begin, following in zip(bounds, bounds[1:]):
        end = starts[begin]
        found.append(Passage(begin + 1, tuple(lines[begin:end]), tuple(lines[end:following])))
    return found


def read(path: Path) -> list[Passage]:
    """Return the passages of a file.

    Raises SetupError, with file and line, for commentary at the end, which is on no code.
    """
    found = split(path.read_text())
    if found and found[-1].comment and not found[-1].has_code:
        raise SetupError(f"{path}:{found[-1].first}: a comment without code behind it")
    return found


def _commentary(text: str) -> dict[int, int]:
    """Return where commentary begins, and the line behind its end; lines count from 0."""
    found: dict[int, int] = {}
    for match in _TOKEN.finditer(text):
        before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        after = text[match.end() : (text + "\n").find("\n", match.end())]
        previous = text[: match.start() - len(before)].removesuffix("\n")
        if match[0].startswith("/*") and not (before + after).strip():
            if not previous.endswith("\\"):
                begin = text.count("\n", 0, match.start())
                found[begin] = begin + match[0].count("\n") + 1
    return found


def code_only(text: str) -> str:
    """Return the text with blanks for comments and strings, every line where it was."""
    return _TOKEN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def text_of(comment: tuple[str, ...]) -> str:
    """Return the words of a comment without what marks it as one."""
    text = "\n".join(comment).strip()
    text = re.sub(r"^/\*+", "", text).removesuffix("*/")
    return "\n".join(re.sub(r"^\s*\* ?", "", line).rstrip() for line in text.split("\n")).strip(
        "\n"
    )
