"""Right versions of the labs: what they say of themselves, and that a sample passes."""

import os
import random
from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.catalogue import other_ways, patches
from harness.catalogue.labs import Lab, all_labs
from harness.kernels.request import Request
from harness.kernels.targets import DEFAULT_ARCH, KUNIT_ARCH, Target
from harness.runs import try_other_ways, workshop

WAYS = other_ways.read_all()
ROUNDS = other_ways.rounds(WAYS)


@pytest.mark.parametrize("lab", all_labs(), ids=[lab.name for lab in all_labs()])
def test_each_lab_has_three_right_versions(lab: Lab) -> None:
    assert sum(way.lab == lab for way in WAYS) >= 3


def test_no_round_has_two_versions_of_a_lab() -> None:
    assert sorted(map(str, WAYS)) == sorted(str(way) for ways in ROUNDS for way in ways)
    for ways in ROUNDS:
        assert len({way.lab.name for way in ways}) == len(ways)


@pytest.mark.parametrize("way", WAYS, ids=[str(way) for way in WAYS])
def test_a_right_version_applies(way: other_ways.OtherWay, tmp_path: Path) -> None:
    copy = tmp_path / "labs"
    workshop.copy(LABS, copy)
    workshop.apply(way.patch, copy / patches.owner_of(way.patch))


@pytest.mark.boot
@pytest.mark.parametrize("arch", [KUNIT_ARCH, DEFAULT_ARCH])
def test_right_versions_pass(arch: str) -> None:
    """One of the rounds, another one in each run; all with the variable in CONTRIBUTING."""
    every = os.environ.get("KMAPLAB_OTHER_WAYS") == "all"
    for ways in ROUNDS if every else [random.choice(ROUNDS)]:
        tried = try_other_ways.try_together(Request(Target(arch=arch)), ways)
        said = ", ".join(map(str, ways))
        assert not tried.complaints, f"{said} on {arch}:\n" + "\n".join(tried.complaints)
        assert tried.loads, f"{said} on {arch}: nothing was loaded"
