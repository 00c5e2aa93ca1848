"""Grading the museum of hostile submissions: each gets its mark, and nothing else happens."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.base.paths import BUILD, ROOT
from harness.grading import archives
from harness.grading.submissions import Student
from harness.tests import museum
from harness.tests.conftest import KMAPLAB
from harness.tests.museum import EXHIBITS, Exhibit

_PAGE = ROOT / "docs/museum.md"


def _row(exhibit: Exhibit) -> str:
    """Return the line of the page about an exhibit."""
    points = "fewer than 20" if exhibit.pages is None else str(exhibit.pages)
    said = f"`{exhibit.says}`" if exhibit.says else ""
    return f"| {exhibit.tries} | {points} | {said} |"


def test_the_page_shows_each_exhibit() -> None:
    rows = [line for line in _PAGE.read_text().splitlines() if line.startswith("| ")]
    wanted = [_row(exhibit) for exhibit in EXHIBITS]
    assert rows[2:] == wanted, "docs/museum.md should have:\n" + "\n".join(wanted)


def _state(directory: Path) -> dict[str, tuple[int, int]]:
    """Return what is below a directory, with sizes and times."""
    return {
        str(path.relative_to(directory)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in directory.rglob("*")
        if path.is_file()
    }


def _left_of(pid: int, out: Path) -> list[str]:
    """Return the commands of processes that a run has left behind, by what they name."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if f"scratch-{pid}-" in words or str(out) in words:
            found.append(words)
    return found


def _student(exhibit: Exhibit) -> Student:
    return Student.of(archives.stem(exhibit.name) or exhibit.name)


def _all_text(result: dict[str, Any]) -> str:
    """Return all that a student is told."""
    found = [*result["notes"], result["problem"] or ""]
    for lab in result["labs"]:
        found.append(lab["problem"] or "")
        for exercise in lab["exercises"]:
            for failure in exercise["failures"]:
                found += [failure["check"], failure["text"], failure["code"]]
    return "\n".join(found)


@pytest.mark.boot
def test_each_exhibit_gets_its_mark_and_the_host_is_as_before(tmp_path: Path) -> None:
    house, handed, out = tmp_path / "house", tmp_path / "in", tmp_path / "out"
    for folder in (house, handed):
        folder.mkdir()
    secret = house / "secret"
    secret.write_text(f'"{museum.SECRET}"\n')
    for exhibit in EXHIBITS:
        exhibit.make(handed / exhibit.name, secret)
    for honest in ("ada", "zoe"):
        museum.hand_in_honestly(handed / honest)
    before, links = _state(tmp_path), os.listdir("/sys/class/net")
    command: list[str | Path] = [
        KMAPLAB,
        "grade",
        "--submissions",
        handed,
        "--out",
        out,
        "--lab",
        "pages,remap",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        said, _ = process.communicate(timeout=1800)
    assert process.returncode == 0, f"not every submission has a mark:\n{said}"
    after = _state(tmp_path)
    assert {name: state for name, state in after.items() if not name.startswith("out/")} == before
    assert not Path("/tmp/kmaplab-museum").exists(), "an archive has written to /tmp"
    assert not _left_of(process.pid, out), "processes are left"
    assert not [*BUILD.glob(f"scratch-{process.pid}-*")], "files of guests are left"
    assert os.listdir("/sys/class/net") == links
    assert museum.SECRET not in said and "\x1b" not in said
    wrong = [text for exhibit in EXHIBITS if (text := _wrong(exhibit, out))]
    assert not wrong, "\n".join(wrong)
    for honest in ("ada", "zoe"):
        result = json.loads((out / "students" / honest / "result.json").read_text())
        assert result["earned"] == result["possible"] == 40, f"{honest} was affected: {result}"


def _wrong(exhibit: Exhibit, out: Path) -> str:
    """Say what is wrong with the mark of an exhibit; nothing if it is as the museum says."""
    folder = out / "students" / _student(exhibit).key
    result = json.loads((folder / "result.json").read_text())
    for path in folder.iterdir():
        if museum.SECRET in path.read_text():
            return f"{exhibit.name!r}: {path.name} shows the host's file"
    pages, remap = (lab["earned"] for lab in result["labs"])
    told = _all_text(result)
    if pages == 20 if exhibit.pages is None else pages != exhibit.pages:
        return f"{exhibit.name!r}: lab_pages has {pages} points, told: {told[:600]}"
    if exhibit.remap and remap != 20:
        return f"{exhibit.name!r}: lab_remap has {remap} points, told: {told[:600]}"
    if exhibit.says not in told:
        return f"{exhibit.name!r}: the student is not told {exhibit.says!r}: {told[:600]}"
    return ""
