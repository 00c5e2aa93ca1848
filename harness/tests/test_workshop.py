"""Each patch of the catalogues fits the labs, and is applied to a copy."""

import shutil
from pathlib import Path

import pytest

from harness.base import side_by_side
from harness.base.paths import LABS
from harness.build import check_programs
from harness.build.check_programs import Programs
from harness.catalogue import changes, patches
from harness.guest import prepare
from harness.kernels.request import Request
from harness.kernels.targets import DEFAULT_ARCH
from harness.runs import workshop
from harness.runs.workshop import DoesNotApply, Workshop
from harness.tests.test_mistakes import CATALOGUE, PATCH


PATCHES = sorted({mistake.patch for mistake in CATALOGUE} | changes.proposed())


@pytest.mark.parametrize("patch", PATCHES, ids=[patches.name_of(patch) for patch in PATCHES])
def test_it_applies_and_changes_something(patch: Path, tmp_path: Path) -> None:
    sources = tmp_path / "labs"
    workshop.copy(LABS, sources)
    before = {
        path: path.read_bytes() for path in (sources / patches.owner_of(patch)).glob("*.[ch]")
    }
    workshop.apply(patch, sources / patches.owner_of(patch))
    after = {path: path.read_bytes() for path in (sources / patches.owner_of(patch)).glob("*.[ch]")}
    assert before != after and before.keys() == after.keys()


def test_a_patch_for_another_text_does_not_apply(tmp_path: Path) -> None:
    (tmp_path / "lab_kmalloc.c").write_text("one\ntwo\n")
    patch = tmp_path / "one.patch"
    patch.write_text(f"What: x\n\n{PATCH}@@ -1,2 +1,2 @@\n one\n-three\n+four\n")
    with pytest.raises(DoesNotApply, match="FAILED"):
        workshop.apply(patch, tmp_path)


def test_a_copy_for_a_mistake_holds_none_of_the_patches(tmp_path: Path) -> None:
    workshop.copy(LABS, tmp_path / "labs")
    assert not list((tmp_path / "labs").rglob("*.patch"))
    shutil.rmtree(tmp_path / "labs")


def test_more_benches_than_processors_can_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workshop, "BUILD", tmp_path)
    monkeypatch.setattr(prepare, "kernel", lambda request: None)
    many = side_by_side.workers() + 3
    one = Workshop.open(Request(), set())
    with one.in_use(many):
        assert len({one.free.get(timeout=1) for _ in range(many)}) == many


def test_a_run_that_waits_leaves_the_one_at_work_its_check_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = tmp_path / "checks"
    monkeypatch.setattr(workshop, "BUILD", tmp_path)
    monkeypatch.setattr(prepare, "kernel", lambda request: None)
    monkeypatch.setattr(check_programs, "build", lambda arch: Programs(built, (), ""))
    built.write_text("one")
    at_work = Workshop.open(Request(), {DEFAULT_ARCH})
    with at_work.in_use():
        built.write_text("another")
        Workshop.open(Request(), {DEFAULT_ARCH})
        assert at_work.programs[DEFAULT_ARCH].executable.read_text() == "one"
    with at_work.in_use():
        assert at_work.programs[DEFAULT_ARCH].executable.read_text() == "another"
