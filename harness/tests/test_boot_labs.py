"""Real boots: what make run shows, and what must hold for the labs."""

import json
import os
import shutil
from pathlib import Path

import pytest
from junitparser import JUnitXml

from harness.catalogue.labs import Load, all_labs
from harness.base.lock import locked
from harness.base.paths import BUILD, LABS, ROOT
from harness.kernels.targets import DEFAULT_ARCH, Target, series_of
from harness.tests.conftest import BreakLab, Kmaplab, call, modules_of

pytestmark = pytest.mark.boot

# Those that can be mapped and run here, whatever the series.
_LABS = " ".join(
    lab.name
    for lab in all_labs()
    if lab.has_mmap and not any(lab.why_not(Target(series)) for series in series_of(DEFAULT_ARCH))
)


def test_all_labs_pass_with_every_byte_compared_on_both_sides(
    kmaplab: Kmaplab, series: str
) -> None:
    """Those that cannot run on a series are skipped by name, behind the others."""
    outcome = kmaplab("run", "--kernel", series, "--format", "json").expect(0)
    data = json.loads(outcome.out)
    assert data["kernel"].startswith(f"{series}.")
    loads = [
        (lab["lab"], tuple(f"{k}={v}" for k, v in lab["parameters"].items()))
        for lab in data["labs"]
    ]
    every = [Load(lab, parameters) for lab in all_labs() for parameters in lab.loads]
    able = [load for load in every if not load.why_not(Target(series))]
    left_out = [load for load in every if load not in able]
    assert loads == [(load.lab.name, load.parameters) for load in able + left_out]
    assert "lab_prepare" in {load.lab.name for load in left_out}
    for load, lab in zip(left_out, data["labs"][len(able) :], strict=True):
        assert lab["verdict"] == "skipped"
        assert lab["problems"] == [f"skipped: {load.why_not(Target(series))}"]
    for lab in data["labs"][: len(able)]:
        assert lab["verdict"] == "passed"
        if lab["mapping"] == "none":
            assert lab["machine"] and not lab["machine"]["problems"]
            continue
        assert lab["size"] == lab["pages"] * 4096 > 0
        assert lab["bytes_kernel_to_user"] >= lab["size"]
        assert lab["bytes_user_to_kernel"] >= lab["size"]
        assert len(lab["checks"]) == lab["checks_planned"] > 25
        assert int(lab["kernel_address"], 16) > 1 << 63
        assert int(lab["user_address"], 16) < 1 << 47


def test_a_seed_can_be_repeated_and_one_lab_chosen(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("run", "--lab", "remap,kmalloc", "--seed", "0x1234").expect(0)
    assert "SEED=0x1234" in outcome.out
    assert "lab_kmalloc" in outcome.out and "lab_remap" in outcome.out
    assert "lab_pages" not in outcome.out
    assert outcome.out.index("lab_kmalloc") < outcome.out.index("lab_remap")


def test_a_lab_that_the_series_cannot_run_is_skipped_and_never_passed(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("run", "--lab", "prepare").expect(0)
    assert "SKIPPED" in outcome.out
    assert "runs from Linux 7.2 on: older series have no mmap_prepare()" in outcome.out
    cases = JUnitXml.fromstring(
        kmaplab("run", "--lab", "prepare", "--format", "junit").expect(0).out.encode()
    )
    assert cases.skipped == cases.tests == 1


def test_junit_is_what_junit_readers_read(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("run", "--lab", "pages", "--format", "junit").expect(0)
    suites = list(JUnitXml.fromstring(outcome.out.encode()))
    assert [suite.name for suite in suites] == ["lab_pages pages=4"]
    assert suites[0].tests > 25 and suites[0].failures == suites[0].errors == 0


def test_make_run_ends_as_the_command_line_does() -> None:
    call("make", "run", "LAB=kmalloc").expect(0)
    call("make", "run", "LAB=nosuch").expect(2)


def test_a_module_in_use_cannot_be_unloaded(kmaplab: Kmaplab, programs: Path) -> None:
    outcome = kmaplab("console", "--extra", programs, "--cmd", f"sh in_use.sh {_LABS}").expect(0)
    assert outcome.out.strip() == "done"


def test_nothing_is_lost_in_many_rounds(kmaplab: Kmaplab, programs: Path) -> None:
    # What it has mapped another node maps.
    labs = f"{_LABS} lab_uio"
    outcome = kmaplab("console", "--extra", programs, "--cmd", f"sh rounds.sh {labs}").expect(0)
    assert outcome.out.strip() == "done"


def test_lab_h_has_one_layout_for_32_and_64_bits(tmp_path: Path) -> None:
    sizes = {
        "lab_info": 56,
        "lab_page": 24,
        "lab_user_page": 16,
        "lab_fill": 8,
        "lab_check": 24,
        "lab_small": 24,
    }
    lines = ['#include "lab.h"', '#include "lab_pattern.h"']
    lines += [
        f'_Static_assert(sizeof(struct {name}) == {size}, "{name}");'
        for name, size in sizes.items()
    ]
    source = tmp_path / "sizes.c"
    source.write_text("\n".join(lines) + "\n")
    for bits in ("-m32", "-m64"):
        call(
            "gcc-12",
            bits,
            "-fsyntax-only",
            "-Wall",
            "-Werror",
            "-Wpadded",
            "-I",
            LABS / "include",
            "-isystem",
            "/usr/include/x86_64-linux-gnu",
            source,
        ).expect(0)


def test_the_same_inputs_give_the_same_initramfs(kmaplab: Kmaplab, broken_lab: BreakLab) -> None:
    """In a directory of its own: others are running what is in the usual one."""
    lab = broken_lab("lab_kmalloc")
    arguments = ("run", "--lab", "kmalloc", "--labs", lab.directory)
    shutil.rmtree(modules_of(lab), ignore_errors=True)
    kmaplab(*arguments).expect(0)
    [archive] = modules_of(lab).glob("initramfs-*.cpio")
    first = archive.read_bytes()
    with locked(BUILD / "build.lock", "the build"):
        shutil.rmtree(modules_of(lab))
        shutil.rmtree(BUILD / "userspace")
    kmaplab(*arguments).expect(0)
    assert archive.read_bytes() == first


@pytest.mark.skipif(os.geteuid() != 0, reason="cutting the network takes root: unshare -n")
def test_a_second_run_needs_no_network(kmaplab: Kmaplab) -> None:
    kmaplab("run", "--lab", "kmalloc").expect(0)
    call("unshare", "-n", ROOT / "harness/kmaplab", "run", "--lab", "kmalloc").expect(0)
