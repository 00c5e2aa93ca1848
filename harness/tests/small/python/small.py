"""Nothing is wrong with it."""

import os


def pid() -> int:
    """Return the process's own number."""
    return os.getpid()
