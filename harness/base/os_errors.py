"""What a person can do about an error of the operating system."""

import errno
import os
import shutil
from pathlib import Path

from harness.base.paths import BUILD

# A disk with less free space than this, in bytes, is full.
_FULL = 1 << 20


def explain(error: OSError) -> str:
    """Return what is wrong, and where it can be said, what helps."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _no_space(error)
    where = f"{error.filename}: " if error.filename else ""
    what = f"{where}{error.strerror or error}"
    if error.errno == errno.EROFS:
        return f"{what}: all is made below {BUILD}: copy the project to a disk that can be written"
    if error.errno in (errno.EACCES, errno.EPERM) and error.filename:
        return f"{what}{_whose(Path(os.fsdecode(error.filename)))}"
    if not error.filename:
        return f"reading or writing failed: {what}"
    return what


def _no_space(error: OSError) -> str:
    """Say what is full: the error of a write names no file."""
    place = Path(os.fsdecode(error.filename)).parent if error.filename else BUILD
    if error.filename or _is_full(place):
        return f"{error.strerror}: make room for {BUILD}"
    return f"standard output cannot be written: {error.strerror}"


def _is_full(place: Path) -> bool:
    return shutil.disk_usage(_nearest(place)).free < _FULL


def _whose(path: Path) -> str:
    """Say which other user a path belongs to, and what helps below BUILD."""
    path = _nearest(path)
    owner = path.stat().st_uid
    if owner == os.geteuid():
        return ""
    advice = "; make clean as that user" if path.is_relative_to(BUILD) else ""
    return f": {path} belongs to user {owner}{advice}"


def _nearest(path: Path) -> Path:
    """Return the path, or the nearest directory above it that can be looked at."""
    while True:
        try:
            path.stat()
            return path
        except OSError:
            path = path.parent
