"""Why lines of the labs are not reached: kunit/unreached.toml, and what is wrong with it."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from harness.results.coverage import FileCoverage, Line
from harness.base.errors import SetupError
from harness.kernels.series import SERIES

NAME = "unreached.toml"


@dataclass(frozen=True)
class Reason:
    """Why one line cannot be reached.

    ``file`` is a path below labs/; ``text`` the line without its indentation. If
    a function has several such lines there is a reason for each. ``series`` are
    those that it holds for, empty for all.
    """

    file: str
    function: str
    text: str
    reason: str
    series: tuple[str, ...] = ()

    def is_of(self, line: Line) -> bool:
        return (self.file, self.function, self.text) == (line.file, line.function, line.text)

    def __str__(self) -> str:
        return f"{self.file}, {self.function}(): {self.text}"


@dataclass
class Judgement:
    """Unreached lines with their reasons, lines without, and reasons that are idle."""

    explained: list[tuple[Line, Reason]] = field(default_factory=list)
    unexplained: list[Line] = field(default_factory=list)
    out_of_date: list[Reason] = field(default_factory=list)

    @property
    def is_right(self) -> bool:
        return not self.unexplained and not self.out_of_date


def read(path: Path) -> list[Reason]:
    """Read the file, which need not be there. Raises SetupError if it makes no sense."""
    if not path.is_file():
        return []
    try:
        tables = tomllib.loads(path.read_text()).get("line", [])
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"{path}: {error}") from error
    return [reason for table in tables for reason in _read_one(path, table)]


def _read_one(path: Path, table: object) -> list[Reason]:
    match table:
        case {
            "file": str(file),
            "function": str(function),
            "text": str() | list() as text,
            "reason": str(reason),
            **rest,
        } if reason.strip():
            series = rest.pop("series", [])
            if isinstance(series, list) and set(series) <= set(SERIES) and not rest:
                lines = [text] if isinstance(text, str) else text
                why = " ".join(reason.split())
                return [Reason(file, function, str(line), why, tuple(series)) for line in lines]
    raise SetupError(
        f"{path}: a [[line]] wants file=, function=, text=, reason=, and may have "
        f"series=, a list of {', '.join(SERIES)}; this one is {table}"
    )


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
        reason = next((reason for reason in idle if reason.is_of(line)), None)
        if reason:
            idle.remove(reason)
            judgement.explained.append((line, reason))
        else:
            judgement.unexplained.append(line)
    judgement.out_of_date = idle
    return judgement
