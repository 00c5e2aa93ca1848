"""What is reached of the labs, in real boots of user-mode Linux."""

import json

import pytest

from harness.base.paths import BUILD, ROOT
from harness.kernels.targets import Target
from harness.tests.conftest import BreakLab, Kmaplab, labs_of

pytestmark = [pytest.mark.boot, pytest.mark.usefixtures("um_default")]


def test_every_line_is_reached_or_has_its_reason(kmaplab: Kmaplab, um_edge: str) -> None:
    outcome = kmaplab("coverage", "--kernel", um_edge, "--format", "json").expect(0)
    data = json.loads(outcome.out)
    files = {file["name"]: file for file in data["files"]}
    assert data["kernel"].startswith(um_edge)
    assert {"01_kmalloc/lab_kmalloc.c", "core/lab_core.c", "include/lab_pattern.h"} <= set(files)
    runs = "lab_prepare" in labs_of(Target(um_edge, "um"))
    assert ("06_prepare/lab_prepare.c" in files) == runs
    assert ("lab_prepare" in data["skipped"]) != runs
    # Some of it is reached by the suites only, some by the check programs only.
    assert files["core/lab_core.c"]["lines_reached"] > 150
    assert files["core/lab_core.c"]["branches_taken"] > 100
    assert all(line["reason"] for line in data["explained"])

    made = BUILD / "coverage" / um_edge
    assert "core/lab_core.c" in (made / "coverage.txt").read_text()
    pages = [path.name for path in (made / "html").glob("*.html")]
    assert any("lab_core.c" in name for name in pages)
    for path in made.rglob("*"):
        assert path.is_dir() or str(ROOT) not in path.read_text()


def test_a_line_that_nothing_reaches_is_named_and_ends_with_1(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();",
        "	if (pages == 1023)\n		return -EDOM;\n	err = lab_pages_get();",
    )
    outcome = kmaplab("coverage", "--labs", lab.directory, "--lab", "pages").expect(1)
    assert ", in lab_pages_init(): return -EDOM;" in outcome.out
    number = lab.source.read_text().splitlines().index("		return -EDOM;") + 1
    assert f"labs/02_pages/lab_pages.c:{number}," in outcome.out


def test_a_guest_that_crashes_ends_with_3(kmaplab: Kmaplab, broken_lab: BreakLab) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();",
        "	*(volatile int *)8 = 0;\n	err = lab_pages_get();",
    )
    outcome = kmaplab("coverage", "--labs", lab.directory, "--lab", "pages").expect(3)
    assert "crashed" in outcome.err and "Kernel panic" in outcome.err
