"""Where things are. All that is made or fetched lies below BUILD."""

import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LABS = ROOT / "labs"
USERSPACE = ROOT / "userspace"
GUEST = ROOT / "harness" / "guest"


def scratch() -> tempfile.TemporaryDirectory[str]:
    """Return a new directory below BUILD that goes when its block ends."""
    BUILD.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix="scratch-", dir=BUILD)
