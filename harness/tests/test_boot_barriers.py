"""The barriers of lab_ring, where no run can show that one is missing: in its instructions."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from harness.base.lock import locked
from harness.base.paths import BUILD, LABS
from harness.build import modules
from harness.guest import prepare
from harness.kernels.request import Request
from harness.kernels.targets import Target
from harness.runs import workshop

pytestmark = pytest.mark.boot

_ARM64 = Target(arch="arm64")
_INSTRUCTION = re.compile(r"^\s+[0-9a-f]+:\s+[0-9a-f]{8}\s+(stlr|ldar)\s", re.MULTILINE)
_CHANGES = LABS / "08_ring/changes"


def barriers_of(labs: Path) -> Counter[str]:
    """Return how many releasing stores and acquiring loads lab_ring's module has on arm64."""
    kernel = prepare.kernel(Request(_ARM64))
    with locked(BUILD / "build.lock", "the build"):
        built = modules.build(kernel, labs, None)
    module = next(file for file in built.files if file.name == "lab_ring.ko")
    program = f"{_ARM64.architecture.toolchain.prefix}objdump"
    said = subprocess.run([program, "-d", module], capture_output=True, text=True, check=True)
    return Counter(_INSTRUCTION.findall(said.stdout))


def test_the_head_is_a_releasing_store_and_the_tail_an_acquiring_load() -> None:
    assert barriers_of(LABS) == {"stlr": 1, "ldar": 1}


@pytest.mark.parametrize(
    ("change", "left"), [("release-left-out", {"ldar": 1}), ("acquire-left-out", {"stlr": 1})]
)
def test_one_that_is_left_out_is_missing(change: str, left: dict[str, int], tmp_path: Path) -> None:
    copy = tmp_path / "labs"
    workshop.copy(LABS, copy)
    workshop.apply(_CHANGES / f"{change}.patch", copy / "08_ring")
    assert barriers_of(copy) == left
