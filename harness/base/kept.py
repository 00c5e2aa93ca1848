"""Answers that are kept below build/, each by the digest of all that it follows from."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harness.base import digest
from harness.base.paths import BUILD


def is_known(kind: str, inputs: Sequence[str | Path]) -> bool:
    """Say whether there is an answer already."""
    return _path(kind, inputs).is_file()


def answer(kind: str, inputs: Sequence[str | Path], work: Callable[[], Any]) -> Any:
    """Return what ``work`` has answered before to the same inputs, or have it answer now.

    An answer is what JSON can hold. ``kind`` is the directory that it is kept in.
    """
    return _answer(_path(kind, inputs), work)


def latest_answer(kind: str, inputs: Sequence[str | Path], work: Callable[[], Any]) -> Any:
    """Return an answer of whose kind only the latest is kept: its files are large."""
    path = _path(kind, inputs)
    found = _answer(path, work)
    for other in path.parent.glob("*.json"):
        if other != path:
            other.unlink(missing_ok=True)
    return found


def _path(kind: str, inputs: Sequence[str | Path]) -> Path:
    return BUILD / kind / f"{digest.of(inputs)}.json"


def _answer(path: Path, work: Callable[[], Any]) -> Any:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        found = work()
    path.parent.mkdir(parents=True, exist_ok=True)
    # In one step: a run that is interrupted leaves no half of an answer.
    new = path.with_suffix(".new")
    new.write_text(json.dumps(found))
    new.rename(path)
    return found
