"""The project's pages in Markdown, as Sphinx is given them.

Links lead to the site's pages, transcripts carry the run that they were compared with, and
answers are folded away. All else stands as it was written.
"""

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path
from urllib.parse import unquote

from harness.base import digest
from harness.base.errors import SetupError
from harness.base.paths import ROOT
from harness.catalogue.pages import Block, Page
from harness.results import kept_runs
from harness.site import places, terms

TRANSCRIPTS = "transcripts"

# A link, but not one in a span of code.
_LINK = re.compile(r"(`+)[^`]+\1|(?<!!)\]\(([^)\s]+)\)")
_ELSEWHERE = re.compile(r"[a-z]+:|#")
_FOLDED = "Answers"
# Longer than any fence within.
_FENCE = "`" * 12
_HTML = re.compile(rf"^{_FENCE}{{raw}} html\n(.*?)\n{_FENCE}$", re.MULTILINE | re.DOTALL)

# Before a page that no table of contents lists.
ORPHAN = "---\norphan: true\n---\n"

# A line that shows a function where the site is read, and is a link where the file is.
_CODE = re.compile(r"\[(\w+)\(\)\]\(([^)]+)\)<!-- code -->$")
_PICTURE = re.compile(r"<!-- picture: (\w+) (\w+) -->$")
# What pygments calls the kinds of our blocks that it has under another name.
_LEXERS = {"report": "text"}


def links(page: Path) -> list[Path]:
    """Return the files and folders that a page has links to.

    Raises SetupError, with page and link, for one that is not there.
    """
    found = []
    for _, target in _LINK.findall(page.read_text()):
        if target and not _ELSEWHERE.match(target):
            path = _resolve(page, target)
            if not path.exists() or not path.is_relative_to(ROOT):
                raise SetupError(
                    f"{page.relative_to(ROOT)}: a link to {target}, which is not there"
                )
            found.append(path)
    return found


def _resolve(page: Path, target: str) -> Path:
    path = unquote(target.partition("#")[0])
    return Path(posixpath.normpath((page.parent / path).as_posix()))


def convert(
    page: Page,
    address: Callable[[str, Path], str],
    show: Callable[[str, str, str | Path], str | None],
    notes: Mapping[int, str] | None = None,
) -> str:
    """Return a page's text for Sphinx, with ``notes`` behind some of its lines.

    ``address`` says where a file is on the site, from the page of this name; ``show`` returns
    the HTML of a function of a file, or of a step of a lab, for that page.
    """
    lines = page.path.read_text().splitlines()
    fenced = {
        number
        for block in page.blocks
        for number in range(block.line, block.line + len(block.lines) + 2)
    }
    origin = places.document(page.path)
    text: list[str] = []
    captions = {block.line + len(block.lines) + 1: block for block in page.blocks}
    fences = {block.line: block for block in page.blocks}
    linked = lines
    if page.path.name in terms.EXPLAINED:
        known = terms.Terms(terms.read(), places.link(origin, places.document(terms.WORDS)))
        linked = known.first_uses(lines, fenced)
    for number, raw in enumerate(lines, 1):
        line = linked[number - 1]
        if number in fences:
            block = fences[number]
            line = f"{block.indent}```{_LEXERS.get(block.kind, block.kind)}"
        elif number not in fenced:
            line = _with_links(line, page.path, origin, address)
            if page.path == terms.WORDS:
                line = terms.with_anchor(line)
        text.append(line)
        if number not in fenced and (shown := _included(raw, page.path, number, show)):
            text[-1] = html(shown)
        if notes and number in notes:
            text += ["", notes[number]]
        if number in captions and (caption := provenance(captions[number])):
            text += ["", f"{captions[number].indent}{caption}", ""]
    return "\n".join(_fold(text)).rstrip() + "\n"


def _included(
    line: str, page: Path, number: int, show: Callable[[str, str, str | Path], str | None]
) -> str | None:
    """Return the code or the picture that stands for a line, None for any other line.

    Raises SetupError, with page and line, if there is nothing of that name.
    """
    origin = places.document(page)
    if code := _CODE.match(line):
        found = show(origin, code[1], _resolve(page, code[2]))
    elif picture := _PICTURE.match(line):
        found = show(origin, picture[2], picture[1])
    else:
        return None
    if found is None:
        raise SetupError(f"{page.relative_to(ROOT)}:{number}: there is no such thing: {line}")
    return found


