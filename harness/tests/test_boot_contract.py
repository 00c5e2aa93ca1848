"""Real boots: every clause of the contract is proved for every lab that it concerns."""

import json
from collections.abc import Collection
from typing import Any

import pytest

from harness.catalogue import contract
from harness.catalogue.labs import all_labs
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import DEFAULT_ARCH, KUNIT_ARCH, Target
from harness.tests.conftest import BreakLab, Kmaplab, labs_of

pytestmark = pytest.mark.boot

# What needs two processors.
RACES = {one.number for one in contract.read() if one.number[0] == "9"}

# What is about PCI devices, about ports, DMA and drivers in user space.
OF_DEVICES = {"6.3", "6.4", "6.5", "7.6"}
OF_PORTS = {one.number for one in contract.read() if one.number.startswith("13.")}
OF_DMA = {one.number for one in contract.read() if one.number.startswith("14.")}
OF_UIO = {one.number for one in contract.read() if one.number.startswith("15.")}
OF_TYPES = {one.number for one in contract.read() if one.number.startswith("16.")}
OF_DEVMEM = {one.number for one in contract.read() if one.number.startswith("17.")}
OF_DMABUF = {one.number for one in contract.read() if one.number.startswith("18.")}

# What user-mode Linux cannot show of any lab: it has one memory type, runs no 32-bit
# programs, and has one processor, no PCI device, port or clock, and no device seen from outside.
NOT_IN_UML = {"6.1", "8.3", "11.4", "12.8"}.union(
    OF_DEVICES, OF_PORTS, OF_DMA, OF_UIO, OF_TYPES, OF_DEVMEM, OF_DMABUF, RACES
)
# Wrong clocks are shown to lab_rtc by its suite.
NOT_IN_UML -= {"7.6"}

# What Debian's kernels cannot show: no fault injection in them, no kmemleak, no KUnit. A part
# of 7.2 they can: a control group makes an mmap() fail. On x86 they warn then, for labs that map
# a whole VMA by one remap_pfn_range().
NOT_ON_DEBIAN = {"4.10", "6.2", "7.1", "7.5", "11.2"}
WARN_WHEN_A_VMA_IS_NOT_MAPPED = {"x86_64", "i386"}

# What an architecture cannot show: a 64-bit program of arm64 cannot call as a 32-bit one, and
# its clock has one register.
NOT_ON = {"arm64": {"8.3", "11.3"}}

# What a series cannot show: before 6.12 Debian's kernels export no memory by themselves.
NOT_ON_SERIES = {"6.1": {"18.6"}}

# What concerns labs whose devices have no memory, and what of it only their suites show.
OF_DEVICE = {"2.3", "3.5", "3.6", "3.7", "5.2", "5.3", "5.4", "7.1", "7.2", "7.5", "8.2"}
OF_CLOCK = {"6.2"} | {one.number for one in contract.read() if one.number.startswith("11.")}
OF_REGISTERS = {"7.6"} | {one.number for one in contract.read() if one.number.startswith("12.")}
OF_BUFFER = {f"1.{number}" for number in (1, 2, 3, 7, 8, 9, 10, 11)} | {
    *("2.1", "2.2", "3.4", "3.5", "3.6", "3.7", "3.8", "7.2", "7.3", "7.4", "7.5", "7.6", "8.2"),
}
WITHOUT_MEMORY = {
    "lab_port": {"2.3", "3.5", "3.6", "3.7", "5.2", "5.4", "7.6", "8.2", "9.2"} | OF_PORTS,
    "lab_regs": OF_DEVICE | OF_REGISTERS,
    "lab_rtc": OF_DEVICE | OF_CLOCK,
    # Its memory is mapped by another node, which has no guards and no other calls of the lab's.
    "lab_uio": OF_BUFFER | OF_UIO,
}
BY_SUITE = {"lab_regs": {"5.3", "5.4"}, "lab_rtc": {"5.3", "5.4"}}

# Where emulation is slow, or the same calls were made on another series.
_FEWER = ("--calls", "20000", "--rounds", "20")

