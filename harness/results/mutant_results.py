"""What became of the mutants, and the score that the checks reach."""

from dataclasses import dataclass
from enum import Enum

from harness.catalogue.mutants import Mutant


class Fate(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    # The compiler makes the very code of it that it makes of the lab.
    SAME_CODE = "same code"
    # equivalent.toml says why nobody can tell it from the lab.
    EQUIVALENT = "equivalent"
    DOES_NOT_BUILD = "does not build"


@dataclass(frozen=True)
class Attempt:
    """What one trial of a mutant showed: the checks that failed, and what happened else.

    A mutant is killed by a check that fails, by a module that cannot be loaded, or by a
    guest that dies.
    """

    checks: tuple[str, ...] = ()
    trouble: str = ""

    @property
    def killed(self) -> bool:
        """Whether the mutant was noticed."""
        return bool(self.checks or self.trouble)


@dataclass(frozen=True)
class MutantResult:
    """What became of one mutant, and the trial that noticed it, if one did.

    ``text`` is the compiler's, or the reason why it is equivalent.
    """

    mutant: Mutant
    lab: str
    fate: Fate
    trial: str = ""
    attempt: Attempt = Attempt()
    text: str = ""


@dataclass(frozen=True)
class Score:
    """How many mutants had which fate."""

    fates: dict[Fate, int]

    @staticmethod
    def of(results: list[MutantResult]) -> "Score":
        """Count some results."""
        return Score({fate: sum(one.fate is fate for one in results) for fate in Fate})

    @property
    def counted(self) -> int:
        """How many build and differ from the lab."""
        return self.fates[Fate.KILLED] + self.fates[Fate.SURVIVED]

    @property
    def percent(self) -> float:
        """How many of 100 of those are killed; 100 where there are none."""
        return 100 * self.fates[Fate.KILLED] / self.counted if self.counted else 100.0
