"""Is something that was made still what its inputs would make?"""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def of(parts: Iterable[str | Path]) -> str:
    """Return one digest of strings and of files' names, modes and contents.

    A directory stands for all files below it.
    """
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            for path in _files(part):
                total.update(f"{path.name} {path.stat().st_mode & 0o111}\0".encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
        else:
            total.update(f"{part}\0".encode())
    return total.hexdigest()


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(entry for entry in path.rglob("*") if entry.is_file())
    return [path]


def is_current(made: Iterable[Path], stamp: Path, digest: str) -> bool:
    """Say whether all of ``made`` exist and ``stamp`` holds ``digest``."""
    return (
        all(path.exists() for path in made) and stamp.is_file() and stamp.read_text() == digest
    )
