"""What guests showed of the contract, and the verdict on each clause."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from harness.catalogue import contract
from harness.catalogue.contract import Clause
from harness.results.crash import Crash


class ClauseVerdict(Enum):
    """What became of a check, and of a clause for one lab."""

    PROVED = "proved"
    FAILED = "failed"
    SKIPPED = "skipped"
    # No check of the clause concerns the lab.
    NONE = "none"


@dataclass(frozen=True)
class Observation:
    """The verdict of one check: where it ran, and why it was skipped or what it said.

    ``seconds`` are None where they were not measured; ``applies`` is false for a check that was
    skipped since it is not about this driver.
    """

    lab: str
    where: str
    check: str
    verdict: ClauseVerdict
    text: str = ""
    seconds: float | None = field(default=None, compare=False)
    applies: bool = True


@dataclass(frozen=True)
class ClauseResult:
    """A clause, what its checks showed, and the labs that have a check of it.

    ``concerned`` is empty where no lab has one on this target.
    """

    clause: Clause
    observations: list[Observation]
    concerned: tuple[str, ...] = ()

    def verdict(self, lab: str) -> ClauseVerdict:
        """Return what became of the clause for a lab.

        One check that failed is enough to break it, and one that passed, with none
        that failed, proves it. A silent kernel proves a clause only if the clause
        names no check that does something.
        """
        mine = [one for one in self.observations if one.lab == lab]
        if not contract.is_observed(self.clause):
            silent = (ClauseVerdict.PROVED, ClauseVerdict.SKIPPED)
            mine = [
                one
                for one in mine
                if one.check not in contract.OBSERVED or one.verdict not in silent
            ]
        verdicts = {one.verdict for one in mine}
        for verdict in (ClauseVerdict.FAILED, ClauseVerdict.PROVED, ClauseVerdict.SKIPPED):
            if verdict in verdicts:
                return verdict
        return ClauseVerdict.NONE

    @property
    def is_silent(self) -> bool:
        """Whether nothing that was observed is a verdict on it."""
        return all(self.verdict(one.lab) is ClauseVerdict.NONE for one in self.observations)

    @property
    def is_proved(self) -> bool:
        """Whether it holds for each lab that it concerns, and for one at least."""
        verdicts = {self.verdict(one.lab) for one in self.observations}
        return ClauseVerdict.PROVED in verdicts and ClauseVerdict.FAILED not in verdicts


@dataclass
class Evidence:
    """What the checks of some guests showed, and what kept others from being made.

    ``log`` is what the guests' kernels said where that explains a verdict, and ``crashes`` the
    first that they reported of each lab, by its name.
    """

    observations: list[Observation] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    # Whether a guest crashed, hung or made no sense.
    broken: bool = False
    crashes: dict[str, Crash] = field(default_factory=dict)

    @property
    def failed(self) -> list[Observation]:
        """The checks that failed."""
        return [one for one in self.observations if one.verdict is ClauseVerdict.FAILED]

    def add(self, other: "Evidence") -> None:
        """Take in what another guest showed."""
        self.observations += other.observations
        self.problems += other.problems
        self.log += other.log
        self.broken |= other.broken
        self.crashes = other.crashes | self.crashes


def by_clause(
    clauses: Iterable[Clause],
    observations: list[Observation],
    concerned: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> list[ClauseResult]:
    """Put each observation below the clauses that name its check.

    ``concerned`` are the labs that have a check of a clause, by its number.
    """
    return [
        ClauseResult(
            clause,
            [one for one in observations if one.check in clause.checks],
            concerned.get(clause.number, ()),
        )
        for clause in clauses
    ]
