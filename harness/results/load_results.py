"""What became of a load of a lab: the verdict on its checks, and on the kernel."""

from dataclasses import dataclass, field, replace
from enum import Enum

from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK
from harness.catalogue.drivers import Driver
from harness.catalogue.labs import Load
from harness.results import kernel_log
from harness.results.crash import Crash
from harness.results.ktap import Check, Ktap, KtapError, KtapReader
from harness.results import witness
from harness.results.witness import Sighting

_DIVIDED = witness.DIVISION_WITNESSED

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
    OTHER_CHECKS = "other checks than those that had to come"
    GUEST_GONE = "guest gone"


@dataclass(frozen=True)
class Problem:
    """One of these, and the text that explains it to a person."""

    kind: ProblemKind
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class LeftBehind:
    """That the load of another lab behind it, which alone is whole, was in trouble.

    ``what`` says in words what came of it, and ``is_sure`` that the same came of both together
    in another guest.
    """

    load: str
    what: str
    is_sure: bool


@dataclass
class LoadResult:
    """A load, its checks, and what went wrong besides them.

    ``seconds`` is the time from its first line to its last, as the host heard them;
    ``sightings`` is what the witness saw, by the check that it decides; ``large_entries`` says
    that there are blocks for it to see divided. ``log_lost`` says
    that the kernel said more than its buffer holds, and ``log`` is only the end of it;
    ``began`` that the guest came to the load. ``crash`` is what the kernel has reported of the
    lab, and ``panicked`` says that the guest's kernel ended while it was loaded.
    """

    load: Load
    ktap: Ktap = field(default_factory=Ktap)
    problems: list[Problem] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    verdict: LoadVerdict = LoadVerdict.BROKEN
    seconds: float | None = None
    sightings: dict[str, Sighting] = field(default_factory=dict)
    large_entries: bool = False
    log_lost: bool = False
    began: bool = True
    crash: Crash | None = None
    panicked: bool = False
    left_behind: LeftBehind | None = None

    @property
    def failed_checks(self) -> list[Check]:
        """The checks that failed."""
        return [check for check in self.ktap.checks if not check.passed]

    @property
    def sighting(self) -> Sighting | None:
        """What the witness saw of the memory or the device, None if it was not called."""
        seen = (self.sightings.get(name) for name in witness.CHECKS.values() if name != _DIVIDED)
        return next(filter(None, seen), None)

    @property
    def divided(self) -> Sighting | None:
        """Likewise, of a block that was divided."""
        return self.sightings.get(_DIVIDED)

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
    return LoadResult(load, problems=[problem], began=False)


def note_taint(result: LoadResult, before: int, after: int) -> None:
    """Note it as a problem if the kernel warned during a load.

    ``before`` and ``after`` are what /proc/sys/kernel/tainted held then.
    """
    if kernel_log.reports(result.log) or after & ~before & _TAINTS:
        result.add(ProblemKind.KERNEL_WARNED, "the kernel warned: see its log below")


@dataclass(frozen=True)
class Expected:
    """What the host knows of a load before its guest starts.

    ``checks`` are the names of the checks that must come, in order. ``partial`` says that
    they are only some: they need not compare bytes both ways.
    """

    checks: tuple[str, ...]
    partial: bool = False


def judge(result: LoadResult, reader: KtapReader, status: int, expected: Expected) -> None:
    """Give the verdict on a load whose check program ended with ``status``."""
    failed = len(result.failed_checks)
    hear_witness(result)
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
    if text := _other_checks(result.ktap, expected.checks):
        result.add(ProblemKind.OTHER_CHECKS, text)
        result.verdict = LoadVerdict.FAILED
        return
    if bool(failed) != bool(status):
        text = f"the check program made no sense: status {status} with {failed} failed checks"
        result.add(ProblemKind.NO_SENSE, text)
        return
    failed = len(result.failed_checks)
    whole = not expected.partial and result.load.mapping != "none"
    if not failed and whole and not _compared(result.ktap):
        text = "nothing was compared, in one direction or in both"
        result.add(ProblemKind.NOTHING_COMPARED, text)
    bad = failed or result.problems
    result.verdict = LoadVerdict.FAILED if bad else LoadVerdict.PASSED


def _other_checks(ktap: Ktap, expected: tuple[str, ...]) -> str | None:
    """Say which checks did not come, came twice, or should not have come; None if all is well."""
    came = [check.name for check in ktap.checks]
    if came == list(expected):
        return None
    kinds = {
        "did not come": [name for name in expected if name not in came],
        "came more than once": sorted({name for name in came if came.count(name) > 1}),
        "are not checks of this load": sorted(set(came) - set(expected)),
    }
    said = [f"{', '.join(names)} {kind}" for kind, names in kinds.items() if names]
    return f"not the checks that had to come: {'; '.join(said) or 'another order'}"


def hear_witness(result: LoadResult) -> None:
    """Have the witness decide about its checks: what the guest says of them is not enough."""
    decided = set(witness.CHECKS.values())
    if not result.large_entries:
        decided.remove(_DIVIDED)
    checks = result.ktap.checks
    for place, check in enumerate(checks):
        if check.name in decided and check.passed:
            sighting = result.sightings.get(check.name)
            text = ["nobody was let look at the machine from outside"]
            problems = sighting.problems if sighting else text
            # A driver that is no lab may have nothing to look at; then nothing is said to hold.
            has_nothing = check.skipped is not None and isinstance(result.load.lab, Driver)
            if problems and not has_nothing:
                said = tuple(problems)
                checks[place] = replace(check, passed=False, skipped=None, diagnostics=said)


def _compared(ktap: Ktap) -> bool:
    """Say whether bytes were compared both ways."""
    return all(int(ktap.report[name]) for name in ("kernel_to_user", "user_to_kernel"))


def worst(results: list[LoadResult]) -> int:
    """Return the exit status that the results call for."""
    ran = [result for result in results if result.verdict is not LoadVerdict.SKIPPED]
    if results and not ran:
        return OK
    return max((result.verdict.value for result in ran), default=GUEST_BROKEN)
