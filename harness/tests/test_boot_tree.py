"""The labs and their suites in a kernel tree of one's own, run by its own kunit.py."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.base import digest
from harness.base.paths import BUILD, ROOT
from harness.catalogue import pages, suites
from harness.results import transcript
from harness.results.transcript import Addresses
from harness.tests.conftest import call
from harness.tests.test_tree import ADD_TO_TREE
from harness.kernels.um import COMPILERS

pytestmark = pytest.mark.boot

_PAGE = ROOT / "docs/kernel-tree.md"
_HOME = BUILD / "tests/tree"

# Why a case cannot run where all is built in, and on user-mode Linux.
_REASONS = (
    "allocations cannot be made to fail here",
    "the lab cannot be unloaded",
    "the lab is built in",
    "emulated I/O memory has no frames to map",
)


@pytest.fixture
def distribution(um_newest: str) -> Path:
    """Return the newest series' source as Debian delivers it, which nothing may change."""
    return BUILD / "uml" / um_newest / "source"


@pytest.fixture
def tree(distribution: Path) -> Path:
    """Return a kernel tree to which the labs were added in the documented way.

    Its files are hard links to the distribution's. It stays, with what was built
    from it, until the distribution's source or the script is another.
    """
    tree, stamp = _HOME / "linux", _HOME / "linux.digest"
    wanted = digest.of([(distribution.parent / "source.version").read_text(), ADD_TO_TREE])
    if not digest.is_current([], stamp, wanted):
        shutil.rmtree(_HOME, ignore_errors=True)
        _HOME.mkdir(parents=True)
        subprocess.run(["cp", "-al", distribution, tree], check=True)
        call(ADD_TO_TREE, tree).expect(0)
        digest.set_current([], stamp, wanted)
    return tree


def cases_by_suite() -> dict[str, set[str]]:
    """Return the cases of each suite, as the kernel that was built has them."""
    text = (_HOME / "kunit/modules.builtin.modinfo").read_text()
    names = dict(re.findall(r"(\w+)\.kunit_suite=(\w+)", text))
    cases = re.findall(r"(\w+)\.kunit_case=(\w+)", text)
    assert set(names) == {suite.module for suite in suites.all_suites()}
    return {name: {case for of, case in cases if of == module} for module, name in names.items()}


def test_every_case_of_every_suite_runs_before_there_is_a_user_space(
    tree: Path, distribution: Path, tmp_path: Path
) -> None:
    began = tmp_path / "began"
    began.touch()
    document = tmp_path / "results.json"
    outcome = call(
        *(tree / "tools/testing/kunit/kunit.py", "run"),
        "--kunitconfig=drivers/misc/kmaplab/kunit",
        f"--build_dir={_HOME / 'kunit'}",
        *(f"--make_options={compiler}" for compiler in COMPILERS),
        f"--json={document}",
        limit=3600,
    ).expect(0)

    ran = json.loads(document.read_text())["sub_groups"]
    found = {suite["name"]: {case["name"] for case in suite["test_cases"]} for suite in ran}
    assert found == cases_by_suite()
    assert len(found) > 1 and all(found.values())
    statuses = {case["status"] for suite in ran for case in suite["test_cases"]}
    assert statuses <= {"PASS", "SKIP"}
    skipped = re.findall(r"\[SKIPPED\] \w+ \((.*)\)", outcome.out)
    assert all(reason.startswith(_REASONS) for reason in skipped)
    assert f"skipped: {len(skipped)}\n" in outcome.out
    [shown] = [block for block in pages.read(_PAGE).blocks if block.kind == "console"]
    expected = shown.commands[-1].output
    assert transcript.compare(expected, outcome.out.splitlines(), Addresses.EQUAL, []) is None

    newer: list[str | Path] = ["find", distribution, "-newer", began, "-print", "-quit"]
    assert subprocess.run(newer, capture_output=True, check=True).stdout == b""
