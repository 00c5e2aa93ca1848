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
    """What became of one mistake, and what noticed it; ``seconds`` with the build."""

    mistake: Mistake
    caught: Caught
    text: str
    by: list[Observation]
    seconds: float
