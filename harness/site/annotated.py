"""A source as a page: commentary on one side, the code that it stands before on the other."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path

from harness.base.errors import SetupError
from harness.base.paths import LABS, ROOT
from harness.site import passages, places, prose, series_parts, uses
from harness.site.definitions import COMPAT, Definition
from harness.site.passages import Passage
from harness.site.prose import Links
from harness.site.series_parts import SeriesPart
from harness.site.terms import Terms
from harness.site.uses import Lookup, Use

# What a lab's page quotes of other files: functions, macros of several lines, structures.
_QUOTED = "fds"


@dataclass
class SourceFile:
    """A C file of the tree: its passages, and the names that it uses."""

    path: Path
    passages: list[Passage]
    uses: list[Use]
    text: str

    @cached_property
    def coloured(self) -> list[list[tuple[int, str, str]]]:
        """For each line its pieces: where each begins in the text, its colour, and itself."""
        from pygments.lexers import CLexer
        from pygments.token import STANDARD_TYPES

        lines: list[list[tuple[int, str, str]]] = [[]]
        for start, kind, value in CLexer(stripnl=False).get_tokens_unprocessed(self.text):
            while kind not in STANDARD_TYPES:
                kind = kind.parent
            for piece in value.splitlines(keepends=True):
                lines[-1].append((start, STANDARD_TYPES[kind], piece.rstrip("\n")))
                start += len(piece)
                if piece.endswith("\n"):
                    lines.append([])
        return lines

    @cached_property
    def series_parts(self) -> list[SeriesPart]:
        """The lines that are for some series only."""
        return series_parts.parts(self.text)

    @cached_property
    def by_line(self) -> dict[int, list[Use]]:
        """The names that each line uses."""
        found: dict[int, list[Use]] = {}
        for use in self.uses:
            found.setdefault(use.line, []).append(use)
        return found


@dataclass
class Annotator:
    """Makes the pages of sources; ``wrong`` is what would be wrong on them."""

    lookup: Lookup
    meanings: dict[str, str]
    since: dict[Path, str]
    wrong: list[str] = field(default_factory=list)
    kernel_names: dict[str, dict[str, str]] = field(default_factory=dict)
    _sources: dict[Path, SourceFile] = field(default_factory=dict)

    def source(self, path: Path) -> SourceFile:
        """Return a source, read once."""
        if path not in self._sources:
            since = next(
                (s for folder, s in self.since.items() if path.is_relative_to(folder)), None
            )
            try:
                parts = passages.read(path)
            except SetupError as error:
                self.wrong.append(str(error))
                parts = passages.split(path.read_text())
            found = self.lookup.uses(path, since)
            self._sources[path] = SourceFile(path, parts, found, path.read_text())
            self._check_prose(path, parts)
        return self._sources[path]

    def _check_prose(self, path: Path, parts: Iterable[Passage]) -> None:
        own = uses.locals_of(path)
        for one in parts:
            for name in prose.functions(passages.text_of(one.comment)):
                if self.lookup.is_gone(name) and name not in own:
                    where = f"{path.relative_to(ROOT)}:{one.first}"
                    self.wrong.append(f"{where}: the comment names {name}(), which is not there")

    def page(self, path: Path, quotes: bool = False) -> str:
        """Return the HTML of a file's page; with ``quotes`` it shows what it calls elsewhere."""
        origin = places.document(path)
        source = self.source(path)
        self._seen: set[Definition] = set()
        self._differing: set[str] = set()
        rows = [self._row(source, one, origin, quotes) for one in source.passages]
        return f'<div class="annotated">{"".join(rows)}</div>'

    def quote(self, origin: str, one: Definition) -> str:
        """Return a definition with its commentary, for another page."""
        source = self.source(one.path)
        first, last = _extent(source, one)
        parts = [part.within(first, last) for part in source.passages]
        shown = [part for part in parts if part.has_code]
        rows = "".join(self._row(source, part, origin, False, ids=False) for part in shown)
        where = places.link(origin, places.document(one.path), f"L{one.line}")
        name = one.path.relative_to(ROOT).as_posix()
        return (
            f'<p class="where"><a href="{where}">{name}, line {one.line}</a></p>'
            f'<div class="annotated">{rows}</div>'
        )

    def _row(
        self, source: SourceFile, one: Passage, origin: str, quotes: bool, ids: bool = True
    ) -> str:
        comment = self._comment(source, one, origin, ids)
        code = self._code(source, one, origin, ids) if one.code else ""
        more = ""
        if ids and one.has_code:
            lines = range(one.first_of_code, one.after)
            used = [use for line in lines for use in source.by_line.get(line, ())]
            more = self._differences(used, origin)
            if quotes:
                more += self._elsewhere(source.path, used, origin)
        kind = "row" if one.comment and one.has_code else "row whole"
        return f'<div class="{kind}">{comment}<div class="side">{code}{more}</div></div>\n'

    def _comment(self, source: SourceFile, one: Passage, origin: str, ids: bool) -> str:
        if not one.comment:
            return '<div class="prose"></div>'
        terms = Terms(self.meanings, places.link(origin, "docs/words"))
        links = Links(lambda name: self.address(origin, source.path, name), terms.linker())
        text = prose.render(passages.text_of(one.comment), links)
        lines = f' data-lines="{one.first}-{one.first_of_code - 1}"' if ids else ""
        place = f' id="L{one.first}"' if ids else ""
        tag = "h2" if ids else "p"
        heading = f"<{tag}>{prose.inline(text.heading, links)}</{tag}>" if text.heading else ""
        return f'<div class="prose"{lines}{place}>{heading}{text.html}</div>'

    def _code(self, source: SourceFile, one: Passage, origin: str, ids: bool) -> str:
        numbers = range(one.first_of_code, one.after)
        lines = "".join(
            self._folds(source, number, numbers, self._line(source, number, origin, ids))
            for number in numbers
        )
        label = f"{source.path.name} from line {one.first_of_code}"
        # Nothing stands between two folds.
        shown = f"<pre>{lines}</pre>".replace("<pre></pre>", "")
        return (
            f'<div class="highlight" role="region" aria-label="{label}" tabindex="0">{shown}</div>'
        )

    def _folds(self, source: SourceFile, number: int, numbers: range, line: str) -> str:
        """Return a line with what folds before it and behind it, among those of a passage."""
        before = behind = ""
        for part in source.series_parts:
            first, last = max(part.first, numbers.start), min(part.last, numbers.stop - 1)
            if number == first <= last:
                summary = f"<summary>{part.series}</summary>"
                before += f'</pre><details class="series-part" open>{summary}<pre>'
            if number == last >= first:
                behind += "</pre></details><pre>"
        return f"{before}{line}{behind}"

    def _line(self, source: SourceFile, number: int, origin: str, ids: bool) -> str:
        pieces = source.coloured[number - 1]
        links = {use.start: use for use in source.by_line.get(number, ())}
        html = "".join(self._piece(piece, links, origin) for piece in pieces)
        place = f' id="L{number}"' if ids else ""
        return f'<span class="l" data-n="{number}"{place}>{html}\n</span>'

    def _piece(self, piece: tuple[int, str, str], links: dict[int, Use], origin: str) -> str:
        start, colour, text = piece
        parts, last = [], 0
        for use in (links[at] for at in sorted(links) if start <= at < start + len(text)):
            parts.append(escape(text[last : use.start - start], quote=False))
            last = use.end - start
            parts.append(self._anchor(use, text[use.start - start : last], origin))
        inner = "".join([*parts, escape(text[last:], quote=False)])
        return f'<span class="{colour}">{inner}</span>' if colour else inner

    def _anchor(self, use: Use, text: str, origin: str) -> str:
        if use.ours:
            where = places.link(origin, places.document(use.ours.path), f"L{use.ours.line}")
            return f'<a href="{where}">{escape(text)}</a>'
        if not use.kernel:
            return escape(text)
        self.kernel_names.setdefault(use.name, use.kernel)
        where = places.link(origin, places.KERNEL_NAMES, use.name)
        return f'<a class="k" href="{where}">{escape(text)}</a>'

    def address(self, origin: str, seen_from: Path, name: str) -> str | None:
        """Return where a name is defined, for a page; None if that is not known."""
        ours = self.lookup.definitions.find(name, "fdsute", seen_from)
        if ours:
            return places.link(origin, places.document(ours.path), f"L{ours.line}")
        if kernel := self.lookup.kernel(name):
            self.kernel_names.setdefault(name, kernel)
            return places.link(origin, places.KERNEL_NAMES, name)
        return None

    def _differences(self, used: list[Use], origin: str) -> str:
        """Return what lab_compat.h has for series that lack a name, folded."""
        parts = []
        for name, where in uses.differing(self.lookup, used):
            if name in self._differing:
                continue
            self._differing.add(name)
            one = next(iter(where.values()))
            series = ", ".join(where)
            parts.append(
                f"<details><summary>Linux {series}: <code>{escape(name)}</code> is in "
                f"{COMPAT.name}</summary>{self.quote(origin, one)}</details>"
            )
        return "".join(parts)

    def _elsewhere(self, path: Path, used: Iterable[Use], origin: str) -> str:
        """Return the definitions in other files of the labs that a passage is first to use."""
        parts = []
        for one in self._reached(path, used):
            name = f"{one.name}()" if one.kind == "f" else one.name
            file = one.path.relative_to(LABS).as_posix()
            parts.append(
                f"<details><summary><code>{escape(name)}</code> from {file}</summary>"
                f"{self.quote(origin, one)}</details>"
            )
        return "".join(parts)

    def _reached(self, path: Path, used: Iterable[Use]) -> Iterator[Definition]:
        """Yield what is used, and what that uses in turn, each once on the page."""
        waiting = [use.ours for use in used if use.ours]
        while waiting:
            one = waiting.pop(0)
            if one in self._seen or one.path == path or one.kind not in _QUOTED:
                continue
            if not one.path.is_relative_to(LABS) or (one.kind == "d" and one.line == one.end):
                continue
            self._seen.add(one)
            yield one
            source = self.source(one.path)
            first, last = _extent(source, one)
            waiting += [
                use.ours
                for line in range(first, last + 1)
                for use in source.by_line.get(line, ())
                if use.ours
            ]


def _extent(source: SourceFile, one: Definition) -> tuple[int, int]:
    """Return the first and last line of a definition with its commentary.

    A condition around it belongs to it, and so does a macro's every line.
    """
    lines = source.text.splitlines()
    first, last = one.line, one.end
    while last < len(lines) and lines[last - 1].endswith("\\"):
        last += 1
    while first > 1 and lines[first - 2].strip() and not lines[first - 2].startswith(("}", " */")):
        if lines[first - 2].endswith((";", "*/")):
            break
        first -= 1
    for part in source.passages:
        if part.comment and part.first_of_code <= first < part.after:
            if not any(line.startswith("}") for line in lines[part.first_of_code - 1 : first - 1]):
                first = part.first_of_code
    if any(line.startswith("#if") for line in lines[first - 1 : one.line]):
        while last < len(lines) and not lines[last - 1].startswith("#endif"):
            last += 1
    return first, last
