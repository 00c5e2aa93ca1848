"""The mistakes of a lab as puzzles: the change, and folded behind it what is wrong with it."""

import re
from collections.abc import Iterable
from html import escape
from typing import Any

from harness.catalogue import patches
from harness.catalogue.mistakes import Mistake
from harness.reports import kept_reports
from harness.results import kept_runs
from harness.site import markdown, places


def page(folder: str, owner: str, every: Iterable[Mistake]) -> str:
    """Return the page with the mistakes of a folder below labs/."""
    origin = places.puzzles(folder)
    parts = [
        f"# Mistakes in {owner}, as puzzles\n",
        "Each change below makes the lab wrong. What is wrong, what would come of it on a machine "
        "that others use, and which check notices? Think first, then unfold.\n",
    ]
    for number, one in enumerate(every, 1):
        # The patch's own name would give it away.
        parts.append(f"## Puzzle {number}\n")
        parts.append(markdown.html(_puzzle(number, one, origin)))
    return "\n".join(parts)


def _puzzle(number: int, one: Mistake, origin: str) -> str:
    address = places.link(origin, "docs/contract", anchor(one.clause.number))
    clause = f'<a href="{address}">{escape(str(one.clause))}</a>'
    return (
        f'<div id="{escape(one.patch.stem)}" class="puzzle">{_diff(number, one)}'
        "<details><summary>What is wrong?</summary><dl>"
        f"<dt>What is wrong</dt><dd>{escape(one.what)} ({escape(one.name)}).</dd>"
        f"<dt>On a machine that others use</dt><dd>{escape(one.harm)}.</dd>"
        f"<dt>The clause that it breaks</dt><dd>{clause}</dd>"
        f"<dt>The verdict that it got</dt><dd>{verdict(one)}</dd>"
        "</dl></details></div>"
    )


def _diff(number: int, one: Mistake) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import DiffLexer

    text = one.patch.read_text().partition("\n\n")[2]
    html = str(highlight(text, DiffLexer(), HtmlFormatter(nowrap=True)))
    return (
        f'<div class="highlight" role="region" aria-label="the change of puzzle {number}" '
        f'tabindex="0"><pre>{html}</pre></div>'
    )


def verdict(one: Mistake) -> str:
    """Return what the last runs said of a mistake, as HTML; or the command that makes one."""
    said = [
        _said(series, kept[one.name])
        for series, kept in kept_runs.read(kept_reports.MISTAKES).items()
        if kept.get(one.name, {}).get("patch") == kept_reports.digest_of(one)
    ]
    if said:
        return "<br>".join(said)
    return f"No run on this machine is kept: <code>make mistakes ONLY={escape(one.name)}</code>."


def _said(series: str, kept: dict[str, Any]) -> str:
    by = kept["by"][0] if kept["by"] else {"check": "", "text": kept["text"]}
    what = (
        f"{kept['result']} by <code>{escape(by['check'])}</code>" if by["check"] else kept["result"]
    )
    text = re.sub(r"\s+", " ", by["text"])[:400]
    where = f"{escape(kept['arch'])}, Linux {escape(series)}, on {escape(kept['date'])}"
    return f"{what} ({where}): {escape(text)}"


def anchor(number: str) -> str:
    """Return the name of the place where a clause stands on its page."""
    return f"clause-{number.replace('.', '-')}"


def owner_of(folder: str) -> str:
    """Return what a folder's mistakes are in: the lab, or what all share."""
    return f"lab_{folder.split('_', 1)[-1]}" if folder != patches.CORE_FOLDER else "lab_core"
