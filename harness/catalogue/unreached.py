"""Why lines of the labs are not reached: kunit/unreached.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

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

    def __str__(self) -> str:
        return f"{self.file}, {self.function}(): {self.text}"


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