# Other sizes than the usual ones are proved in user-mode Linux, and of the labs that never run
# there, on the default architecture; so are the races of every lab. On the other architectures
# a lab races that has nearly all checks of chapter 9.
_WITHOUT_UML = [lab.name for lab in all_labs() if KUNIT_ARCH in lab.cannot_run]
_RACER = "lab_remap"
_MAP_NOTHING = {lab.name for lab in all_labs() if "mmap" not in lab.operations}
_MAP_A_WHOLE_VMA = {
    lab.name for lab in all_labs() if lab.mapping == "pfnmap" and not lab.page_by_page
}

# Clauses that concern some of the labs only.
OF_SOME = {
    "2.5": {"lab_kmalloc"},
    "4.8": {"lab_remap", "lab_prepare"},
    "4.9": {"lab_fault"},
    "4.10": {"lab_fault"},
    "5.4": {
        "lab_reserved",
        "lab_bar",
        "lab_port",
        "lab_regs",
        "lab_rtc",
        "lab_types",
        "lab_devmem",
    },
    "6.1": {"lab_reserved", "lab_bar", "lab_types", "lab_devmem"},
    "6.2": {"lab_reserved", "lab_rtc"},
    **{number: {"lab_bar"} for number in OF_DEVICES},
    "7.6": {"lab_bar", "lab_port", "lab_regs", "lab_dma", "lab_uio"},
    **{number: {"lab_port"} for number in OF_PORTS},
    **{number: {"lab_dma"} for number in OF_DMA},
    **{number: {"lab_uio"} for number in OF_UIO},
    **{number: {"lab_types"} for number in OF_TYPES},
    **{number: {"lab_devmem"} for number in OF_DEVMEM},
    **{number: {"lab_dmabuf"} for number in OF_DMABUF},
    "9.8": {"lab_fault"},
    "9.9": {"lab_ring"},
    "10.1": {"lab_ring"},
    "10.2": {"lab_ring"},
    "10.3": {"lab_ring"},
    "10.4": {"lab_ring"},
    "10.5": {"lab_ring"},
    **{number: {"lab_rtc"} for number in OF_CLOCK if number.startswith("11.")},
    **{number: {"lab_regs"} for number in OF_REGISTERS if number.startswith("12.")},
}


def prove(kmaplab: Kmaplab, *arguments: str) -> dict[str, Any]:
    outcome = kmaplab("contract", "--format", "json", *arguments).expect(0)
    data: dict[str, Any] = json.loads(outcome.out)
    return data


def concerning(lab: str) -> set[str]:
    numbers = {one.number for one in contract.read() if lab in OF_SOME.get(one.number, {lab})}
    return numbers & WITHOUT_MEMORY.get(lab, numbers)


def not_proved(data: dict[str, Any], lab: str) -> set[str]:
    """Return the clauses that concern a lab and were not proved for it."""
    return concerning(lab) - proved(data, lab)


def missing(lab: str, expected: set[str]) -> set[str]:
    """Return the clauses that a lab's check program cannot show where these cannot be shown."""
    return (expected | BY_SUITE.get(lab, set())) & concerning(lab)


def unseen_of(lab: str, target: Target) -> set[str]:
    """Return what cannot be shown of a lab that cannot be mapped, or whose mmap() would warn."""
    warns = target.arch in WARN_WHEN_A_VMA_IS_NOT_MAPPED and lab in _MAP_A_WHOLE_VMA
    return {"7.2"} if warns or lab in _MAP_NOTHING else set()


def proved(data: dict[str, Any], lab: str) -> set[str]:
    return {one["clause"] for one in data["clauses"] if one["labs"].get(lab) == "proved"}


