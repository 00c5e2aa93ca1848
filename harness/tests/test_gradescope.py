"""The zip for Gradescope: what it holds, and that it grades as was asked."""

import shlex
import zipfile
from pathlib import Path

import pytest

from harness.base.paths import ROOT
from harness.tests.conftest import Kmaplab


def script(path: Path, name: str, verb: str) -> list[str]:
    """Return the words of the lines of a script in a zip that call a verb."""
    with zipfile.ZipFile(path) as made:
        lines = made.read(name).decode().splitlines()
    return [word for line in lines if f"kmaplab {verb} " in line for word in shlex.split(line)]


def value(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


def test_what_is_asked_for_goes_into_the_zip(kmaplab: Kmaplab, tmp_path: Path) -> None:
    made = tmp_path / "autograder.zip"
    asked = ("--lab", "remap,pages", "--kernel", "6.12", "--findings", "yes")
    kmaplab("grade", "--gradescope", made, *asked).expect(0)
    words = script(made, "run_autograder", "grade")
    assert value(words, "--lab") == "lab_pages,lab_remap"
    assert (value(words, "--kernel"), value(words, "--findings")) == ("6.12", "yes")
    ready = script(made, "setup.sh", "run")
    assert ready.count("6.12") == 2 and {"x86_64", "um"} <= {*ready}


def test_without_being_asked_it_grades_all_labs_on_the_first_series(
    kmaplab: Kmaplab, tmp_path: Path
) -> None:
    made = tmp_path / "autograder.zip"
    kmaplab("grade", "--gradescope", made).expect(0)
    words = script(made, "run_autograder", "grade")
    assert {"lab_kmalloc", "lab_ring"} <= {*value(words, "--lab").split(",")}
    assert (value(words, "--kernel"), value(words, "--findings")) == ("6.1", "no")
    assert "um" not in script(made, "setup.sh", "run")


def test_it_holds_the_project_and_nothing_that_lies_beside_it(
    kmaplab: Kmaplab, tmp_path: Path
) -> None:
    kmaplab("grade", "--gradescope", tmp_path / "autograder.zip").expect(0)
    with zipfile.ZipFile(tmp_path / "autograder.zip") as made:
        names = made.namelist()
        assert all(made.getinfo(name).external_attr >> 16 & 0o111 for name in names[:2])
    assert names[:2] == ["setup.sh", "run_autograder"]
    folders = {name.split("/")[1] for name in names[2:] if name.count("/") > 1}
    assert folders == {"docs", "harness", "kunit", "labs", "userspace"}
    needed = ("harness/kmaplab", "harness/setup", "harness/packages", "labs/core/lab_core.c")
    assert {f"kmaplab/{name}" for name in (*needed, "docs/contract.md")} <= {*names}
    assert not [name for name in names if not (ROOT / name.removeprefix("kmaplab/")).exists()][2:]


@pytest.mark.parametrize(
    "arguments, text",
    [
        (("--lab", "nothing"), "LAB=nothing is unknown"),
        (("--findings", "some"), "FINDINGS=some is unknown"),
        (("--submissions", "in"), "takes no SUBMISSIONS="),
        (("--out", "out"), "takes no OUT="),
        (("--executor", "ssh"), "takes no EXECUTOR="),
        (("--jobs", "2"), "takes no JOBS="),
    ],
)
def test_what_it_cannot_do_is_refused(
    kmaplab: Kmaplab, tmp_path: Path, arguments: tuple[str, ...], text: str
) -> None:
    made = tmp_path / "autograder.zip"
    said = kmaplab("grade", "--gradescope", made, *arguments).expect(2).err
    assert text in said and said.count("\n") == 1 and not made.exists(), said
