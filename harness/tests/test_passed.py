"""Real boots that passed with the same inputs are not repeated: seen in a small project."""

import subprocess
import sys
from pathlib import Path

import pytest

from harness.base.paths import ROOT

_TESTS = """
import os
from pathlib import Path

import pytest

def test_that_boots_nothing():
    pass

@pytest.mark.boot
def test_that_boots():
    assert "well" in Path("labs/lab.c").read_text()

@pytest.mark.boot
def test_that_is_skipped():
    pytest.skip("no kernel")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with one source and one file of tests."""
    for name, text in {"labs/lab.c": "well", "harness/tests/test_one.py": _TESTS}.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def run(project: Path, *options: str, asked: str = "") -> str:
    """Run its tests and return what pytest prints at last."""
    command = [*(sys.executable, "-P", "-s", "-m", "pytest", "-q", "-c", "/dev/null", "-rs")]
    command += [*("-p", "harness.tests.passed", "-p", "no:cacheprovider", f"--rootdir={project}")]
    done = subprocess.run(
        [*command, *options, "harness/tests"],
        cwd=project,
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "KMAPLAB_ASKED": asked},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


def test_a_boot_that_passed_is_left_out_and_what_boots_nothing_is_not(project: Path) -> None:
    assert "2 passed, 1 skipped" in run(project)
    again = run(project)
    assert "1 passed, 2 skipped" in again
    assert "passed with the same sources on 20" in again and "no kernel" in again


def test_it_runs_when_asked_to(project: Path) -> None:
    run(project)
    assert "2 passed, 1 skipped" in run(project, "--again")


def test_workers_leave_out_the_same(project: Path) -> None:
    workers = ("-n", "2", "--dist", "loadgroup")
    assert "2 passed, 1 skipped" in run(project, *workers)
    assert "1 passed, 2 skipped" in run(project, *workers)


@pytest.mark.parametrize(
    "name",
    ["labs/lab.c", "docs/new.md", "harness/tests/conftest.py", "build/kernels/6.1/record.json"],
)
def test_it_runs_when_something_changed_that_it_follows_from(project: Path, name: str) -> None:
    run(project)
    (project / name).parent.mkdir(parents=True, exist_ok=True)
    (project / name).write_text("# all is well")
    assert "2 passed, 1 skipped" in run(project)


def test_it_runs_when_its_own_file_changed_and_not_when_another_did(project: Path) -> None:
    tests = project / "harness/tests"
    run(project)
    (tests / "test_two.py").write_text("")
    assert "1 passed, 2 skipped" in run(project)
    (tests / "test_one.py").write_text(_TESTS + "\n")
    assert "2 passed, 1 skipped" in run(project)


def test_a_file_that_it_imports_counts_as_its_own(project: Path) -> None:
    tests = project / "harness/tests"
    (tests / "test_two.py").write_text("")
    importing = '"""\nfrom harness.tests.test_two import nothing\n"""\n'
    (tests / "test_one.py").write_text(importing + _TESTS)
    run(project)
    (tests / "test_two.py").write_text("\n")
    assert "2 passed, 1 skipped" in run(project)


def test_it_runs_when_the_environment_asks_for_something_else(project: Path) -> None:
    run(project)
    assert "2 passed, 1 skipped" in run(project, asked="all")


def test_what_failed_is_not_left_out(project: Path) -> None:
    run(project)
    (project / "labs/lab.c").write_text("broken")
    assert "1 failed, 1 passed, 1 skipped" in run(project)
    assert "1 failed, 1 passed, 1 skipped" in run(project)


def test_a_pass_ends_with_a_later_failure(project: Path) -> None:
    """One that fails by chance is not said to have passed."""
    test = project / "harness/tests/test_one.py"
    test.write_text(_TESTS.replace("labs/lab.c", "build/chance"))
    (project / "build").mkdir()
    (project / "build/chance").write_text("well")
    assert "2 passed, 1 skipped" in run(project)
    (project / "build/chance").write_text("")
    assert "1 passed, 2 skipped" in run(project)
    assert "1 failed, 1 passed, 1 skipped" in run(project, "--again")
    assert "1 failed, 1 passed, 1 skipped" in run(project)


def test_nothing_is_kept_of_sources_that_changed_meanwhile(project: Path) -> None:
    test = project / "harness/tests/test_one.py"
    test.write_text(_TESTS.replace("    assert", "    Path('labs/new.c').touch()\n    assert"))
    run(project)
    (project / "labs/new.c").unlink()
    assert "2 passed, 1 skipped" in run(project)
