"""What became of a mistake that was made on purpose."""

from dataclasses import dataclass
from enum import Enum

from harness.catalogue.mistakes import Mistake
from harness.results.clauses import Observation


class Caught(Enum):
    """Whether a mistake was caught."""

    CAUGHT = "caught"
    SURVIVED = "SURVIVED"
    DOES_NOT_APPLY = "DOES NOT APPLY"
    DOES_NOT_BUILD = "DOES NOT BUILD"


@dataclass(frozen=True)
class MistakeResult:
    """What became of one mistake, and what noticed it; ``seconds`` with the build.

    ``others`` are what the checks of other clauses noticed, None if they were not made.
    """

    mistake: Mistake
    caught: Caught
    text: str
    by: list[Observation]
    seconds: float
    others: list[Observation] | None = None

    @property
    def is_noticed_alone(self) -> bool:
        """Whether the checks of its clause notice it, and of all others none."""
        return self.caught is Caught.CAUGHT and self.others == []

    @property
    def is_claimed_in_vain(self) -> bool:
        """Whether its patch says that no other clause notices it, and one does."""
        return self.mistake.alone and bool(self.others)
