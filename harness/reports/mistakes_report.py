"""What `make mistakes` prints: a table for people, JSON and JUnit for machines."""

import json
import sys
import textwrap
from dataclasses import dataclass
from enum import Enum

from harness.base.errors import BAD_SETUP, CHECK_FAILED, OK
from harness.catalogue.mistakes import Mistake
from harness.results.proof import Finding

_MOST_CHARACTERS = 800


class Caught(Enum):
    """What became of a mistake."""

    CAUGHT = "caught"
    SURVIVED = "SURVIVED"
    DOES_NOT_APPLY = "DOES NOT APPLY"
    DOES_NOT_BUILD = "DOES NOT BUILD"


@dataclass(frozen=True)
class Outcome:
    """What became of one mistake, and what noticed it; ``seconds`` with the build."""

    mistake: Mistake
    caught: Caught
    text: str
    by: list[Finding]
    seconds: float


@dataclass(frozen=True)
class MistakesReport:
    """A whole run; ``skipped`` says why a mistake could not be shown."""

    series: str
    seed: int
    seconds: float
    outcomes: list[Outcome]
    skipped: dict[str, str]

    @property
    def status(self) -> int:
        """The exit status that it calls for: a broken patch weighs more than a survivor."""
        found = {outcome.caught for outcome in self.outcomes}
        if found & {Caught.DOES_NOT_APPLY, Caught.DOES_NOT_BUILD}:
            return BAD_SETUP
        return CHECK_FAILED if Caught.SURVIVED in found else OK

    def print(self, kind: str) -> None:
        """Write the report to standard output as table, json or junit."""
        {"table": self._table, "json": self._json, "junit": self._junit}[kind]()

    def _json(self) -> None:
        data = {
            "kernel": self.series,
            "seed": f"0x{self.seed:x}",
            "seconds": round(self.seconds, 2),
            "status": self.status,
            "skipped": self.skipped,
            "mistakes": [
                {
                    "name": outcome.mistake.name,
                    "what": outcome.mistake.what,
                    "clause": outcome.mistake.clause.number,
                    "arch": outcome.mistake.arch,
                    "result": outcome.caught.value,
                    "seconds": round(outcome.seconds, 2),
                    "by": [
                        {"where": one.where, "check": one.check, "text": one.text}
                        for one in outcome.by
                    ],
                    "text": outcome.text,
                }
                for outcome in self.outcomes
            ],
        }
        json.dump(data, sys.stdout, indent=2)
        print()

    def _junit(self) -> None:
        from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

        xml = JUnitXml("kmaplab mistakes")
        suite = TestSuite(f"mistakes on {self.series}")
        for outcome in self.outcomes:
            case = TestCase(outcome.mistake.name, time=outcome.seconds)
            if outcome.caught is Caught.SURVIVED:
                case.result = [Failure(f"{outcome.mistake.what}: {outcome.text}")]
            elif outcome.caught is not Caught.CAUGHT:
                case.result = [Error(f"{outcome.caught.value}: {outcome.text}")]
            suite.add_testcase(case)
        for name, reason in self.skipped.items():
            case = TestCase(name)
            case.result = [Skipped(reason)]
            suite.add_testcase(case)
        xml.add_testsuite(suite)
        xml.update_statistics()
        print(xml.tostring().decode())

    def _table(self) -> None:
        from rich import box
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for column in ("mistake", "what is wrong", "clause", "caught by"):
            table.add_column(column, no_wrap=column == "clause")
        for outcome in self.outcomes:
            by = outcome.by[0].check if outcome.by else outcome.caught.value
            good = outcome.caught is Caught.CAUGHT
            table.add_row(
                escape(outcome.mistake.name),
                escape(outcome.mistake.what),
                outcome.mistake.clause.number,
                escape(by),
                style=None if good else "bold red",
            )
        console.print(table)
        for line in self._remarks():
            console.print(escape(line), soft_wrap=True)

    def _remarks(self) -> list[str]:
        reasons: dict[str, list[str]] = {}
        for name, reason in self.skipped.items():
            reasons.setdefault(reason, []).append(name)
        lines = [f"skipped: {', '.join(names)}: {reason}" for reason, names in reasons.items()]
        for outcome in self.outcomes:
            if outcome.caught is not Caught.CAUGHT:
                mistake = outcome.mistake
                lines.append(f"{mistake.name} {outcome.caught.value}: {mistake.what}")
                if outcome.caught is Caught.SURVIVED:
                    lines.append(f"    no check of clause {mistake.clause} noticed it")
                    lines.append(f"    {textwrap.shorten(outcome.text, _MOST_CHARACTERS)}")
                else:
                    lines += [f"    {line}" for line in outcome.text.splitlines()]
        caught = sum(outcome.caught is Caught.CAUGHT for outcome in self.outcomes)
        left = f", {len(self.skipped)} skipped" if self.skipped else ""
        lines.append(
            f"{caught} of {len(self.outcomes)} mistakes caught{left}, on {self.series}, "
            f"in {self.seconds:.0f} s; SEED=0x{self.seed:x}"
        )
        return lines
