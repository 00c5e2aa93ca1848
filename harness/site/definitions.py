"""Where the project's C defines a name: found by ctags."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.base import tools
from harness.base.errors import SetupError
from harness.base.paths import LABS, ROOT

COMPAT = LABS / "include/lab_compat.h"

# ctags' letters: function, macro, structure, union, type, enumerator, enumeration, prototype.
_KINDS = "fdsutegp"
# A function in the kernel's style: it begins and its body ends at the first column.
_FUNCTION = re.compile(r"^\w[^;={}\n]*?\b(\w+)\([^;{}]*\)\n\{\n.*?^\}", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"^START_TEST\((\w+)\)", re.MULTILINE)


@dataclass(frozen=True)
class Definition:
    """A name, ctags' letter for what it is, and its first and last line."""

    name: str
    kind: str
    path: Path
    line: int
    end: int


class Definitions:
    """The names that sources of the project define."""

    def __init__(self, paths: Iterable[Path]) -> None:
        """Look through these sources. Raises SetupError if ctags does not work."""
        self._by_name: dict[str, list[Definition]] = {}
        every = list(paths)
        for one in [*_of_ctags(every), *_tests(every)]:
            self._by_name.setdefault(one.name, []).append(one)
        for one in _unseen(every):
            if not any(seen.path == one.path for seen in self.every(one.name)):
                self._by_name.setdefault(one.name, []).append(one)

    def find(self, name: str, kinds: str, seen_from: Path) -> Definition | None:
        """Return what a name means in a file, or None if the project does not define it.

        The file's own definition counts first, then that of its folder, of the labs' shared
        folders, and of any other folder if no two have it.
        """
        found = [one for one in self._by_name.get(name, ()) if one.kind in kinds]
        found.sort(key=lambda one: one.kind == "p")
        near = (
            [one for one in found if one.path == seen_from],
            [one for one in found if one.path.parent == seen_from.parent],
            [one for one in found if one.path.parent.name in ("include", "core", "shared")],
            found if len({one.path.parent for one in found if one.kind != "p"}) <= 1 else [],
        )
        return next((group[0] for group in near if group and group[0].kind != "p"), None) or next(
            (group[0] for group in near if group), None
        )

    def any(self, name: str) -> Definition | None:
        """Return a definition of a name, whichever it is."""
        return next(iter(self._by_name.get(name, ())), None)

    def every(self, name: str) -> list[Definition]:
        """Return the functions of a name, wherever they are."""
        return [one for one in self._by_name.get(name, ()) if one.kind == "f"]

    def of_file(self, name: str, path: Path) -> list[Definition]:
        """Return what a file defines by a name."""
        return [one for one in self._by_name.get(name, ()) if one.path == path]


def _of_ctags(paths: list[Path]) -> Iterator[Definition]:
    command = ["ctags", "-I", "ElfW+", "-f", "-", "-n", "--sort=no", "--languages=C"]
    command += ["--langmap=C:.c.h", f"--kinds-C={_KINDS}", "--fields=kne", *map(str, paths)]
    try:
        output = subprocess.run(
            command, capture_output=True, text=True, check=True, env=tools.environment(), cwd=ROOT
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SetupError(f"ctags does not work: {error}") from error
    for line in output.splitlines():
        name, path, *fields = line.split("\t")
        values = dict(field.split(":", 1) for field in fields[2:] if ":" in field)
        first = int(values["line"])
        last = int(values.get("end", first))
        yield Definition(name, fields[1], Path(path), first, last)


def _tests(paths: Iterable[Path]) -> Iterator[Definition]:
    """Yield the checks: ctags does not see that START_TEST() makes a function."""
    for path in paths:
        text = path.read_text()
        for match in _TEST.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            end = text.find("END_TEST", match.end())
            yield Definition(match[1], "f", path, line, text.count("\n", 0, end) + 1)


def _unseen(paths: Iterable[Path]) -> Iterator[Definition]:
    """Yield all functions: a macro before one can have ctags pass over it."""
    for path in paths:
        text = path.read_text()
        for match in _FUNCTION.finditer(text):
            first = text.count("\n", 0, match.start(1)) + 1
            yield Definition(match[1], "f", path, first, text.count("\n", 0, match.end()) + 1)
