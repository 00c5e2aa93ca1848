"""What the site adds to docs/contract.md: for each clause its checks, mistakes and last results."""

from collections.abc import Iterable
from html import escape

from harness.base.errors import SetupError
from harness.base.paths import ROOT
from harness.catalogue import contract
from harness.catalogue.contract import Clause
from harness.catalogue.mistakes import Mistake
from harness.reports import kept_reports
from harness.results import kept_runs
from harness.site import markdown, places, puzzles
from harness.site.definitions import Definitions

_PAGE = "docs/contract"


def notes(definitions: Definitions, mistakes: Iterable[Mistake]) -> dict[int, str]:
    """Return what to put behind which line of the page.

    Raises SetupError for a check that no source has.
    """
    every = list(mistakes)
    lines = contract.PAGE.read_text().splitlines()
    found: dict[int, str] = {}
    for clause in contract.read():
        heading = lines.index(f"### {clause}")
        last = next(
            (n for n in range(heading + 1, len(lines)) if lines[n].startswith("#")), len(lines)
        )
        anchor = puzzles.anchor(clause.number)
        found[heading + 1] = markdown.html(f'<span id="{anchor}"></span>')
        found[last] = markdown.html(_note(clause, definitions, every))
    return found


def _note(clause: Clause, definitions: Definitions, every: list[Mistake]) -> str:
    checks = "".join(f"<li>{_check(name, definitions)}</li>" for name in clause.checks)
    wrong = [one for one in every if one.clause == clause]
    caught = "".join(f"<li>{_mistake(one)}</li>" for one in wrong) or "<li>none</li>"
    return (
        f'<details class="note"><summary>Checks, mistakes and last results of {clause.number}'
        f"</summary><p>Its checks:</p><ul>{checks}</ul>"
        f"<p>The mistakes that it must catch:</p><ul>{caught}</ul>{_results(clause)}</details>"
    )


def _check(name: str, definitions: Definitions) -> str:
    if name in contract.OBSERVED:
        return f"<code>{name}</code>: the guest's kernel itself"
    found = definitions.every(name)
    if not found:
        raise SetupError(f"{contract.PAGE}: no source has the check {name}")
    links = ", ".join(
        f'<a href="{places.link(_PAGE, places.document(one.path), f"L{one.line}")}">'
        f"{one.path.relative_to(ROOT)}:{one.line}</a>"
        for one in found
    )
    return f"<code>{name}</code>: {links}"


def _mistake(one: Mistake) -> str:
    where = places.link(_PAGE, places.puzzles(one.owner), one.patch.stem)
    return f'<a href="{where}">{escape(one.name)}</a>'


def _results(clause: Clause) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(target)}</th><td>{escape(lab)}</td>'
        f"<td>{escape(kept['labs'][lab])}</td><td>{escape(kept['date'])}</td></tr>"
        for target, entries in kept_runs.read(kept_reports.CLAUSES).items()
        if (kept := entries.get(clause.number))
        for lab in sorted(kept["labs"])
    )
    if not rows:
        command = f"make contract CLAUSE={clause.number}"
        return f"<p>No run on this machine is kept: <code>{command}</code> makes one.</p>"
    return (
        "<table><caption>Last results</caption><thead><tr><th>target</th><th>lab</th>"
        f"<th>result</th><th>date</th></tr></thead><tbody>{rows}</tbody></table>"
    )
