"""Where things are. All that is made or fetched lies below BUILD."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from os import getpid
from pathlib import Path
from tempfile import mkdtemp

from harness.base.errors import SetupError

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
LABS = ROOT / "labs"
KUNIT = ROOT / "kunit"
USERSPACE = ROOT / "userspace"
GUEST = ROOT / "harness/guest/files"


def refuse_unusable() -> None:
    """Raise SetupError if make could not work in the project's folder."""
    if re.search(r"[\s:]", str(BUILD)):
        raise SetupError(
            f"the path '{BUILD.parent}' holds a space or a colon, "
            "which the kernel's build cannot handle: move the project"
        )


@contextmanager
def scratch() -> Iterator[Path]:
    """Give a new directory below BUILD that goes when the block ends.

    One that a killed run has left behind goes when the next begins. Threads get one
    each.
    """
    for left in BUILD.glob("scratch-*"):
        if not Path(f"/proc/{left.name.split('-')[1]}").exists():
            shutil.rmtree(left, ignore_errors=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    directory = Path(mkdtemp(prefix=f"scratch-{getpid()}-", dir=BUILD))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)
