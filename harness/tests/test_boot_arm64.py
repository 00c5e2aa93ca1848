"""Real boots of an architecture that is not this machine's."""

import json

import pytest

from harness.kernels.architecture import RESERVED_MIB
from harness.kernels.targets import Target
from harness.tests.conftest import Kmaplab, labs_of
from harness.tests.test_boot_console import Terminal

pytestmark = pytest.mark.boot


def test_all_labs_pass_with_every_byte_compared_on_both_sides(
    kmaplab: Kmaplab, other_target: Target
) -> None:
    target = ("--kernel", other_target.series, "--arch", other_target.arch)
    data = json.loads(kmaplab("run", *target, "--format", "json").expect(0).out)
    assert data["kernel"].startswith(f"{other_target.series}.")
    assert data["arch"] == other_target.arch
    ran = [lab for lab in data["labs"] if lab["verdict"] != "skipped"]
    assert {lab["lab"] for lab in ran} == labs_of(other_target)
    for lab in ran:
        assert lab["verdict"] == "passed"
        if lab["mapping"] == "none":
            assert lab["machine"] and not lab["machine"]["problems"]
            continue
        assert lab["bytes_kernel_to_user"] >= lab["size"] > 0
        assert lab["bytes_user_to_kernel"] >= lab["size"]
    checks = {
        (check["name"], check["result"])
        for lab in ran
        if lab["lab"] == "lab_reserved"
        for check in lab["checks"]
    }
    assert ("both_sides_have_the_same_memory_type", "pass") in checks


def test_the_kernel_leaves_alone_what_the_device_tree_reserves(kmaplab: Kmaplab) -> None:
    command = "cat /proc/iomem; exit 42"
    lines = kmaplab("console", "--arch", "arm64", "--cmd", command).expect(42).out.splitlines()
    begin = 0x58000000
    end = begin + (RESERVED_MIB << 20) - 1
    place = lines.index(f"{begin:x}-{end:x} : reserved")
    assert lines[place + 1] == f"{end + 1:x}-5fffffff : System RAM"


def test_a_person_gets_a_shell() -> None:
    terminal = Terminal("--arch", "arm64")
    terminal.wait_for("kmaplab 6.1 arm64 # ")
    terminal.type("echo $((40 + 2))\r")
    terminal.wait_for("\n42")
    terminal.type("exit 6\r")
    assert terminal.end() == 6
