"""The consoles of guests are kept: a file for each run, and not too many of them."""

from pathlib import Path

import pytest

from harness.guest import consoles
from harness.guest.guest import Ending
from harness.tests.test_guest import machine


def keep(text: str) -> Path:
    return consoles.keep("run", machine("um"), Ending(True, None, 1.0, text.encode()))


def test_each_run_has_a_file_of_its_own_and_the_oldest_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consoles, "BUILD", tmp_path)
    monkeypatch.setattr(consoles, "_MOST_FILES", 3)
    old = tmp_path / "consoles/20200101-000000-run-6.1-um.log"
    old.parent.mkdir()
    old.write_text("long ago")
    kept = [keep(f"run {number}") for number in range(3)]
    assert [path.read_text() for path in kept] == ["run 0", "run 1", "run 2"]
    assert not old.exists() and len(list(old.parent.iterdir())) == 3
    assert all("run-6.1-um" in path.name for path in kept)
