"""A lab is a folder: another one is new files only, and every verb finds it.

The verbs run from a copy of the project, so that nothing in it could list the labs
without its being noticed.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.base.paths import BUILD, ROOT
from harness.tests.conftest import Outcome, call

# One after the other, so that what is built from one copy of the project serves the next.
pytestmark = [pytest.mark.boot, pytest.mark.xdist_group("another")]

_ANOTHER = Path(__file__).parent / "another"
_PROJECT = BUILD / "tests/another"

# Built or fetched once for all copies.
_SHARED = ("uml", "kernels")


@dataclass(frozen=True)
class Copy:
    """A copy of the project, with what was made in it."""

    root: Path

    def add(self, sources: Path) -> None:
        """Add files; none may be there already."""
        for path in (path for path in sources.rglob("*") if path.is_file()):
            target = self.root / path.relative_to(sources)
            assert not target.exists(), f"{target} is not new"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)

    def remove(self, *names: str) -> None:
        for name in names:
            (self.root / name).unlink()

    def kmaplab(self, *arguments: str) -> Outcome:
        return call(self.root / "harness/kmaplab", *arguments)

    def json(self, *arguments: str) -> dict[str, Any]:
        """Return what a verb prints as JSON; it must end well."""
        data: dict[str, Any] = json.loads(
            self.kmaplab(*arguments, "--format", "json").expect(0).out
        )
        return data


def _made(directory: str, names: list[str]) -> set[str]:
    """Return which of the names in a directory are no sources of the project."""
    made = {name for name in names if name == "__pycache__" or name.endswith("_cache")}
    return made | ({".git", "build"} if Path(directory) == ROOT else set())


@pytest.fixture
def copy() -> Copy:
    """Return a copy of the project with the other lab; what it has built is kept."""
    _PROJECT.mkdir(parents=True, exist_ok=True)
    for path in _PROJECT.iterdir():
        if path.name != "build":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(ROOT, _PROJECT, ignore=_made, symlinks=True, dirs_exist_ok=True)
    (_PROJECT / "build").mkdir(exist_ok=True)
    for name in _SHARED:
        link = _PROJECT / "build" / name
        link.unlink(missing_ok=True)
        link.symlink_to((BUILD / name).resolve())
    made = Copy(_PROJECT)
    made.add(_ANOTHER)
    return made


def test_every_verb_finds_a_lab_that_is_new_files_only(copy: Copy, um_default: str) -> None:
    um = ("--arch", "um", "--kernel", um_default)
    run = copy.json("run", *um, "--lab", "remap,exact")
    assert [lab["lab"] for lab in run["labs"]] == ["lab_remap", "lab_exact"]
    checks = {check["name"] for check in run["labs"][1]["checks"]}
    assert "virtual_minus_physical_is_constant" in checks

    suites = copy.json("kunit", "--kernel", um_default, "--lab", "exact")["sub_groups"]
    assert [suite["name"] for suite in suites] == ["lab_exact", "lab_exact pages=5"]
    for suite in suites:
        cases = {case["name"]: case["status"] for case in suite["test_cases"]}
        assert cases["frames_follow_one_another"] == "PASS"

    contract = copy.json("contract", *um, "--lab", "exact", "--calls", "2000", "--rounds", "20")
    clauses = {clause["clause"]: clause["labs"]["lab_exact"] for clause in contract["clauses"]}
    assert {clauses[number] for number in ("1.1", "1.6", "4.1", "7.1", "8.1")} == {"proved"}

    mistakes = copy.json("mistakes", "--kernel", um_default, "--lab", "exact")["mistakes"]
    assert [(one["name"], one["result"]) for one in mistakes] == [("exact/one", "caught")]


def test_a_lab_needs_neither_a_check_program_nor_a_suite_of_its_own(
    copy: Copy, um_default: str
) -> None:
    copy.remove("userspace/labs/lab_exact.c", "kunit/labs/lab_exact_kunit.c")
    run = copy.json("run", "--arch", "um", "--kernel", um_default, "--lab", "exact")
    assert run["labs"][0]["verdict"] == "passed" and len(run["labs"][0]["checks"]) > 25
    refused = copy.kmaplab("kunit", "--lab", "exact").expect(2)
    assert "lab_exact has no KUnit suite" in refused.err
    mistakes = copy.json("mistakes", "--kernel", um_default, "--lab", "exact")["mistakes"]
    assert [one["result"] for one in mistakes] == ["caught"]


def test_a_new_lab_runs_on_debians_kernel(copy: Copy) -> None:
    lab = copy.json("run", "--lab", "exact")["labs"][0]
    assert lab["verdict"] == "passed" and lab["pages"] == 3


def test_the_fast_tests_of_labs_take_a_new_one_as_it_is(copy: Copy) -> None:
    """Its files agree with one another, as far as they are not pages or mistakes."""
    copy.kmaplab("test", "--fast", "--match", "test_labs or test_listing or test_kbuild").expect(0)
