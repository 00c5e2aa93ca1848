"""Where things are. All that is made or fetched lies below BUILD."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from os import getpid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LABS = ROOT / "labs"
KUNIT = ROOT / "kunit"
USERSPACE = ROOT / "userspace"
GUEST = ROOT / "harness" / "guest"


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a new directory below BUILD that goes when the block ends.

    One that a killed run has left behind goes when the next begins.
    """
    for left in BUILD.glob("scratch-*"):
        if not Path(f"/proc/{left.name.removeprefix('scratch-')}").exists():
            shutil.rmtree(left, ignore_errors=True)
    directory = BUILD / f"scratch-{getpid()}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
