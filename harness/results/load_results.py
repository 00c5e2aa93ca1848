"""From the guest's lines to what became of each load."""

from dataclasses import dataclass, field
from enum import Enum

from harness.guest.channel import Line, LineReader
from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK
from harness.results.kernel_log import REPORT
from harness.results.ktap import Check, Ktap, KtapError, KtapReader
from harness.catalogue.labs import Load
from harness.base.tools import printable

# Bits of /proc/sys/kernel/tainted (Documentation/admin-guide/tainted-kernels.rst).
_TAINT_BAD_PAGE = 1 << 5
_TAINT_DIED = 1 << 7
_TAINT_WARNED = 1 << 9


class Verdict(Enum):
    """What became of a load, with the exit status that it calls for.

    A skipped load calls for none: it counts for nothing, also not as a pass.
    """

    PASSED = OK
    SKIPPED = -1
    FAILED = CHECK_FAILED
    BROKEN = GUEST_BROKEN


@dataclass
class LoadResult:
    """A load, its checks, and what went wrong besides them."""

    load: Load
    ktap: Ktap = field(default_factory=Ktap)
    problems: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    verdict: Verdict = Verdict.BROKEN

    @property
    def failed_checks(self) -> list[Check]:
        return [check for check in self.ktap.checks if not check.passed]


@dataclass
class Collector:
    """Takes in the result channel of a run and keeps the score.

    ``partial`` says that only some of the tests run: they need not compare bytes both
    ways. ``leaks`` are kmemleak's lines, None until it was asked.
    """

    reader: LineReader
    loads: list[Load]
    partial: bool = False
    leaks: list[str] | None = None
    results: list[LoadResult] = field(default_factory=list)
    done: bool = False
    nonsense: str | None = None
    _ktap: KtapReader | None = None
    _ended: int = 0
    _taint: int = 0

    def feed(self, data: bytes) -> bool:
        """Take in bytes; say whether there is nothing more to wait for."""
        for line in self.reader.feed(data):
            self._line(line)
        return self.done or self.nonsense is not None

    def _line(self, line: Line) -> None:
        if line.word == "begin":
            self._begin(line.rest)
        elif line.word == "done":
            self.done = True
        elif line.word == "booted" and line.rest.isdecimal():
            self._taint = int(line.rest)
        elif line.word == "leaks" and self._ended == len(self.loads):
            self.leaks = []
        elif line.word == "leak" and self.leaks is not None:
            self.leaks.append(printable(line.rest))
        elif self._ended == len(self.results):
            self._no_sense(f"'{line.word} {line.rest}' outside of a load")
        elif line.word == "log":
            self.results[-1].log.append(_without_level(line.rest))
        elif line.word == "error":
            self.results[-1].problems.append(printable(line.rest))
        elif line.word == "end":
            self._end(line.rest)
        else:
            self._check_line(printable(f"{line.word} {line.rest}".rstrip()))

    def _no_sense(self, text: str) -> None:
        self.nonsense = self.nonsense or f"the guest made no sense: {text}"

    def _begin(self, rest: str) -> None:
        expected = self.loads[len(self.results)] if len(self.results) < len(self.loads) else None
        if self._ended != len(self.results) or rest != str(expected):
            self._no_sense(f"expected the load '{expected}', found '{rest}'")
            return
        assert expected is not None
        self._ktap = KtapReader()
        self.results.append(LoadResult(expected, ktap=self._ktap.ktap))

    def _check_line(self, text: str) -> None:
        assert self._ktap is not None
        try:
            self._ktap.feed(text)
        except KtapError as error:
            self._no_sense(f"{self.results[-1].load}: {error}")

    def _end(self, rest: str) -> None:
        result = self.results[-1]
        numbers = rest.split()
        if len(numbers) != 2 or not all(number.isdigit() for number in numbers):
            self._no_sense(f"'end {rest}'")
            return
        self._ended += 1
        status, taint = (int(number) for number in numbers)
        self._note_taint(result, taint)
        if status < 2:
            self._judge(result, status)
        else:
            result.verdict = Verdict.FAILED
            result.problems = result.problems or [f"the check ended with status {status}"]

    def _note_taint(self, result: LoadResult, taint: int) -> None:
        new = taint & ~self._taint
        self._taint = taint
        reports = any(REPORT.search(line) for line in result.log)
        if reports or new & (_TAINT_BAD_PAGE | _TAINT_DIED | _TAINT_WARNED):
            result.problems.append("the kernel warned: see its log below")

    def _judge(self, result: LoadResult, status: int) -> None:
        assert self._ktap is not None
        try:
            self._ktap.finish()
        except KtapError as error:
            result.problems.append(f"the check program made no sense: {error}")
            return
        if bool(result.failed_checks) != bool(status):
            result.problems.append(
                f"the check program made no sense: status {status} "
                f"with {len(result.failed_checks)} failed checks"
            )
            return
        if not result.failed_checks and not self.partial and not _compared(result.ktap):
            result.problems.append("nothing was compared, in one direction or in both")
        failed = result.failed_checks or result.problems
        result.verdict = Verdict.FAILED if failed else Verdict.PASSED

    def finish(self) -> list[LoadResult]:
        """Return a result for every load; what did not come is broken."""
        if self.results and self._ended < len(self.results):
            result = self.results[-1]
            running = f", in {result.ktap.running}" if result.ktap.running else ""
            result.problems.append(f"the guest was gone before the checks ended{running}")
        missing = self.loads[len(self.results) :]
        return self.results + [
            LoadResult(load, problems=["never began: the guest was gone before"])
            for load in missing
        ]


def _compared(ktap: Ktap) -> bool:
    """Say whether bytes were compared both ways."""
    return all(int(ktap.report[name]) for name in ("kernel_to_user", "user_to_kernel"))


def _without_level(line: str) -> str:
    """Strip the "<6>" that dmesg -r puts before a line, and control characters."""
    level, found, rest = line.partition(">")
    return printable(rest if found and level.startswith("<") else line)


def worst(results: list[LoadResult]) -> int:
    """Return the exit status that the results call for."""
    ran = [result for result in results if result.verdict is not Verdict.SKIPPED]
    if results and not ran:
        return OK
    return max((result.verdict.value for result in ran), default=GUEST_BROKEN)
