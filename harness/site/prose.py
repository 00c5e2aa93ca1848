"""Commentary as HTML: paragraphs, lists, tables of tabs, and kernel-doc.

All words of the comment come, in its order. Names of functions become links, and terms of the
field lead to docs/words.md.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

# Returns the HTML of a link for a name or a term, or None if it leads nowhere.
Linker = Callable[[str], str | None]

_DOC = re.compile(r"^(?:(struct|union|enum) )?(\w+)(?:\(\))? - ", re.MULTILINE)
_PARAMETER = re.compile(r"@([\w.]+): *(.*)", re.DOTALL)
_SECTION = re.compile(r"(Return|Returns|Locking|Context|Note): *(.*)", re.DOTALL)
_ITEM = re.compile(r"(?:- |\d+\. )")
# A function, a parameter, a constant or a name with an underscore, in this order.
_CODE = re.compile(
    r"(?P<function>(?:->|\.)?\b[a-z_]\w*\(\))|@(?P<parameter>\w+)|"
    r"(?P<constant>\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b)|(?P<name>\b[a-z]\w*_\w+\b)"
)


@dataclass(frozen=True)
class Prose:
    """A comment: the heading that it begins with, "" if it has none, and the HTML of the rest."""

    heading: str
    html: str


@dataclass(frozen=True)
class Links:
    """Where names and terms lead; ``terms`` finds the terms in a text."""

    name: Linker
    terms: Callable[[str], str]


def render(text: str, links: Links) -> Prose:
    """Return a comment's text as HTML."""
    blocks = [block for block in re.split(r"\n\s*\n", text) if block.strip()]
    if not blocks:
        return Prose("", "")
    if _DOC.match(blocks[0]):
        return Prose("", "".join(_kernel_doc(blocks, links)))
    heading = ""
    if len(blocks) >= 1 and _is_heading(blocks[0], len(blocks)):
        heading, blocks = blocks[0].strip(), blocks[1:]
    return Prose(heading, "".join(_block(block, links) for block in blocks))


def _is_heading(block: str, blocks: int) -> bool:
    """Whether a line stands for itself above others, or has no end of a sentence."""
    line = block.strip()
    return "\n" not in line and line[-1] not in ".;,:" and (blocks > 1 or line[0].isupper())


def _block(block: str, links: Links) -> str:
    lines = block.split("\n")
    if any("\t" in line for line in lines):
        return f'<pre class="table" tabindex="0">{inline(block.expandtabs(8), links)}</pre>'
    if _ITEM.match(lines[0]):
        items = re.split(r"\n(?=- |\d+\. )", block)
        tag = "ul" if lines[0].startswith("-") else "ol"
        inner = "".join(f"<li>{inline(_ITEM.sub('', item, 1), links)}</li>" for item in items)
        return f"<{tag}>{inner}</{tag}>"
    return f"<p>{inline(block, links)}</p>"


def _kernel_doc(blocks: list[str], links: Links) -> Iterator[str]:
    """Yield what is documented, its parameters, and the sections behind them."""
    head, *rows = re.split(r"\n(?=@)", blocks[0])
    what, _, brief = head.partition(" - ")
    yield f"<p><strong><code>{escape(what)}</code></strong> – {inline(brief, links)}</p>"
    if rows:
        yield f'<dl class="parameters">{"".join(_parameter(row, links) for row in rows)}</dl>'
    for block in blocks[1:]:
        for part in re.split(r"\n(?=@[\w.]+:)", block):
            if _PARAMETER.match(part):
                yield f'<dl class="parameters">{_parameter(part, links)}</dl>'
            elif match := _SECTION.match(part):
                yield f"<p><strong>{match[1]}:</strong> {inline(match[2], links)}</p>"
            else:
                yield _block(part, links)


def _parameter(row: str, links: Links) -> str:
    match = _PARAMETER.match(row)
    if not match:
        return f"<dd>{inline(row, links)}</dd>"
    text = re.sub(r"\s+", " ", match[2])
    return f"<dt><var>{escape(match[1])}</var></dt><dd>{inline(text, links)}</dd>"


def inline(text: str, links: Links) -> str:
    """Return a text as HTML, with links."""
    parts: list[str] = []
    last = 0
    for match in _CODE.finditer(text):
        parts.append(links.terms(text[last : match.start()]))
        parts.append(_code(match, links))
        last = match.end()
    return "".join([*parts, links.terms(text[last:])])


def _code(match: re.Match[str], links: Links) -> str:
    if match["parameter"]:
        return f"<var>{escape(match['parameter'])}</var>"
    bare = match[0].removesuffix("()").removeprefix("->").removeprefix(".")
    address = links.name(bare)
    # A line never ends within an arrow.
    kind = ' class="member"' if match[0].startswith("->") else ""
    code = f"<code{kind}>{escape(match[0])}</code>"
    return f'<a href="{escape(address)}">{code}</a>' if address else code


def functions(text: str) -> list[str]:
    """Return the functions that a text names by a pair of parentheses."""
    return [
        match["function"].removesuffix("()")
        for match in _CODE.finditer(text)
        if match["function"] and not match["function"].startswith(("->", "."))
    ]
