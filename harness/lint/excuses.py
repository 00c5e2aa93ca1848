"""What may be found: lint.toml, and what is wrong with it."""

import fnmatch
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from harness.base.errors import SetupError
from harness.lint.checker import Finding, Tree

NAME = "lint.toml"


@dataclass(frozen=True)
class Excuse:
    """Why a checker is wrong about some findings.

    They are those of one kind, in files of these names, where ``message`` is
    found in what the checker says and ``source`` in the line that it says it of:
    both are regular expressions.
    """

    checker: str
    kind: str
    files: tuple[str, ...]
    reason: str
    message: str = ""
    source: str = ""

    def covers(self, finding: Finding, tree: Tree) -> bool:
        return (
            finding.kind == self.kind
            and any(fnmatch.fnmatchcase(finding.file, pattern) for pattern in self.files)
            and re.search(self.message, finding.text) is not None
            and re.search(self.source, _source_line(finding, tree)) is not None
        )


def _source_line(finding: Finding, tree: Tree) -> str:
    lines = (tree.root / finding.file).read_text(errors="replace").splitlines()
    return lines[finding.line - 1] if 0 < finding.line <= len(lines) else ""


def read(path: Path) -> list[Excuse]:
    """Read the file, which need not be there. Raises SetupError if it makes no sense."""
    if not path.is_file():
        return []
    try:
        tables = tomllib.loads(path.read_text()).get("excuse", [])
        return [_read_one(path, table) for table in tables]
    except (tomllib.TOMLDecodeError, re.error) as error:
        raise SetupError(f"{path}: {error}") from error


def _read_one(path: Path, table: object) -> Excuse:
    match table:
        case {
            "checker": str(checker),
            "kind": str(kind),
            "files": list() as files,
            "reason": str(reason),
            **rest,
        } if files and reason.strip() and all(isinstance(file, str) for file in files):
            message, source = (str(rest.pop(name, "")) for name in ("message", "source"))
            for pattern in (message, source):
                re.compile(pattern)
            # All of a kind, in whatever files there may be, would be a switch.
            is_narrow = message or source or not any("*" in file for file in files)
            if is_narrow and not rest:
                why = " ".join(reason.split())
                return Excuse(checker, kind, tuple(files), why, message, source)
    raise SetupError(
        f"{path}: an [[excuse]] needs checker=, kind=, files=, reason=, and may have message= and "
        f"source=, without which files= must name each file; this one is {table}"
    )


def apply(
    excuses: list[Excuse], checker: str, findings: list[Finding], tree: Tree
) -> list[Finding]:
    """Return the findings that have no excuse, and one for each excuse that is idle.

    An excuse is idle as far as one of its names is of a file without such a finding.
    """
    mine = [excuse for excuse in excuses if excuse.checker == checker]
    used: set[tuple[Excuse, str]] = set()
    left = []
    for finding in findings:
        excuse = next((excuse for excuse in mine if excuse.covers(finding, tree)), None)
        if excuse:
            used |= {
                (excuse, name) for name in excuse.files if fnmatch.fnmatchcase(finding.file, name)
            }
        else:
            left.append(finding)
    return left + [
        Finding(NAME, 0, f"out of date: {name} has no {excuse.kind} that this one is for", checker)
        for excuse in mine
        for name in excuse.files
        if (excuse, name) not in used
    ]
