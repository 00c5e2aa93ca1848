"""Each patch of the catalogues fits the labs, and is applied to a copy."""

import shutil
from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.catalogue import changes, patches
from harness.runs import workshop
from harness.runs.workshop import DoesNotApply
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
