"""Which submissions are the same but for names.

Of each source the tokens count, without comments, blanks and layout. A window of tokens, in
which names are numbered as they come, is the same in two sources whatever their authors call
things. Windows that the skeleton has, or that most of the class has, say nothing of anybody.
Two who were taught by the same lesson may write the same: so pairs are shown, never judged.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from pygments.lexers.c_cpp import CLexer
from pygments.token import Token

# Tokens of a window: four or five lines. A pair is shown if it shares so much of what each has
# of its own, and if that is more than a few lines.
_WINDOW = 30
_LEAST_SHARED = 0.9
_LEAST_WINDOWS = 40

# Larger sources are nobody's own work, and would take long.
_MOST_BYTES = 64 << 10

_NAMES = Token.Name
_IGNORED = (Token.Comment, Token.Text)


@dataclass(frozen=True)
class Pair:
    """Two students, by their keys, and how much of their own work they share, from 0 to 1."""

    one: str
    other: str
    shared: float


def pairs(handed: Mapping[str, Mapping[str, bytes]], skeleton: Mapping[str, bytes]) -> list[Pair]:
    """Return the pairs among submissions, given by student and source; the most alike first."""
    known = {window for text in skeleton.values() for window in _windows(text)}
    theirs = {
        student: {window for text in files.values() for window in _windows(text)} - known
        for student, files in handed.items()
    }
    count = Counter(window for windows in theirs.values() for window in windows)
    usual = {window for window, number in count.items() if number > max(2, len(theirs) / 2)}
    own = {student: windows - usual for student, windows in theirs.items()}
    found = []
    for one, other in combinations(sorted(own), 2):
        both = len(own[one] & own[other])
        most = max(len(own[one]), len(own[other]))
        if both >= _LEAST_WINDOWS and both >= _LEAST_SHARED * most:
            found.append(Pair(one, other, both / most))
    return sorted(found, key=lambda pair: -pair.shared)


def _windows(text: bytes) -> Iterator[int]:
    tokens = list(_tokens(text[:_MOST_BYTES]))
    for start in range(len(tokens) - _WINDOW + 1):
        names: dict[str, str] = {}
        window = (
            names.setdefault(word, f"name {len(names)}") if is_name else word
            for is_name, word in tokens[start : start + _WINDOW]
        )
        yield hash(tuple(window))


def _tokens(text: bytes) -> Iterator[tuple[bool, str]]:
    """Yield each token, and whether it is a name."""
    for kind, word in CLexer().get_tokens(text.decode(errors="replace")):
        if word.strip() and not any(kind in ignored for ignored in _IGNORED):
            yield kind in _NAMES, word
