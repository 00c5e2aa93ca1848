"""What `make mistakes` prints."""

import textwrap
from dataclasses import dataclass, replace
from typing import Any

from harness.base.errors import BAD_SETUP, CHECK_FAILED, OK
from harness.catalogue import contract
from harness.reports import tables
from harness.reports.forms import CaseReport, seed_text
from harness.reports.junit import JunitCase, JunitResult, JunitSuite
from harness.reports.tables import Column, Paragraph, Row
from harness.results.mistake_results import Caught, MistakeResult

_MOST_CHARACTERS = 800

# The column of what is wrong may become as narrow as this.
_LEAST = 30

_COLUMNS = (
    Column("mistake"),
    Column("what is wrong", least=_LEAST),
    Column("clause"),
    Column("caught by"),
)


@dataclass(frozen=True)
class MistakesReport(CaseReport):
    """A whole run; ``skipped`` says why a mistake could not be shown."""

    series: str
    seed: int
    seconds: float
    results: list[MistakeResult]
    skipped: dict[str, str]
    name = "kmaplab mistakes"

    @property
    def status(self) -> int:
        """The exit status that it calls for: a broken patch weighs more than a survivor."""
        found = {result.caught for result in self.results}
        if found & {Caught.DOES_NOT_APPLY, Caught.DOES_NOT_BUILD}:
            return BAD_SETUP
        in_vain = any(result.is_claimed_in_vain for result in self.results)
        return CHECK_FAILED if Caught.SURVIVED in found or in_vain else OK

    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds."""
        return {
            "kernel": self.series,
            "seed": seed_text(self.seed),
            "seconds": round(self.seconds, 2),
            "status": self.status,
            "skipped": self.skipped,
            "mistakes": [
                {
                    "name": result.mistake.name,
                    "what": result.mistake.what,
                    "clause": result.mistake.clause.number,
                    "arch": result.mistake.arch,
                    "result": result.caught.value,
                    "seconds": round(result.seconds, 2),
                    "by": [
                        {"where": one.where, "check": one.check, "text": one.text}
                        for one in result.by
                    ],
                    "others": _clauses_of_others(result),
                    "text": result.text,
                }
                for result in self.results
            ],
        }

    def as_junit(self) -> list[JunitSuite]:
        """Return what JUnit holds: one suite."""
        cases = [_as_case(result) for result in self.results]
        cases += [
            JunitCase(name, result=JunitResult.SKIPPED, message=reason)
            for name, reason in self.skipped.items()
        ]
        return [JunitSuite(f"mistakes on {self.series}", cases)]

    def print_table(self) -> None:
        """Print it for people."""
        from rich.markup import escape

        rows, paragraphs = [], []
        for result in self.results:
            mistake = result.mistake
            by = result.by[0].check if result.by else result.caught.value
            style = "" if result.caught is Caught.CAUGHT else "bold red"
            name, what = escape(mistake.name), escape(mistake.what)
            rows.append(Row([name, what, mistake.clause.number, escape(by)], style))
            caught = "caught by " if result.by else ""
            lines = [what, f"clause {mistake.clause.number}: {caught}{escape(by)}"]
            paragraphs.append(Paragraph(name, lines, style))
        console = tables.open_console()
        tables.show(console, [tables.make(_COLUMNS, rows)], paragraphs)
        for line in self._remarks():
            tables.say(console, line)

    def _remarks(self) -> list[str]:
        reasons: dict[str, list[str]] = {}
        for name, reason in self.skipped.items():
            reasons.setdefault(reason, []).append(name)
        lines = [f"skipped: {', '.join(names)}: {reason}" for reason, names in reasons.items()]
        for result in self.results:
            if result.caught is not Caught.CAUGHT:
                lines += _what_became(result)
        lines += self._alone()
        caught = sum(result.caught is Caught.CAUGHT for result in self.results)
        left = f", {len(self.skipped)} skipped" if self.skipped else ""
        lines.append(
            f"{caught} of {len(self.results)} mistakes caught{left}, on {self.series}, "
            f"in {self.seconds:.0f} s; SEED={seed_text(self.seed)}"
        )
        return lines

    def _alone(self) -> list[str]:
        """Say which clauses are needed: each notices a mistake that no other clause does."""
        if all(result.others is None for result in self.results):
            return []
        numbers = list(dict.fromkeys(one.mistake.clause.number for one in self.results))
        alone = {one.mistake.clause.number for one in self.results if one.is_noticed_alone}
        lines = []
        for result in self.results:
            if result.others:
                lines.append(
                    f"{result.mistake.name}: clause {result.mistake.clause.number}, and "
                    f"{', '.join(_clauses_of_others(result) or ())}"
                )
                if result.is_claimed_in_vain:
                    lines.append("    but its patch says 'Alone: yes'")
        missing = [number for number in numbers if number not in alone]
        lines.append(
            f"{len(numbers) - len(missing)} of {len(numbers)} clauses notice a mistake that no "
            f"other clause does{', not ' * bool(missing)}{', '.join(missing)}"
        )
        return lines


def _clauses_of_others(result: MistakeResult) -> list[str] | None:
    """Return the numbers of the other clauses that noticed a mistake, and checks of no clause."""
    if result.others is None:
        return None
    clauses = {check: one.number for one in contract.read() for check in one.checks}
    return sorted({clauses.get(one.check, one.check) for one in result.others})


def _as_case(result: MistakeResult) -> JunitCase:
    case = JunitCase(result.mistake.name, seconds=result.seconds)
    if result.caught is Caught.CAUGHT:
        return case
    if result.caught is Caught.SURVIVED:
        message = f"{result.mistake.what}: {result.text}"
        return replace(case, result=JunitResult.FAILURE, message=message)
    message = f"{result.caught.value}: {result.text}"
    return replace(case, result=JunitResult.ERROR, message=message)


def _what_became(result: MistakeResult) -> list[str]:
    mistake = result.mistake
    lines = [f"{mistake.name} {result.caught.value}: {mistake.what}"]
    if result.caught is Caught.SURVIVED:
        lines.append(f"    no check of clause {mistake.clause} noticed it")
        lines.append(f"    {textwrap.shorten(result.text, _MOST_CHARACTERS)}")
    else:
        lines += [f"    {line}" for line in result.text.splitlines()]
    return lines
