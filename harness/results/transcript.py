"""Comparing what a page shows with what a run printed.

A line of a page may differ from the run in what differs from run to run: blanks, times,
amounts of free memory, the kernel's release behind its series, and addresses. Where the
page has an address the run may have any other, but addresses that are equal in one block
must be equal in the run, and virtual addresses that lie close together must have the
same distance there. ``...`` stands for lines left out, or for a part of a line.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

# The harness prints these to show progress: how many depends on what must be built.
_PROGRESS = "kmaplab: "
_LEFT_OUT = "..."
_NOTHING = "(no more lines)"

# Virtual addresses lie above this one, page frame numbers and physical addresses below.
_VIRTUAL = 1 << 32
# The distance of virtual addresses that are no further apart is part of what is shown.
_CLOSE = 1 << 20

# An address on the page, and the one in its place in the run.
AddressPair: TypeAlias = tuple[int, int]


class Addresses(Enum):
    """How the addresses of a block are compared."""

    EQUAL = "equal"  # equal ones must be equal in the run
    EXACT = "exact"  # as they stand
    ANY = "any"  # each may be any other


@dataclass(frozen=True)
class Mismatch:
    """The first line that differs: its index among the expected ones, and both texts."""

    index: int
    expected: str
    found: str


# Without 0x: long ones, and both ends of a range, as in /proc/PID/maps.
_BARE = r"\b[0-9a-f]{12,16}\b|\b[0-9a-f]{8}(?=-[0-9a-f]{8} )|(?<=-)[0-9a-f]{8}(?= )"
# A short number is an address unless it is so many pages: that is an offset or a length.
_ADDRESS = r"0x[0-9a-f]{5,}\b|0x[0-9a-f](?!000)[0-9a-f]{3}\b|" + _BARE
_ANY_ADDRESS = r"0x[0-9a-f]+\b|" + _BARE
_RELEASE = r"\.\d(?:[\w.+~-]*\w)?"

# What varies: how a part of a page's line looks, and what may stand there in the run.
# The first that fits counts.
_VARIABLE = {
    "left_out": (r"\.\.\.", ".*"),
    "release": (r"(?<=\b\d\.\d)" + _RELEASE + r"|(?<=\b\d\.\d\d)" + _RELEASE, _RELEASE),
    "stamp": (r"\[ *\d+\.\d{6}\]", r"\[ *\d+\.\d{6}\]"),
    "clock": (r"\b\d\d:\d\d:\d\d\b", r"\d\d:\d\d:\d\d"),
    "seconds": (r"\b\d+(?:\.\d+)? ?s\b", r"\d+(?:\.\d+)? ?s"),
    "free": (r"(?<=MemFree:) +\d+|(?<=MemTotal:) +\d+|(?<=MemAvailable:) +\d+", r" +\d+"),
    "inode": (r"\b\d\d:\d\d \d+(?= +/)", r"\d\d:\d\d \d+"),
    "address": (_ADDRESS, f"({_ANY_ADDRESS})"),
    "rule": (r"[─━-]{3,}", r"[─━-]{3,}"),
    "blank": (r"\s+", r"\s+"),
}
_PART = re.compile("|".join(f"(?P<{name}>{parts[0]})" for name, parts in _VARIABLE.items()))


def compare(
    expected: Sequence[str], found: Sequence[str], addresses: Addresses, pairs: list[AddressPair]
) -> Mismatch | None:
    """Compare a page's lines with a run's; return the first difference.

    ``pairs`` are the addresses that were seen before in the same block; those of these
    lines are added. Empty lines count for nothing.
    """
    comparison = _Comparison(expected, [line for line in found if line.strip()], addresses)
    result = comparison.match(0, 0, tuple(pairs))
    if result is None:
        return comparison.furthest
    pairs[:] = result
    return None


def is_quoted(quote: Sequence[str], said: str, addresses: Addresses) -> bool:
    """Whether some text has the lines of a quote, wherever its lines are broken."""
    pattern, _ = _pattern(" ".join(" ".join(quote).split()), addresses)
    return re.search(pattern, " ".join(said.split())) is not None


class _Comparison:
    """The search for a way to fit lines of a page to lines of a run."""

    def __init__(self, expected: Sequence[str], found: list[str], addresses: Addresses) -> None:
        self.expected = expected
        self.found = found
        self.addresses = addresses
        self.furthest: Mismatch | None = None

    def match(
        self, at: int, found_at: int, pairs: tuple[AddressPair, ...]
    ) -> tuple[AddressPair, ...] | None:
        """Return the addresses of all lines from here on if they fit, or None."""
        while at < len(self.expected):
            line = self.expected[at].strip()
            if line == _LEFT_OUT:
                return self._match_after_gap(at + 1, found_at, pairs)
            if not line:
                at += 1
                continue
            if found_at == len(self.found):
                self._differ(at, _NOTHING)
                return None
            more = _fit(line, self.found[found_at], self.addresses, pairs)
            if more is not None:
                at, pairs = at + 1, more
            elif not self.found[found_at].startswith(_PROGRESS):
                self._differ(at, self.found[found_at])
                return None
            found_at += 1
        rest = [line for line in self.found[found_at:] if not line.startswith(_PROGRESS)]
        if rest:
            self._differ(at, rest[0])
        return None if rest else pairs

    def _match_after_gap(
        self, at: int, found_at: int, pairs: tuple[AddressPair, ...]
    ) -> tuple[AddressPair, ...] | None:
        for start in range(found_at, len(self.found) + 1):
            result = self.match(at, start, pairs)
            if result is not None:
                return result
        return None

    def _differ(self, at: int, found: str) -> None:
        """Keep the difference that is furthest down: before it all fits in some way."""
        if self.furthest is None or at >= self.furthest.index:
            expected = self.expected[at] if at < len(self.expected) else _NOTHING
            self.furthest = Mismatch(at, expected.strip(), found.strip())


def _fit(
    line: str, found: str, addresses: Addresses, pairs: tuple[AddressPair, ...]
) -> tuple[AddressPair, ...] | None:
    """Return the pairs with those of this line added, or None if it does not fit."""
    pattern, shown = _pattern(line, addresses)
    match = re.fullmatch(pattern, found.strip())
    if not match:
        return None
    if addresses is Addresses.ANY:
        return pairs
    more = [*pairs]
    for on_page, text in zip(shown, match.groups(), strict=True):
        pair = (on_page, int(text, 16))
        if not all(_agree(pair, other) for other in more):
            return None
        more.append(pair)
    return tuple(more)


def _pattern(line: str, addresses: Addresses) -> tuple[str, list[int]]:
    """Return what the run's line must match, and the addresses that it captures."""
    pattern, shown, end = "", [], 0
    for match in _PART.finditer(line):
        kind = str(match.lastgroup)
        pattern += re.escape(line[end : match.start()])
        end = match.end()
        if kind == "address" and addresses is Addresses.EXACT:
            pattern += re.escape(match[0])
            continue
        if kind == "address":
            shown.append(int(match[0], 16))
        pattern += _VARIABLE[kind][1]
    return pattern + re.escape(line[end:]), shown


