"""Real boots of 32-bit x86. That all labs pass is a test of test_boot_arm64.py."""

import json

import pytest

from harness.catalogue import contract
from harness.kernels.architecture import RESERVED_MIB
from harness.tests.conftest import Kmaplab

pytestmark = pytest.mark.boot

# What 32 bits could make otherwise: frames and addresses, the witness, offsets, memory types,
# callers, and arithmetic that wraps around.
_CLAUSES = ("1.8", "1.9", "2.3", "6.1", "8.1", "8.3")


def test_clauses_that_depend_on_the_width_of_addresses_are_proved(kmaplab: Kmaplab) -> None:
    """Of lab_reserved, which also looks for its region up to the last address."""
    target = ("--arch", "i386", "--lab", "reserved", "--clause", ",".join(_CLAUSES))
    outcome = kmaplab("contract", *target, "--calls", "3000", "--format", "json").expect(0)
    clauses = json.loads(outcome.out)["clauses"]
    proved = {one["clause"]: one["labs"]["lab_reserved"] for one in clauses}
    assert proved == {number: "proved" for number in _CLAUSES}
    assert set(_CLAUSES) <= {one.number for one in contract.read()}


def test_the_kernel_leaves_alone_what_its_command_line_reserves(kmaplab: Kmaplab) -> None:
    command = "uname -m; cat /proc/iomem"
    machine, *lines = (
        kmaplab("console", "--arch", "i386", "--cmd", command).expect(0).out.split("\n")
    )
    assert machine in ("i586", "i686")
    end = 0x18000000 + (RESERVED_MIB << 20) - 1
    assert f"18000000-{end:x} : Reserved" in lines
