"""Reading KTAP, the test results that the check programs print.

The format is the kernel's, Documentation/dev-tools/ktap.rst. This reader is
strict: results that do not add up do not count, because a guest that has gone
wrong must not pass.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

_VERSION = "KTAP version 1"
_PLAN = re.compile(r"1\.\.(\d+)$")
_RESULT = re.compile(r"(not ok|ok) (\d+)(?: - | )?(\S*)(?: # SKIP ?(.*))?$")
_FIELD = re.compile(r"(\w+)=(\S+)")
# Said before a skipped result: userspace/runner/run.c.
_DOES_NOT_APPLY = "does not apply"
_NUMBERS = ("pages", "size", "kernel_to_user", "user_to_kernel")


class KtapError(ValueError):
    """The output is not what a check program that ran to its end prints."""


@dataclass(frozen=True)
class Check:
    """The result of one check.

    ``skipped`` is the reason, or None; ``applies`` is false if it was skipped since it is not
    about this driver; ``seconds`` are None if its begin was not seen.
    """

    name: str
    passed: bool
    skipped: str | None = None
    diagnostics: tuple[str, ...] = ()
    seconds: float | None = field(default=None, compare=False)
    applies: bool = True


@dataclass
class Ktap:
    """Results that came so far, and the fields of the "# report" line."""

    plan: int | None = None
    checks: list[Check] = field(default_factory=list)
    running: str | None = None
    report: dict[str, str] = field(default_factory=dict)


@dataclass
class KtapReader:
    """Takes KTAP line by line, so that what came before a crash is not lost.

    ``now`` returns seconds; a check lasts from its "# running" line to its result.
    """

    ktap: Ktap = field(default_factory=Ktap)
    now: Callable[[], float] = time.monotonic
    _seen_version: bool = False
    _began: float | None = None
    _applies: bool = True
    _diagnostics: list[str] = field(default_factory=list)

    def feed(self, line: str) -> None:
        """Take in one line. Raises KtapError for one that cannot stand there."""
        if not self._seen_version:
            if line != _VERSION:
                raise KtapError(f"expected '{_VERSION}', found '{line}'")
            self._seen_version = True
        elif line.startswith("#"):
            self._diagnostic(line[1:].strip())
        elif match := _PLAN.match(line):
            if self.ktap.plan is not None:
                raise KtapError(f"a second plan: '{line}'")
            self.ktap.plan = int(match[1])
        elif match := _RESULT.match(line):
            self._result(match)
        elif line:
            raise KtapError(f"a line that is not KTAP: '{line}'")

    def _diagnostic(self, text: str) -> None:
        if text == _DOES_NOT_APPLY:
            self._applies = False
        elif self.ktap.running is not None:
            self._diagnostics.append(text)
        elif text.startswith("running "):
            self.ktap.running = text.removeprefix("running ")
            self._began = self.now()
        elif text.startswith("report "):
            self.ktap.report = dict(_FIELD.findall(text))
            for name in _NUMBERS:
                if not self.ktap.report.get(name, "").isdecimal():
                    raise KtapError(f"no number for {name} in '{text}'")
        elif not text.startswith("seed "):
            self._diagnostics.append(text)

    def _result(self, match: re.Match[str]) -> None:
        number = int(match[2])
        if self.ktap.plan is None:
            raise KtapError(f"a result before the plan: '{match[0]}'")
        if number != len(self.ktap.checks) + 1:
            raise KtapError(f"expected result {len(self.ktap.checks) + 1}, found '{match[0]}'")
        if number > self.ktap.plan:
            raise KtapError(f"more results than the plan of {self.ktap.plan}: '{match[0]}'")
        seconds = None if self._began is None else self.now() - self._began
        said = tuple(self._diagnostics)
        applies = self._applies or match[4] is None
        self.ktap.checks.append(Check(match[3], match[1] == "ok", match[4], said, seconds, applies))
        self._diagnostics = []
        self._applies = True
        self._began = None
        self.ktap.running = None

    def finish(self) -> Ktap:
        """Return all results. Raises KtapError if some are missing."""
        if not self.ktap.plan:
            raise KtapError("no results at all")
        missing = self.ktap.plan - len(self.ktap.checks)
        if missing:
            where = f", in {self.ktap.running}" if self.ktap.running else ""
            raise KtapError(f"{missing} of {self.ktap.plan} results are missing{where}")
        if not self.ktap.report:
            raise KtapError("the report line is missing")
        return self.ktap