def _agree(one: AddressPair, other: AddressPair) -> bool:
    """Whether two addresses are to each other in the run as they are on the page."""
    distance = one[0] - other[0]
    related = not distance or (abs(distance) < _CLOSE and min(one[0], other[0]) > _VIRTUAL)
    return not related or one[1] - other[1] == distance


def refresh(expected: Sequence[str], found: Sequence[str]) -> list[str]:
    """Return what a page should show for a run: its lines, without what it left out.

    A line of the page that leaves out a part of itself stays where it fits.
    """
    came = [line.rstrip() for line in found if line.strip() and not _is_idle(line, expected)]
    fresh: list[str] = []
    at = came_at = 0
    for both in [*_alike(expected, came), (len(expected), len(came))]:
        between, other = expected[at : both[0]], came[came_at : both[1]]
        left_out = any(line.strip() == _LEFT_OUT for line in between)
        fresh += [_LEFT_OUT] * bool(other) if left_out else other
        if both[0] < len(expected):
            partial = _LEFT_OUT in expected[both[0]]
            fresh.append(expected[both[0]] if partial else came[both[1]])
        at, came_at = both[0] + 1, both[1] + 1
    return fresh


def _alike(expected: Sequence[str], came: list[str]) -> list[tuple[int, int]]:
    """Return indices of the longest sequence of lines that look alike on both sides."""
    best = [[0] * (len(came) + 1) for _ in range(len(expected) + 1)]
    alike = [[_looks_like(line, other) for other in came] for line in expected]
    for i in reversed(range(len(expected))):
        for j in reversed(range(len(came))):
            skip = max(best[i + 1][j], best[i][j + 1])
            best[i][j] = max(skip, best[i + 1][j + 1] + 1) if alike[i][j] else skip
    pairs, i, j = [], 0, 0
    while i < len(expected) and j < len(came):
        if alike[i][j] and best[i][j] == best[i + 1][j + 1] + 1:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _is_idle(line: str, expected: Sequence[str]) -> bool:
    """Whether a line shows progress that the page does not show."""
    return line.startswith(_PROGRESS) and not any(_looks_like(other, line) for other in expected)


def _looks_like(line: str, found: str) -> bool:
    if line.strip() == _LEFT_OUT:
        return False
    if _LEFT_OUT in line:
        return _fit(line.strip(), found, Addresses.ANY, ()) is not None
    return _shape(line) == _shape(found)


def _shape(line: str) -> str:
    """Return a line without its numbers."""
    return " ".join(re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d[\d,.]*", "#", line).split())
