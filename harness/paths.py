"""Where things are. All that is made or fetched lies below BUILD."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LABS = ROOT / "labs"
USERSPACE = ROOT / "userspace"
GUEST = ROOT / "harness" / "guest"
