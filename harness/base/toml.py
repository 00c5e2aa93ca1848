"""Reading the project's TOML files: every key is checked, and an error is one line."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from harness.base.errors import SetupError

_T = TypeVar("_T")


@dataclass
class Table:
    """A table of a TOML file, or the whole file; ``name`` is empty for the latter.

    Each key is taken once. Every method but end() raises SetupError, with file, table
    and key, for a value of the wrong type and for a missing one without a default.
    """

    path: Path
    name: str
    values: dict[str, Any]

    def text(self, key: str, empty: bool = False) -> str:
        """Take a text; unless it may be ``empty``, it is not."""
        value = self._take(key, str, "text in quotes")
        return value if empty or value.strip() else self.refuse(key, "is empty")

    def number(self, key: str) -> int:
        """Take a whole number."""
        value = self._take(key, int, "a whole number")
        return self.refuse(key, "must be a whole number") if isinstance(value, bool) else value

    def flag(self, key: str, default: bool) -> bool:
        """Take true or false."""
        return self._take(key, bool, "true or false") if key in self.values else default

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Take a list of texts."""
        if key not in self.values and default is not None:
            return default
        value = self._take(key, list, "a list of texts in quotes")
        if not all(isinstance(one, str) for one in value):
            self.refuse(key, "must be a list of texts in quotes")
        return tuple(value)

    def table(self, key: str) -> "Table | None":
        """Take a table of this one, which need not be there."""
        if key not in self.values:
            return None
        return Table(self.path, f"[{key}]", self._take(key, dict, "a table"))

    def tables(self, key: str) -> "list[Table]":
        """Take the tables that [[key]] begins, of which there may be none."""
        value = self._take(key, list, "tables") if key in self.values else []
        if not all(isinstance(one, dict) for one in value):
            self.refuse(key, "must be tables")
        return [Table(self.path, f"[[{key}]]", one) for one in value]

    def all_texts(self) -> dict[str, str]:
        """Take all that is left: keys of the file's own choice, each with a text."""
        return {key: self.text(key) for key in list(self.values)}

    def end(self) -> None:
        """Raise SetupError if a key is left that was not read."""
        for key in self.values:
            self.refuse(key, "is unknown")

    def refuse(self, key: str, why: str) -> NoReturn:
        """Raise SetupError about a key."""
        where = f"{self.name} {key}" if self.name else key
        raise SetupError(f"{self.path}: {where} {why}")

    def _take(self, key: str, kind: type[_T], wanted: str) -> _T:
        if key not in self.values:
            self.refuse(key, "is missing")
        value = self.values.pop(key)
        return value if isinstance(value, kind) else self.refuse(key, f"must be {wanted}")


def read(path: Path) -> Table:
    """Read a file. Raises SetupError if it is not TOML."""
    try:
        return Table(path, "", tomllib.loads(path.read_text()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path}: {error}") from error
