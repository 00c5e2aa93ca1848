"""One run at a time where two would hurt each other."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.base import ending
from harness.base.progress import step

# Seconds from one try to the next, where the wait can be ended.
_LOOK = 0.05


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
                _wait_for(lock)
        yield lock
    finally:
        os.close(lock)


def _wait_for(lock: int) -> None:
    """Take a lock when it is free, or stop if the work that waits for it is over."""
    while ending.can_end():
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            ending.stop_if_over()
            time.sleep(_LOOK)
    fcntl.flock(lock, fcntl.LOCK_EX)
