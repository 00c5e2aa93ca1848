"""Which lines of a source are for some series only, and for which.

What is compiled otherwise for a processor or for another C library is no difference between
series, and stands as it is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.site.definitions import COMPAT

CONDITION = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|else|elif|endif)\b(.*)$")
VERSION = re.compile(r"KERNEL_VERSION\((\d+), *(\d+), *(\d+)\) *(<=|>=|<|>) *LINUX_VERSION_CODE")
_DEFINED = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(LAB_HAS_\w+)")
_BEGINS = {"<=": True, "<": True, ">=": False, ">": False}


@dataclass(frozen=True)
class SeriesPart:
    """Lines between two directives, both included, and the series that compile them."""

    first: int
    last: int
    series: str


@dataclass
class _Open:
    """A condition whose #endif is still to come: where its part begins, and its words."""

    first: int
    here: str
    otherwise: str


def parts(text: str) -> list[SeriesPart]:
    """Return the parts of a source that are for some series only, an outer one first."""
    return sorted(_parts(text, _named()), key=lambda part: (part.first, -part.last))


def _parts(text: str, named: dict[str, tuple[str, str]]) -> Iterator[SeriesPart]:
    stack: list[_Open] = []
    for line, directive in enumerate(map(CONDITION.match, text.splitlines()), 1):
        if not directive:
            continue
        word, condition = directive[1], directive[2].strip()
        if word in ("if", "ifdef", "ifndef"):
            here, otherwise = _words(word, condition, named)
            stack.append(_Open(line + 1, here, otherwise))
        elif stack:
            one = stack.pop()
            if one.here and one.first < line:
                yield SeriesPart(one.first, line - 1, one.here)
            if word == "else":
                stack.append(_Open(line + 1, one.otherwise, one.here))
            elif word == "elif":
                # Two conditions at once; words for one of them would be wrong.
                stack.append(_Open(line + 1, "", ""))


def _words(word: str, condition: str, named: dict[str, tuple[str, str]]) -> tuple[str, str]:
    """Return which series compile the lines behind a condition, and which the others."""
    if version := VERSION.fullmatch(condition):
        here, otherwise = f"Linux before {_number(version)}", f"Linux {_number(version)} and later"
        return (otherwise, here) if _BEGINS[version[4]] else (here, otherwise)
    here, otherwise = named.get(condition, ("", ""))
    return (otherwise, here) if word == "ifndef" else (here, otherwise)


def _number(version: re.Match[str]) -> str:
    return ".".join(version.groups()[:2])


def _named() -> dict[str, tuple[str, str]]:
    """Return, for each name that says what a series can do, the series with and without it."""
    found: dict[str, tuple[str, str]] = {}
    last = ("", "")
    for line in COMPAT.read_text().splitlines():
        if directive := CONDITION.match(line):
            last = _words(directive[1], directive[2].strip(), {})
        elif name := _DEFINED.match(line):
            found[name[1]] = last
    return found
