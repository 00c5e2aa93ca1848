"""Each patch of the catalogue fits the labs, and is applied to a copy."""

import shutil
from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.catalogue import mistakes
from harness.runs import workshop
from harness.runs.workshop import DoesNotApply
from harness.tests.test_mistakes import CATALOGUE, PATCH


@pytest.mark.parametrize("mistake", CATALOGUE, ids=[one.name for one in CATALOGUE])
def test_it_applies_and_changes_something(mistake: mistakes.Mistake, tmp_path: Path) -> None:
    sources = tmp_path / "labs"
    workshop.copy(LABS, sources)
    before = {path: path.read_bytes() for path in (sources / mistake.owner).glob("*.[ch]")}
    workshop.apply(mistake.patch, sources / mistake.owner)
    after = {path: path.read_bytes() for path in (sources / mistake.owner).glob("*.[ch]")}
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
