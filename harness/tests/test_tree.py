"""kunit/add-to-tree on a tree that has only the files that it looks at."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.base.paths import KUNIT, ROOT
from harness.tests.conftest import call

ADD_TO_TREE = KUNIT / "add-to-tree"

_MISC = Path("drivers/misc")
_FILES = {
    _MISC / "Kconfig": 'menu "Misc devices"\nendmenu\n',
    _MISC / "Makefile": "obj-$(CONFIG_LKDTM) += lkdtm/\n",
    Path("tools/testing/kunit/kunit.py"): "",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in _FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o640)
    return tmp_path


def contents(tree: Path) -> dict[str, tuple[int, str]]:
    """Return all that a tree holds: modes, texts, and where links lead."""
    return {
        str(path.relative_to(tree)): (
            path.lstat().st_mode,
            os.readlink(path) if path.is_symlink() else path.read_text(),
        )
        for path in tree.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_a_tree_gets_a_link_and_two_lines(tree: Path) -> None:
    before = contents(tree)
    call(ADD_TO_TREE, tree).expect(0)
    after = contents(tree)
    assert Path(after.pop("drivers/misc/kmaplab")[1]) == ROOT
    assert after.keys() == before.keys()
    for name, (mode, text) in before.items():
        added = after[name][1].removeprefix(text).splitlines()
        assert after[name][0] == mode and len(added) == (name.startswith(str(_MISC)))
        assert all("kmaplab/kunit/" in line for line in added)


def test_what_the_two_lines_name_is_there(tree: Path) -> None:
    call(ADD_TO_TREE, tree).expect(0)
    source = (tree / _MISC / "Kconfig").read_text().split('"')[-2]
    objects = (tree / _MISC / "Makefile").read_text().split("+=")[-1].split()
    assert (tree / source).is_file() and len(objects) == 2
    assert all((tree / _MISC / name / "Kbuild").is_file() for name in objects)
    config = (tree / source).read_text()
    nested = [line.split('"')[1] for line in config.splitlines() if line.startswith("source")]
    assert nested and all((tree / path).is_file() for path in nested)


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_file_that_others_have_too_is_not_written_to(
    tree: Path, link: Callable[[Path, Path], None]
) -> None:
    for name in _FILES:
        (tree / name).rename(tree / f"{name}.orig")
        link(tree / f"{name}.orig", tree / name)
    call(ADD_TO_TREE, tree).expect(0)
    call(ADD_TO_TREE, "--remove", tree).expect(0)
    call(ADD_TO_TREE, tree).expect(0)
    for name, text in _FILES.items():
        assert (tree / f"{name}.orig").read_text() == text


def test_removed_again_the_tree_is_as_it_was(tree: Path) -> None:
    before = contents(tree)
    call(ADD_TO_TREE, tree).expect(0)
    call(ADD_TO_TREE, "--remove", tree).expect(0)
    assert contents(tree) == before


@pytest.mark.parametrize("missing", ["kmaplab", "Kconfig", "Makefile"])
def test_half_of_it_can_be_removed(tree: Path, missing: str) -> None:
    before = contents(tree)
    call(ADD_TO_TREE, tree).expect(0)
    (tree / _MISC / missing).unlink()
    if missing != "kmaplab":
        (tree / _MISC / missing).write_text(_FILES[_MISC / missing])
        (tree / _MISC / missing).chmod(0o640)
    assert "has the labs already" in call(ADD_TO_TREE, tree).expect(2).err
    call(ADD_TO_TREE, "--remove", tree).expect(0)
    assert contents(tree) == before


def test_a_second_time_is_an_error_and_changes_nothing(tree: Path) -> None:
    call(ADD_TO_TREE, tree).expect(0)
    before = contents(tree)
    assert "has the labs already" in call(ADD_TO_TREE, tree).expect(2).err
    assert contents(tree) == before


def test_what_is_not_there_cannot_be_removed(tree: Path) -> None:
    assert "nothing to remove" in call(ADD_TO_TREE, "--remove", tree).expect(2).err


@pytest.mark.parametrize("missing", _FILES, ids=str)
def test_what_is_no_kernel_tree_is_refused(tree: Path, missing: Path) -> None:
    (tree / missing).unlink()
    before = contents(tree)
    for before_tree in ("", "--remove"):
        outcome = call(ADD_TO_TREE, *before_tree.split(), tree).expect(2)
        assert f"not a kernel tree: it has no {missing}" in outcome.err
    assert contents(tree) == before


def test_another_directory_of_that_name_is_left_alone(tree: Path) -> None:
    (tree / _MISC / "kmaplab").mkdir()
    before = contents(tree)
    assert "is in the way" in call(ADD_TO_TREE, tree).expect(2).err
    assert contents(tree) == before


def test_what_fails_half_way_is_undone(tree: Path) -> None:
    before = contents(tree)
    (tree / _MISC / "Kconfig.new").mkdir()
    assert "could not be changed" in call(ADD_TO_TREE, tree).expect(2).err
    assert contents(tree) == before


def test_help_is_no_error_and_a_wrong_call_shows_it() -> None:
    text = call(ADD_TO_TREE, "--help").expect(0).out
    assert text.startswith("usage: kunit/add-to-tree")
    for arguments in ("", "--remove", "--what", "one two", "--remove one two"):
        assert call(ADD_TO_TREE, *arguments.split()).expect(2).err == text
