"""labs/Makefile: modules for the machine's own kernel, built outside of the sources."""

from pathlib import Path

from harness.base.paths import BUILD, LABS
from harness.tests.conftest import call


def everything(directory: Path) -> set[Path]:
    """Return all files and directories below a directory."""
    return set(directory.rglob("*"))


def test_missing_headers_are_named_with_the_package_that_has_them(tmp_path: Path) -> None:
    before = everything(LABS)
    outcome = call("make", "-C", LABS, f"KDIR={tmp_path}").expect(2)
    assert f"{tmp_path} has no kernel headers" in outcome.err
    assert "apt install linux-headers-" in outcome.err and "KDIR=" in outcome.err
    assert everything(LABS) == before


def test_clean_needs_no_headers(tmp_path: Path) -> None:
    labs = tmp_path / "labs"
    labs.mkdir()
    (labs / "Makefile").symlink_to(LABS / "Makefile")
    (tmp_path / "build/running-kernel/6.1.0").mkdir(parents=True)
    call("make", "-C", labs, "clean", f"KDIR={tmp_path}").expect(0)
    assert not list((tmp_path / "build").iterdir()) and BUILD.is_dir()


def test_a_path_with_a_space_is_refused_before_anything_is_removed(tmp_path: Path) -> None:
    labs = tmp_path / "my labs/labs"
    labs.mkdir(parents=True)
    (labs / "Makefile").symlink_to(LABS / "Makefile")
    # With -n make shows what it would do: to run it might remove a directory above.
    outcome = call("make", "-n", "-C", labs, "clean").expect(2)
    assert "move the project" in outcome.err and "rm" not in outcome.out
