"""Which unreached lines have a reason in an unreached.toml, and which have none."""

from dataclasses import dataclass, field

from harness.catalogue.unreached import Reason
from harness.results.coverage import FileCoverage, UnreachedLine


@dataclass
class Judgement:
    """Unreached lines with their reasons, lines without, and reasons that no line needs."""

    explained: list[tuple[UnreachedLine, Reason]] = field(default_factory=list)
    unexplained: list[UnreachedLine] = field(default_factory=list)
    out_of_date: list[Reason] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        """Whether each line has its reason, and each reason its line."""
        return not self.unexplained and not self.out_of_date


def judge(files: list[FileCoverage], reasons: list[Reason], series: str) -> Judgement:
    """Find the reason of each unreached line.

    A reason is for one line. One for a file that is not among ``files``, or for
    other series, is left alone.
    """
    names = {file.name for file in files}
    idle = [
        reason
        for reason in reasons
        if reason.file in names and (not reason.series or series in reason.series)
    ]
    judgement = Judgement()
    for line in (line for file in files for line in file.unreached):
        reason = next((reason for reason in idle if _is_of(reason, line)), None)
        if reason:
            idle.remove(reason)
            judgement.explained.append((line, reason))
        else:
            judgement.unexplained.append(line)
    judgement.out_of_date = idle
    return judgement


def _is_of(reason: Reason, line: UnreachedLine) -> bool:
    return (reason.file, reason.function, reason.text) == (line.file, line.function, line.text)
