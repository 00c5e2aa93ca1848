"""Exercises that are solved in their order: each earns its points at once, and no later one."""

import json
from pathlib import Path

import pytest

from harness.catalogue import exercises
from harness.catalogue.labs import all_labs
from harness.grading import skeleton, workspace
from harness.kernels.targets import Target
from harness.tests.conftest import Kmaplab

pytestmark = pytest.mark.boot

LABS = [lab for lab in all_labs() if not lab.why_not(Target())]


# With none solved, and with all, test_boot_check.py looks.
@pytest.mark.parametrize("solved", [1, 3])
def test_what_is_solved_has_its_points_and_nothing_else(
    kmaplab: Kmaplab, workbench: Path, solved: int
) -> None:
    files: dict[str, str] = {}
    for lab in LABS:
        texts = skeleton.sources(lab, exercises.read(lab)[solved:])
        files |= {f"{lab.directory.name}/{name}": text for name, text in texts.items()}
    place = workbench / f"solved-{solved}"
    workspace.write(place, files)
    outcome = kmaplab("check", "--work", str(place), "--quick", "--format", "json")
    marks = [mark for lab in json.loads(outcome.out)["labs"] for mark in lab["exercises"]]
    earned = {mark["name"] for mark in marks if mark["earned"]}
    expected = {one.name for lab in LABS for one in exercises.read(lab)[:solved]}
    # What shows a mistake that is to be found may need the parts that are still to be written,
    # or a thorough check.
    hunts = {one.name for lab in LABS for one in exercises.read(lab)[solved:] if one.mistake}
    assert earned - hunts == expected, outcome.err
