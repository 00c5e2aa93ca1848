"""The terms of docs/words.md: where each is explained, and links to there from a text."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from harness.base.paths import ROOT

WORDS = ROOT / "docs/words.md"


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
        names = sorted(self.meanings, key=len, reverse=True)
        pattern = re.compile(
            rf"(?<![\w-])({'|'.join(re.escape(name) for name in names)})(s?)(?![\w-])",
            re.IGNORECASE,
        )
        known = {name.lower(): name for name in names}

        def link(text: str) -> str:
            parts, last = [], 0
            for match in pattern.finditer(text):
                term = known[match[1].lower()]
                if term in seen:
                    continue
                seen.add(term)
                where = f"{self.address}#{anchor(term)}"
                parts.append(escape(text[last : match.start()]))
                meaning = escape(self.meanings[term], quote=True)
                parts.append(
                    f'<a class="term" href="{where}" title="{meaning}">{escape(match[0])}</a>'
                )
                last = match.end()
            return "".join([*parts, escape(text[last:])])

        return link
