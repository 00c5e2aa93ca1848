"""What became of a load of a lab: the verdict on its checks, and on the kernel."""

from dataclasses import dataclass, field
from enum import Enum

from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK
from harness.catalogue.labs import Load
from harness.results import kernel_log
from harness.results.ktap import Check, Ktap, KtapError, KtapReader

# Bits of /proc/sys/kernel/tainted (Documentation/admin-guide/tainted-kernels.rst).
_TAINT_BAD_PAGE = 1 << 5
_TAINT_DIED = 1 << 7
_TAINT_WARNED = 1 << 9
_TAINTS = _TAINT_BAD_PAGE | _TAINT_DIED | _TAINT_WARNED


class LoadVerdict(Enum):
    """What became of a load, with the exit status that it calls for.

    A skipped load calls for none: it counts for nothing, also not as a pass.
    """

    PASSED = OK
    SKIPPED = -1
    FAILED = CHECK_FAILED
    BROKEN = GUEST_BROKEN


class ProblemKind(Enum):
    """What went wrong with a load besides failed checks."""

    SKIPPED = "skipped"
    # Loading, checking or unloading ended with an error.
    ERROR = "error"
    KERNEL_WARNED = "the kernel warned"
    NOTHING_COMPARED = "nothing compared"
    NO_SENSE = "no sense"
    GUEST_GONE = "guest gone"


@dataclass(frozen=True)
class Problem:
    """One of these, and the text that explains it to a person."""

    kind: ProblemKind
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass
class LoadResult:
    """A load, its checks, and what went wrong besides them.

    ``seconds`` is the time from its first line to its last, as the host heard them.
    """

    load: Load
    ktap: Ktap = field(default_factory=Ktap)
    problems: list[Problem] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    verdict: LoadVerdict = LoadVerdict.BROKEN
    seconds: float | None = None

    @property
    def failed_checks(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.ktap.checks if not check.passed]

    @property
    def warned(self) -> bool:
        """Whether the kernel warned while the load was checked."""
        return any(problem.kind is ProblemKind.KERNEL_WARNED for problem in self.problems)

    def add(self, kind: ProblemKind, text: str) -> None:
        """Note a problem."""
        self.problems.append(Problem(kind, text))


def skipped(load: Load, reason: str) -> LoadResult:
    """Return the result of a load that cannot run on the target."""
    problem = Problem(ProblemKind.SKIPPED, f"skipped: {reason}")
    return LoadResult(load, problems=[problem], verdict=LoadVerdict.SKIPPED)


def never_began(load: Load) -> LoadResult:
    """Return the result of a load that the guest did not come to."""
    problem = Problem(ProblemKind.GUEST_GONE, "never began: the guest was gone before")
    return LoadResult(load, problems=[problem])


def note_taint(result: LoadResult, before: int, after: int) -> None:
    """Note it as a problem if the kernel warned during a load.

    ``before`` and ``after`` are what /proc/sys/kernel/tainted held then.
    """
    if kernel_log.reports(result.log) or after & ~before & _TAINTS:
        result.add(ProblemKind.KERNEL_WARNED, "the kernel warned: see its log below")


def judge(result: LoadResult, reader: KtapReader, status: int, partial: bool) -> None:
    """Give the verdict on a load whose check program ended with ``status``.

    ``partial`` says that only some of the checks ran: they need not compare bytes both
    ways.
    """
    if status >= 2:
        result.verdict = LoadVerdict.FAILED
        if not result.problems:
            result.add(ProblemKind.ERROR, f"the check ended with status {status}")
        return
    try:
        reader.finish()
    except KtapError as error:
        result.add(ProblemKind.NO_SENSE, f"the check program made no sense: {error}")
        return
    failed = len(result.failed_checks)
    if bool(failed) != bool(status):
        text = f"the check program made no sense: status {status} with {failed} failed checks"
        result.add(ProblemKind.NO_SENSE, text)
        return
    if not failed and not partial and not _compared(result.ktap):
        text = "nothing was compared, in one direction or in both"
        result.add(ProblemKind.NOTHING_COMPARED, text)
    bad = failed or result.problems
    result.verdict = LoadVerdict.FAILED if bad else LoadVerdict.PASSED


def _compared(ktap: Ktap) -> bool:
    """Say whether bytes were compared both ways."""
    return all(int(ktap.report[name]) for name in ("kernel_to_user", "user_to_kernel"))


def worst(results: list[LoadResult]) -> int:
    """Return the exit status that the results call for."""
    ran = [result for result in results if result.verdict is not LoadVerdict.SKIPPED]
    if results and not ran:
        return OK
    return max((result.verdict.value for result in ran), default=GUEST_BROKEN)