def _with_links(line: str, page: Path, origin: str, address: Callable[[str, Path], str]) -> str:
    def replace(match: re.Match[str]) -> str:
        target = match[2]
        if not target or _ELSEWHERE.match(target):
            return match[0]
        path, anchor = _resolve(page, target), target.partition("#")[2]
        where = address(origin, path)
        return f"]({where}#{anchor})" if anchor else f"]({where})"

    return _LINK.sub(replace, line)


def _fold(lines: Iterable[str]) -> list[str]:
    """Return the lines with the section of answers folded away."""
    folded: list[str] = []
    open_ = False
    for line in lines:
        if open_ and line.startswith("## "):
            folded += ["</details>", ""]
            open_ = False
        folded.append(line)
        if line == f"## {_FOLDED}":
            summary = "Think first, then look"
            folded += ["", f'<details class="answers"><summary>{summary}</summary>', ""]
            open_ = True
    return [*folded, "", "</details>"] if open_ else folded


def provenance(block: Block) -> str:
    """Return what stands below a block: the run it was compared with, "" if there is none."""
    if block.kind not in ("console", "report"):
        return f"*Not run here: {_plain(block.not_run)}.*" if block.not_run else ""
    if block.not_run:
        return f"*Not run here: {_plain(block.not_run)}.*"
    kept = kept_runs.read(TRANSCRIPTS).get(name_of(block.page), {}).get(digest_of(block))
    if kept:
        return f"*As on {block.target}, compared with a run on {kept['date']}.*"
    page = block.page.relative_to(ROOT)
    return (
        f"*Of {block.target}; no run on this machine is kept: `harness/kmaplab pages {page}` "
        "makes one and compares.*"
    )


def keep(page: Page, blocks: Iterable[Block]) -> None:
    """Keep that these blocks of a page are what a run of today has printed."""
    if fresh := {digest_of(block): {"target": block.target} for block in blocks}:
        kept_runs.keep(TRANSCRIPTS, name_of(page.path), fresh)


def _plain(text: str) -> str:
    """Return a text in which no character means anything to Markdown."""
    return re.sub(r"([*_`<\[\]])", r"\\\1", text.rstrip("."))


def name_of(page: Path) -> str:
    """Return the name that a page's transcripts are kept by."""
    return "-".join(page.relative_to(ROOT).with_suffix("").parts)


def digest_of(block: Block) -> str:
    """Return what changes when a transcript does."""
    return digest.of([*block.words, *block.lines])


def show_file(path: Path) -> str:
    """Return the page of a file that is neither a page nor C: its text as it is."""
    name = path.relative_to(ROOT).as_posix()
    text = escape(path.read_text(errors="replace"))
    shown = f'<div class="highlight" tabindex="0"><pre>{text}</pre></div>'
    return f"{ORPHAN}# {path.name}\n\n`{name}`\n\n{html(shown)}"


def show_folder(path: Path, entries: list[tuple[str, str]]) -> str:
    """Return the page of a folder: its entries, each a name and an address, which may be ""."""
    items = "\n".join(
        f'<li><a href="{escape(where)}">{escape(what)}</a></li>'
        if where
        else f"<li>{escape(what)}</li>"
        for what, where in entries
    )
    return f"{ORPHAN}# {path.relative_to(ROOT)}/\n\n{html(f'<ul>{items}</ul>')}"


def html(text: str) -> str:
    """Return a block of HTML for a page in Markdown; the text may hold fences of its own."""
    return f"{_FENCE}{{raw}} html\n{text}\n{_FENCE}\n"


def with_html_apart(text: str, put: Callable[[str], str]) -> str:
    """Return a page with its blocks of HTML in files, which ``put`` writes and names.

    Markdown is read letter by letter, and most letters of the site are in these blocks.
    """
    return _HTML.sub(lambda match: f"{_FENCE}{{raw}} html\n:file: {put(match[1])}\n{_FENCE}", text)
