"""Real boots of user-mode Linux, with the sanitizers in it."""

import json
from pathlib import Path

import pytest

from harness.catalogue.labs import all_labs
from harness.kernels.targets import Target
from harness.tests.conftest import BreakLab, BrokenLab, Kmaplab, Outcome, labs_of
from harness.tests.test_boot_console import Terminal

pytestmark = pytest.mark.boot


def test_all_labs_that_can_run_pass_and_the_others_say_why_not(
    kmaplab: Kmaplab, um_between: str
) -> None:
    """On the others test_boot_contract.py runs the same checks, and more."""
    arguments = ("run", "--arch", "um", "--kernel", um_between, "--format", "json")
    data = json.loads(kmaplab(*arguments).expect(0).out)
    assert data["kernel"].startswith(um_between)
    verdicts = {lab["lab"]: lab["verdict"] for lab in data["labs"]}
    able = labs_of(Target(um_between, "um"))
    assert verdicts == {lab.name: "passed" if lab.name in able else "skipped" for lab in all_labs()}
    reasons = {lab.name: lab.why_not(Target(um_between, "um")) for lab in all_labs()}
    for lab in data["labs"]:
        if lab["verdict"] == "skipped":
            assert lab["problems"] == [f"skipped: {reasons[lab['lab']]}"]
        else:
            assert lab["bytes_kernel_to_user"] >= lab["size"] > 0
            assert lab["bytes_user_to_kernel"] >= lab["size"]


def test_a_command_runs_and_its_status_comes_back(kmaplab: Kmaplab, um_edge: str) -> None:
    arguments = ("console", "--arch", "um", "--kernel", um_edge, "--cmd")
    outcome = kmaplab(*arguments, "uname -r; modprobe lab_remap || exit; exit 42").expect(42)
    assert outcome.out.startswith(um_edge)


def test_a_person_gets_a_shell(um_edge: str) -> None:
    terminal = Terminal("--arch", "um", "--kernel", um_edge)
    terminal.wait_for(f"kmaplab {um_edge} um # ")
    terminal.type("echo $((40 + 2))\r")
    terminal.wait_for("\n42")
    terminal.type("exit 6\r")
    assert terminal.end() == 6


def test_mappings_are_counted_right_when_mmap_fails(
    kmaplab: Kmaplab, programs: Path, um_edge: str
) -> None:
    """At each of its allocations: also when the action fails, and ->mapped() is not called."""
    target = ("--arch", "um", "--kernel", um_edge, "--extra", programs)
    for name in {"lab_remap", "lab_prepare"} & labs_of(Target(um_edge, "um")):
        command = f"modprobe {name} && ./fail_mmap /dev/{name} && rmmod {name}"
        lines = kmaplab("console", *target, "--cmd", command).expect(0).out.splitlines()
        # One for the VMA itself, one at least for a page table.
        assert len(lines) > 1
        assert all("Cannot allocate memory, 0 counted" in line for line in lines)


def test_lab_prepare_takes_the_sizes_that_it_names_and_gives_all_back(
    kmaplab: Kmaplab, programs: Path, um_newest: str
) -> None:
    """The scripts print what they found wrong, and a word at the end."""
    command = """
        for n in 1 2 3 17; do
            modprobe lab_prepare pages=$n && lab_prepare >/tmp/out && rmmod lab_prepare ||
                cat /tmp/out
        done
        modprobe lab_prepare pages=1024 && rmmod lab_prepare || echo "pages=1024 was refused"
        for n in 0 -1 1025 many; do
            modprobe lab_prepare pages=$n 2>/dev/null && echo "pages=$n was accepted"
        done
        sh in_use.sh lab_prepare
        sh rounds.sh lab_prepare
    """
    target = ("--arch", "um", "--kernel", um_newest, "--extra", programs)
    outcome = kmaplab("console", *target, "--cmd", command).expect(0)
    assert outcome.out.split() == ["done", "done"]


def run(kmaplab: Kmaplab, lab: BrokenLab, series: str, *arguments: str) -> Outcome:
    target = ("--arch", "um", "--kernel", series)
    return kmaplab("run", "--labs", lab.directory, "--lab", lab.source.stem, *target, *arguments)


def test_a_store_past_the_end_is_caught_though_all_checks_pass(
    kmaplab: Kmaplab, broken_lab: BreakLab, um_default: str
) -> None:
    """That each series reports one is a test of test_boot_kunit.py."""
    lab = broken_lab("lab_kmalloc").replace(
        "	small.kernel_addr = (unsigned long)object;",
        "	small.kernel_addr = (unsigned long)object;\n	((char *)object)[asked] = 1;",
    )
    outcome = run(kmaplab, lab, um_default).expect(1)
    assert "the kernel warned" in outcome.out
    assert "KASAN: slab-out-of-bounds" in outcome.out


def test_an_oops_ends_with_3_and_is_shown(
    kmaplab: Kmaplab, broken_lab: BreakLab, um_default: str
) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();",
        '	panic("on purpose");\n	err = lab_pages_get();',
    )
    lab.replace("#include <linux/module.h>", "#include <linux/module.h>\n#include <linux/panic.h>")
    outcome = run(kmaplab, lab, um_default).expect(3)
    assert "Kernel panic - not syncing: on purpose" in outcome.out


def test_a_guest_that_hangs_ends_with_3_within_its_limit(
    kmaplab: Kmaplab, broken_lab: BreakLab, um_default: str
) -> None:
    lab = broken_lab("lab_pages").replace("	err = lab_pages_get();", "	for (;;)\n		cpu_relax();")
    assert "still running after 4 s" in run(kmaplab, lab, um_default, "--limit", "4").expect(3).out


def test_a_series_without_an_image_says_where_it_runs(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("run", "--kernel", "7.3").expect(2)
    assert "ARCH=um only" in outcome.err
