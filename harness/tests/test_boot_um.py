"""Real boots of user-mode Linux, with the sanitizers in it."""

import json

import pytest

from harness.tests.conftest import BrokenLab
from harness.tests.test_boot_console import Terminal

pytestmark = pytest.mark.boot


def test_all_labs_that_can_run_pass_and_the_others_say_why_not(kmaplab, um_series: str) -> None:
    arguments = ("run", "--arch", "um", "--kernel", um_series, "--format", "json")
    data = json.loads(kmaplab(*arguments).expect(0).out)
    assert data["kernel"].startswith(um_series)
    verdicts = {lab["lab"]: lab["verdict"] for lab in data["labs"]}
    assert verdicts.pop("lab_reserved") == "skipped"
    assert set(verdicts.values()) == {"passed"} and len(verdicts) == 4
    for lab in data["labs"]:
        if lab["verdict"] == "skipped":
            assert "no I/O memory" in lab["problems"][0]
        else:
            assert lab["bytes_kernel_to_user"] >= lab["size"] > 0
            assert lab["bytes_user_to_kernel"] >= lab["size"]


def test_a_command_runs_and_its_status_comes_back(kmaplab, um_series: str) -> None:
    arguments = ("console", "--arch", "um", "--kernel", um_series, "--cmd")
    outcome = kmaplab(*arguments, "uname -r; modprobe lab_remap || exit; exit 42").expect(42)
    assert outcome.out.startswith(um_series)


def test_a_person_gets_a_shell(um_series: str) -> None:
    terminal = Terminal("--arch", "um", "--kernel", um_series)
    terminal.wait_for(f"kmaplab {um_series} um # ")
    terminal.type("echo $((40 + 2))\r")
    terminal.wait_for("\n42")
    terminal.type("exit 6\r")
    assert terminal.end() == 6


def run(kmaplab, lab: BrokenLab, series: str, *arguments: str):
    target = ("--arch", "um", "--kernel", series)
    return kmaplab("run", "--labs", lab.directory, "--lab", lab.source.stem, *target, *arguments)


def test_a_store_past_the_end_is_caught_though_all_checks_pass(
    kmaplab, broken_lab, um_series: str
) -> None:
    lab = broken_lab("lab_kmalloc").replace(
        "	small.kernel_addr = (unsigned long)object;",
        "	small.kernel_addr = (unsigned long)object;\n	((char *)object)[asked] = 1;",
    )
    outcome = run(kmaplab, lab, um_series).expect(1)
    assert "the kernel warned" in outcome.out
    assert "KASAN: slab-out-of-bounds" in outcome.out


def test_an_oops_ends_with_3_and_is_shown(kmaplab, broken_lab, um_series: str) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();",
        '	panic("on purpose");\n	err = lab_pages_get();',
    )
    lab.replace("#include <linux/module.h>", "#include <linux/module.h>\n#include <linux/panic.h>")
    outcome = run(kmaplab, lab, um_series).expect(3)
    assert "Kernel panic - not syncing: on purpose" in outcome.out


def test_a_guest_that_hangs_ends_with_3_within_its_limit(
    kmaplab, broken_lab, um_series: str
) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();", "	for (;;)\n		cpu_relax();"
    )
    assert "still running after 10 s" in run(kmaplab, lab, um_series, "--limit", "10").expect(3).out


def test_a_series_without_an_image_says_where_it_runs(kmaplab) -> None:
    outcome = kmaplab("run", "--kernel", "7.2").expect(2)
    assert "ARCH=um only" in outcome.err
