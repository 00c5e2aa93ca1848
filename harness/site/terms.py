"""The terms of docs/words.md: where each is explained, and links to there from a text."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from html import escape
from itertools import groupby

from harness.base.paths import ROOT

# Prose in which a reader meets the terms first.
EXPLAINED = ("lesson.md", "story.md")
WORDS = ROOT / "docs/words.md"

# Terms that are everyday words as well, "in this order", or words of another part of the field,
# as the load of a processor: what a text means by them no rule can say, so none is made a link.
_AMBIGUOUS = {"order", "load", "release", "mask", "mistake"}

# What stays as it is in Markdown: comments, tags, code, links and images, headings.
_NO_PROSE = (
    r"<!--(?:.|\n)*?-->|<[^>\n]+>|(?P<mark>`+)(?:.|\n)*?(?P=mark)|"
    r"!?\[[^]]*\]\([^)]*\)|(?m:^#.*$)"
)


# Between two words of a term: perhaps the end of a line, but not that of a paragraph.
_GAP = r"(?:[ \t]+|[ \t]*\n[ \t]*)"


def read() -> dict[str, str]:
    """Return the meaning of each term."""
    found = {}
    for line in WORDS.read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 3 and cells[1] not in ("term", "---"):
            found[cells[1]] = re.sub(r"[`*]|\[([^]]+)\]\([^)]+\)", r"\1", cells[2])
    return found


def anchor(term: str) -> str:
    """Return the name of the place where a term is explained."""
    return "term-" + re.sub(r"\W+", "-", term.lower())


def with_anchor(line: str) -> str:
    """Return a line of the page of words, with a place to lead to if it explains one."""
    cells = line.split("|")
    if len(cells) < 4 or cells[1].strip() in ("term", "---"):
        return line
    return line.replace("| ", f'| <span id="{anchor(cells[1].strip())}"></span>', 1)


@dataclass
class Terms:
    """Makes a term a link where a text first uses it; ``address`` is that of the page."""

    meanings: dict[str, str]
    address: str

    def linker(self) -> Callable[[str], str]:
        """Return a function that makes HTML of a text, for one passage."""
        seen: set[str] = set()
        pattern, known = _pattern(frozenset(self.meanings))

        def link(text: str) -> str:
            parts, last = [], 0
            for match in pattern.finditer(text):
                term = known[_key(match["term"])]
                if term in seen:
                    continue
                seen.add(term)
                parts.append(escape(text[last : match.start()]))
                parts.append(self._anchor(term, match[0]))
                last = match.end()
            return "".join([*parts, escape(text[last:])])

        return link

    def first_uses(self, lines: list[str], left_out: Collection[int]) -> list[str]:
        """Return the lines of a page in Markdown, with a link where each term is first used.

        Lines count from 1; those that are ``left_out`` stay as they are, and so do headings,
        links, code and HTML.
        """
        seen: set[str] = set()
        pattern, known = _pattern(frozenset(self.meanings))

        def link(match: re.Match[str]) -> str:
            term = known.get(_key(match["term"] or ""))
            if term is None or term in seen:
                return match[0]
            seen.add(term)
            return self._anchor(term, match[0])

        either = re.compile(f"{_NO_PROSE}|{pattern.pattern}", pattern.flags)
        shown: list[str] = []
        for is_out, group in groupby(enumerate(lines, 1), lambda one: one[0] in left_out):
            part = [line for _, line in group]
            shown += part if is_out else either.sub(link, "\n".join(part)).split("\n")
        return shown

    def _anchor(self, term: str, text: str) -> str:
        """Return the HTML of a link to a term, which may stand in a table of Markdown."""
        meaning = escape(self.meanings[term], quote=True).replace("|", "&#124;")
        where = f"{self.address}#{anchor(term)}"
        return f'<a class="term" href="{where}" title="{meaning}">{escape(text)}</a>'


@cache
def _pattern(meanings: frozenset[str]) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return what finds a term, perhaps over the end of a line, and the terms by their keys."""
    names = sorted(meanings - _AMBIGUOUS, key=lambda name: (-len(name), name))
    words = "|".join(_GAP.join(map(re.escape, name.split())) for name in names)
    pattern = rf"(?<![\w-])(?P<term>{words})(s?)(?![\w-])"
    return re.compile(pattern, re.IGNORECASE), {_key(name): name for name in names}


def _key(text: str) -> str:
    return " ".join(text.lower().split())
