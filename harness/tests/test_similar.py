"""Pairs of submissions that are the same but for names."""

import re

from harness.base.paths import LABS
from harness.grading import similar

_NAME = "05_remap/lab_remap.c"
_SOLUTION = (LABS / _NAME).read_text()


def _function(number: int) -> str:
    """Return a function that no other number has."""
    body = "\n".join(f"\tx = x * {number * 100 + n} + y[{n * number}];" for n in range(30))
    return f"static int work(int x, int *y)\n{{\n{body}\n\treturn x;\n}}\n"


def found(**texts: str) -> list[tuple[str, str]]:
    handed = {student: {_NAME: text.encode()} for student, text in texts.items()}
    skeleton = {_NAME: _SOLUTION.encode()}
    return [(pair.one, pair.other) for pair in similar.pairs(handed, skeleton)]


def test_other_names_comments_and_layout_hide_nothing() -> None:
    mine = _SOLUTION + _function(1)
    theirs = re.sub(r"\bx\b", "sum", _SOLUTION + "/* mine */" + _function(1)).replace("\t", "  ")
    theirs = re.sub(r"\bwork\b", "compute", theirs)
    assert found(ada=mine, ben=theirs, cyd=_SOLUTION + _function(2)) == [("ada", "ben")]


def test_what_everybody_was_given_does_not_count() -> None:
    assert not found(ada=_SOLUTION, ben=_SOLUTION)


def test_what_most_of_the_class_has_does_not_count() -> None:
    text = _SOLUTION + _function(1)
    assert not found(ada=text, ben=text, cyd=text, dan=text)


def test_what_is_no_c_is_compared_as_well() -> None:
    assert not found(ada="\0\xff" * 1000, ben="", cyd='"' * 5000)
