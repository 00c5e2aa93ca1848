"""What a checker is: what it looks at, what it runs, what it finds."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import ClassVar, TypeVar

from harness.base import tools
from harness.base.errors import SetupError
from harness.base.progress import Step

# Files that do not belong to the project, wherever they are, and files that are made.
_PASSED_OVER = (".git", "__pycache__")
_MADE = "build"

_SHELL = re.compile(rb"#!.*\b(ba|da)?sh\b")

T = TypeVar("T")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Finding:
    """What a checker does not like.

    ``file`` is relative to the tree; a ``line`` of 0 is the file as a whole.
    ``kind`` is the checker's own name for such a finding, where it has one.
    """

    file: str
    line: int
    text: str
    kind: str = ""
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        kind = f"{self.kind}: " if self.kind else ""
        return f"{self.file}:{self.line}: {kind}{self.text}"


@dataclass(frozen=True)
class Tree:
    """A tree like this project's own, and where checkers may put what they make."""

    root: Path
    work: Path

    @cached_property
    def files(self) -> list[Path]:
        """All files of the tree, relative to its root."""
        found = []
        for directory, inner, names in os.walk(self.root):
            here = (*_PASSED_OVER, _MADE) if Path(directory) == self.root else _PASSED_OVER
            inner[:] = [name for name in inner if name not in here]
            found += [(Path(directory) / name).relative_to(self.root) for name in names]
        return sorted(found)

    @cached_property
    def c_files(self) -> list[Path]:
        return [path for path in self.files if path.suffix in (".c", ".h")]

    @cached_property
    def python_files(self) -> list[Path]:
        return [path for path in self.files if path.suffix == ".py"]

    @cached_property
    def shell_scripts(self) -> list[Path]:
        return [path for path in self.files if _SHELL.match(_first_line(self.root / path))]

    def is_of_kernel(self, path: Path) -> bool:
        """Say whether kbuild compiles a file, or what includes it: or user space does."""
        return any((self.root / place / "Kbuild").is_file() for place in path.parents)


def _first_line(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.readline(200)


class Checker(ABC):
    """One of the checkers of make lint."""

    name: ClassVar[str]
    # What must be installed.
    programs: ClassVar[tuple[str, ...]]

    @abstractmethod
    def files(self, tree: Tree) -> list[Path]:
        """Return what it looks at, relative to the tree."""

    def settings(self, tree: Tree) -> list[str | Path]:
        """Return what else its findings follow from: parts of a digest.

        Raises SetupError if something of it cannot be had.
        """
        return []

    @abstractmethod
    def check(self, tree: Tree, progress: Step) -> list[Finding]:
        """Look at the files. Raises SetupError if that does not work."""


@dataclass(frozen=True)
class Output:
    """How a program ended, and what it said on both its outputs."""

    status: int
    text: str

    def trouble(self, what: str) -> SetupError:
        """Return the error for a program that cannot do its work."""
        lines = [f"    {tools.printable(line)}" for line in self.text.splitlines()[-25:]]
        return SetupError("\n".join([f"{what} does not work (status {self.status}):", *lines]))


def call(command: list[str | Path], cwd: Path) -> Output:
    """Run a program to its end. Raises SetupError if it is missing."""
    with TemporaryFile() as file, tools.started(command, file, cwd) as process:
        status = process.wait()
        file.seek(0)
        return Output(status, file.read().decode(errors="replace"))


def side_by_side(
    job: Callable[[T], Result], items: Iterable[T], progress: Step, what: str
) -> list[Result]:
    """Do a job for each item, as many at a time as there are processors."""
    wanted = list(items)
    results = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for number, result in enumerate(pool.map(job, wanted), 1):
            results.append(result)
            progress.detail = f"{number} of {len(wanted)} {what}"
    return results


_GCC = re.compile(
    r"(?P<file>[^\s:]+):(?P<line>\d+):(?:\d+:)? (?:fatal )?(?:error|warning): (?P<text>.*)"
)
# What follows one of these; but not kbuild's lines: two blanks, a word in capitals.
_EXPLAINS = re.compile(r"(?:\S+:\d+:\d+: )?(?!  [A-Z]+ )(?P<text> .*)|(?P<note>\S+: note: .*)")


def parse_gcc(text: str, name_of: Callable[[str], str]) -> list[Finding]:
    """Read what compilers say, each finding with the lines that explain it.

    gcc indents these; sparse writes file and line before them, too. ``name_of``
    makes the name of a file, as it is printed, relative to the tree.
    """
    found: list[Finding] = []
    is_explained = False
    for line in text.splitlines():
        if match := _GCC.match(line):
            found.append(Finding(name_of(match["file"]), int(match["line"]), match["text"]))
            is_explained = True
        elif is_explained and (more := _EXPLAINS.match(line)):
            last = found[-1]
            found[-1] = replace(last, details=(*last.details, more["text"] or more["note"]))
        else:
            is_explained = False
    return found