def test_every_clause_is_proved_in_user_mode_linux(kmaplab: Kmaplab, um_edge: str) -> None:
    """All of it on the default series. lab_reserved is seen by its suite only."""
    less = () if um_edge == DEFAULT_SERIES else (*_FEWER, "--usual-loads")
    data = prove(kmaplab, "--arch", "um", "--kernel", um_edge, *less)
    for lab in labs_of(Target(um_edge, "um")):
        assert not_proved(data, lab) == NOT_IN_UML & concerning(lab), lab
    of_reserved = {"1.11", "2.1", "5.4", "6.2", "7.1", "7.2", "8.2"}
    assert not_proved(data, "lab_reserved").isdisjoint(of_reserved)
    assert {one["clause"] for one in data["clauses"] if not one["proved"]} == NOT_IN_UML


def test_every_clause_is_proved_on_debians_kernels(kmaplab: Kmaplab, debian_target: Target) -> None:
    target = ("--kernel", debian_target.series, "--arch", debian_target.arch, *_FEWER)
    expected = NOT_ON_DEBIAN | NOT_ON.get(debian_target.arch, set())
    expected |= NOT_ON_SERIES.get(debian_target.series, set())
    others = ("--clause", ",".join(sorted({one.number for one in contract.read()} - RACES)))
    parts: list[tuple[Collection[str], dict[str, Any]]]
    if debian_target.arch == DEFAULT_ARCH:
        in_uml = [lab.name for lab in all_labs() if lab.name not in _WITHOUT_UML]
        parts = [
            (in_uml, prove(kmaplab, *target, "--usual-loads", "--lab", ",".join(in_uml))),
            (_WITHOUT_UML, prove(kmaplab, *target, "--lab", ",".join(_WITHOUT_UML))),
        ]
    else:
        parts = [(labs_of(debian_target), prove(kmaplab, *target, "--usual-loads", *others))]
        raced = prove(kmaplab, *target, "--clause", ",".join(sorted(RACES)), "--lab", _RACER)
        assert proved(raced, _RACER) == RACES & concerning(_RACER)
        expected |= RACES
    looked_at = [
        (lab, data) for labs, data in parts for lab in labs if lab in labs_of(debian_target)
    ]
    assert sorted(lab for lab, _ in looked_at) == sorted(labs_of(debian_target))
    for lab, data in looked_at:
        unseen = expected | unseen_of(lab, debian_target)
        assert not_proved(data, lab) == missing(lab, unseen), lab


def test_a_broken_clause_ends_with_1_and_is_named(
    kmaplab: Kmaplab, broken_lab: BreakLab, um_default: str
) -> None:
    lab = broken_lab("lab_kmalloc").replace("first + vma->vm_pgoff", "first")
    target = ("--arch", "um", "--kernel", um_default, "--labs", str(lab.directory))
    outcome = kmaplab("contract", *target, "--lab", "kmalloc", "--clause", "1.6").expect(1)
    assert "offset_k_shows_page_k failed" in outcome.out
    assert "0 of 1 clauses proved, not 1.6" in outcome.out


def test_a_leak_is_listed(kmaplab: Kmaplab, broken_lab: BreakLab, um_default: str) -> None:
    lab = broken_lab("lab_kmalloc").replace("	kfree(object);\n", "")
    target = ("--arch", "um", "--kernel", um_default, "--labs", str(lab.directory))
    outcome = kmaplab("contract", *target, "--lab", "kmalloc", "--clause", "2.5,5.3").expect(1)
    assert "kmemleak_lists_nothing failed" in outcome.out
    # The lab itself is gone by then, and its functions have no names.
    assert "lab_ioctl+" in outcome.out


def test_a_guest_that_dies_ends_with_3(
    kmaplab: Kmaplab, broken_lab: BreakLab, um_default: str
) -> None:
    lab = broken_lab("lab_pages").replace(
        "	int err = lab_refuse_mmap(lab, vma);",
        "	int err = lab_refuse_mmap(lab, vma);\n\n	BUG_ON(err);",
    )
    target = ("--arch", "um", "--kernel", um_default, "--labs", str(lab.directory))
    outcome = kmaplab("contract", *target, "--lab", "pages", "--clause", "2.3").expect(3)
    assert "mmap_past_the_end_is_refused failed" in outcome.out
    assert "kernel BUG at" in outcome.out or "Kernel panic" in outcome.out
