"""What a mark follows from, as one file that any machine with this project can grade."""

import base64
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.base import digest
from harness.base.errors import RequestError
from harness.base.paths import GUEST, LABS, ROOT, USERSPACE
from harness.grading.submissions import HandedIn, Student

FORMAT = "kmaplab/task/v1"
SUFFIX = ".task"

# What a mark follows from beside the submission. Tests and prose are left out.
_PROJECT = (LABS, USERSPACE, GUEST, ROOT / "kunit", ROOT / "docs/contract.md")
_ROOMS = ("base", "kernels", "catalogue", "build", "results", "guest", "runs", "grading")


@dataclass(frozen=True)
class Settings:
    """How a class is graded: the labs' names, the kernel's series, and whether user-mode Linux
    adds its findings.
    """

    labs: tuple[str, ...]
    series: str
    findings: bool


@dataclass(frozen=True)
class GradingTask:
    """One student's: what was taken of the submission, and the seed of the run."""

    student: Student
    handed: HandedIn
    settings: Settings
    seed: int

    @property
    def digest(self) -> str:
        """What stays the same if the mark must."""
        settings = [*self.settings.labs, self.settings.series, str(self.settings.findings)]
        return digest.of([project(), self.handed.digest, *settings, f"{self.seed:x}"])

    def write(self, path: Path) -> None:
        """Write it to a file, in one step."""
        files = {name: base64.b64encode(data).decode() for name, data in self.handed.files.items()}
        data = {
            "format": FORMAT,
            "student": vars(self.student),
            "files": files,
            "notes": self.handed.notes,
            "problem": self.handed.problem,
            "settings": vars(self.settings),
            "seed": self.seed,
        }
        write_whole(path, json.dumps(data))


def read(path: Path) -> GradingTask:
    """Read a task. Raises RequestError if the file is none."""
    try:
        data: dict[str, Any] = json.loads(path.read_text())
        if data["format"] != FORMAT:
            raise ValueError(f"its format is not {FORMAT}")
        files = {name: base64.b64decode(text) for name, text in data["files"].items()}
        settings = data["settings"]
        return GradingTask(
            Student(**data["student"]),
            HandedIn(files, tuple(data["notes"]), data["problem"]),
            Settings(tuple(settings["labs"]), settings["series"], settings["findings"]),
            data["seed"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(f"{path} is no task of make grade: {error}") from error


def secret(path: Path) -> bytes:
    """Return the secret that is kept in a file, which is made if it is not there.

    Who knows it can compute what the memory will hold when a submission is graded.
    """
    try:
        new = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with open(new, "wb") as file:
        file.write(secrets.token_bytes(32))
    return path.read_bytes()


def seed_of(key: bytes, handed: HandedIn) -> int:
    """Return the seed of a submission: the same each time, and nobody's guess."""
    return int.from_bytes(hmac.digest(key, handed.digest.encode(), "sha256")[:8], "little")


@cache
def project() -> str:
    """Return the digest of what this project makes a mark of."""
    rooms = [path for room in _ROOMS for path in sorted((ROOT / "harness" / room).glob("*.py"))]
    sources = [
        path
        for folder in _PROJECT
        for path in (sorted(folder.rglob("*")) if folder.is_dir() else [folder])
        if path.is_file() and path.suffix not in (".patch", ".pyc")
    ]
    return digest.of([*rooms, *sources])


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step: who reads it finds the old text or the new one."""
    new = path.with_name(f".{path.name}.{os.getpid()}.new")
    new.write_text(text)
    new.replace(path)
