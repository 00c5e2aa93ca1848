"""What the last runs have shown, kept below build/ for the site to show.

    build/kept/KIND/NAME.json    {"ENTRY": {"date": "2026-11-22", ...}, ...}

An entry is kept until a newer run of the same has another answer. A run of some labs leaves
the entries of the others alone.
"""

import json
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from harness.base.lock import locked
from harness.base.paths import BUILD

PLACE = BUILD / "kept"

Entries = dict[str, dict[str, Any]]


def keep(kind: str, name: str, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep the entries of a run, each with today's date."""
    path = PLACE / kind / f"{name}.json"
    today = date.today().isoformat()
    with locked(PLACE / f"{kind}.lock", f"what runs of {kind} have shown"):
        fresh = {entry: {"date": today, **values} for entry, values in entries.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(_read(path) | fresh, indent=1, sort_keys=True))
        new.rename(path)


def read(kind: str) -> dict[str, Entries]:
    """Return all that is kept of a kind: the entries by the name of their file.

    A file is read again only when it is another: the site asks for each mistake.
    """
    found = {}
    for path in sorted((PLACE / kind).glob("*.json")):
        now = path.stat()
        found[path.stem] = _read_once(path, now.st_ino, now.st_mtime_ns)
    return found


@cache
def _read_once(path: Path, _inode: int, _time: int) -> Entries:
    return _read(path)


def _read(path: Path) -> Entries:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
