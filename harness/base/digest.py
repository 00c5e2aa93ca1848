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
                name = path.relative_to(part) if path != part else path.name
                total.update(f"{name} {path.stat().st_mode & 0o111}\0".encode())
                total.update(hashlib.sha256(path.read_bytes()).digest())
        else:
            total.update(f"{part}\0".encode())
    return total.hexdigest()


def of_tool(path: str) -> str:
    """Return what changes when an installed tool does, without reading all of it."""
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        return f"{path} is missing"
    return f"{path} {status.st_size} {status.st_mtime_ns}"


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(entry for entry in path.rglob("*") if entry.is_file())
    return [path]


def is_current(made: Iterable[Path], stamp: Path, digest: str) -> bool:
    """Say whether ``stamp`` holds ``digest`` and ``made`` are as they were then."""
    try:
        return stamp.read_bytes() == _stamp(made, digest)
    except OSError:
        return False


def is_intact(made: Iterable[Path], stamp: Path) -> bool:
    """Say whether ``made`` are as they were when ``stamp`` was set, of whatever inputs."""
    try:
        digest = stamp.read_bytes().split(b"\n")[0].decode(errors="replace")
    except OSError:
        return False
    return is_current(made, stamp, digest)


def set_current(made: Iterable[Path], stamp: Path, digest: str) -> None:
    """Write the stamp for what was just made."""
    stamp.write_bytes(_stamp(made, digest))


def _stamp(made: Iterable[Path], digest: str) -> bytes:
    """Return the digest and, of each file made, its size and time.

    Raises OSError if one is missing.
    """
    lines = [digest]
    for path in made:
        status = path.stat()
        lines.append(f"{path.name} {status.st_size} {status.st_mtime_ns}")
    return "\n".join(lines).encode()
