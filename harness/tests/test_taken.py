"""What is taken of a copy of the labs, and what stays there."""

import os
import shutil
from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.build import taken
from harness.build.taken import Taken


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of labs/; what is taken of it goes to a directory of the test's own."""
    monkeypatch.setattr(taken, "BUILD", tmp_path / "build")
    directory = tmp_path / "copy"
    shutil.copytree(LABS, directory)
    return directory


def files_of(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def why_missing(copy: Path, lab: str = "lab_pages") -> str:
    """Take of the copy; return why nothing was taken of a lab, and of no other."""
    found = taken.take(copy)
    assert list(found.missing) == [lab]
    folder = next(LABS.glob(f"*_{lab.removeprefix('lab_')}")).name
    assert not list((found.directory / folder).glob("*")), f"there is something of {lab}"
    return found.missing[lab]


def test_of_a_copy_that_differs_in_nothing_nothing_is_said(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = taken.take(copy)
    assert not found.missing and capsys.readouterr().err == ""
    made = files_of(found.directory)
    assert {name: data for name, data in files_of(LABS).items() if name in made} == made
    assert {"Kbuild", "02_pages/Kbuild", "02_pages/lab_pages.c", "core/lab_core.c"} <= set(made)
    assert not [name for name in made if not name.endswith((".c", ".h", "Kbuild", "Makefile"))]


def test_a_source_of_a_lab_is_the_copys_and_all_else_is_ours(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = ("02_pages/lab_pages.c", "12_rtc/rtc_clock.h")
    ours = ("Kbuild", "02_pages/Kbuild", "core/lab_core.c", "include/lab.h")
    for name in (*changed, *ours):
        (copy / name).write_text("the copy's")
    for name in ("02_pages/more.c", "02_pages/Makefile", "include/new.h"):
        (copy / name).write_text("new")
    (copy / "07_mine").mkdir()
    made = files_of(taken.take(copy).directory)
    for name in changed:
        assert made[name] == b"the copy's", name
    for name in ours:
        assert made[name] == (LABS / name).read_bytes(), name
    assert not [name for name in made if "more" in name or "new" in name or "mine" in name]
    said = capsys.readouterr().err
    for name in ours:
        assert f"not taken of {copy}: {name}: this project's own is taken" in said
    for name in ("02_pages/more.c", "02_pages/Makefile", "include/new.h"):
        assert f"{name}: no file of the labs here" in said
    assert "07_mine: no lab of this project" in said


def test_a_symbolic_link_is_not_followed(copy: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.c"
    secret.write_text("secret")
    (copy / "02_pages/lab_pages.c").unlink()
    (copy / "02_pages/lab_pages.c").symlink_to(secret)
    assert f"{copy}/02_pages/lab_pages.c is a symbolic link" in why_missing(copy)


def test_a_directory_that_is_a_symbolic_link_is_not_followed(copy: Path, tmp_path: Path) -> None:
    (copy / "02_pages").rename(tmp_path / "elsewhere")
    (copy / "02_pages").symlink_to(tmp_path / "elsewhere")
    assert f"{copy}/02_pages is a symbolic link" in why_missing(copy)


def test_what_is_no_regular_file_is_not_opened(copy: Path) -> None:
    (copy / "02_pages/lab_pages.c").unlink()
    os.mkfifo(copy / "02_pages/lab_pages.c")
    assert "lab_pages.c is no regular file" in why_missing(copy)


def test_a_huge_file_is_not_taken(copy: Path) -> None:
    with (copy / "02_pages/lab_pages.c").open("wb") as file:
        file.truncate(1 << 40)
    assert "lab_pages.c is larger than 1 MiB" in why_missing(copy)


def test_a_lab_that_the_copy_does_not_have_is_missing(copy: Path) -> None:
    shutil.rmtree(copy / "02_pages")
    assert "No such file" in why_missing(copy)


def test_a_source_that_a_lab_needs_besides_its_own_is_missing(copy: Path) -> None:
    (copy / "12_rtc/machine_clock.c").unlink()
    assert "machine_clock.c: No such file" in why_missing(copy, "lab_rtc")


def test_names_that_drive_a_terminal_or_break_a_line_are_shown_plain(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy / "02_pages/a\nkmaplab: passed\x1b[2J.c").write_text("x")
    (copy / os.fsdecode(b"02_pages/\xff.c")).write_text("x")
    taken.take(copy)
    said = capsys.readouterr().err
    assert "a\\nkmaplab: passed\\x1b[2J.c" in said and "\x1b" not in said
    assert len(said.splitlines()) == 2 and "\\udcff.c" in said


def test_of_many_that_are_not_taken_some_are_named(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(50):
        (copy / f"02_pages/{number}.c").touch()
    taken.take(copy)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == taken._MOST_NAMED + 1 and said[-1].endswith("42 more")


def test_what_is_no_longer_in_the_copy_goes_and_the_rest_is_not_touched(copy: Path) -> None:
    place = taken.take(copy).directory
    before = (place / "01_kmalloc/lab_kmalloc.c").stat().st_mtime_ns
    shutil.rmtree(copy / "02_pages")
    taken.take(copy)
    assert not list((place / "02_pages").iterdir())
    assert (place / "01_kmalloc/lab_kmalloc.c").stat().st_mtime_ns == before


def test_copies_not_used_for_long_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taken, "BUILD", tmp_path)
    for number in range(taken._MOST_COPIES + 5):
        (tmp_path / f"taken/{number}").mkdir(parents=True)
        os.utime(tmp_path / f"taken/{number}", (number, number))
    taken._forget_all_but(tmp_path / "taken/0")
    left = {path.name for path in (tmp_path / "taken").iterdir()}
    assert len(left) == taken._MOST_COPIES and "0" in left and "1" not in left


def test_our_own_labs_are_taken_as_they_are() -> None:
    assert taken.take(LABS) == Taken(LABS, LABS)
