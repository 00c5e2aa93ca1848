"""One run at a time where two would hurt each other."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.base.progress import step


@contextmanager
def locked(path: Path, what: str) -> Iterator[int]:
    """Hold the lock file ``path``, waiting for another run if there is one.

    Yields the file's descriptor. A program that inherits it keeps the lock, so
    that one which outlives this process is not disturbed by the next.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"waiting for another run that uses {what}"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)
