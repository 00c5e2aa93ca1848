"""Real boots: lab_dma on a machine of x86_64 that has Intel's IOMMU.

The usual machine of x86_64 has none, and that of arm64 has Arm's. What the lab asks of the
kernel's DMA API must be right with each.
"""

from dataclasses import dataclass, fields, replace

import pytest

from harness.catalogue import labs
from harness.catalogue.labs import Load
from harness.guest import prepare
from harness.guest.machine import Machine
from harness.kernels.architecture import Qemu
from harness.kernels.request import Request
from harness.kernels.targets import Target
from harness.results.load_results import LoadResult
from harness.runs import check_loads
from harness.runs.check_loads import Order

pytestmark = pytest.mark.boot

_LOADS = (("pages=4",), ("kind=mapped", "bits=32"), ("kind=noncontiguous", "pages=7"))

_CHECKS = (
    "device_fetches_and_brings_back_every_byte",
    "device_moves_the_bytes_asked_for_and_no_others",
    "device_address_is_within_its_reach",
    "device_address_is_the_physical_one_without_an_iommu_only",
    "access_outside_of_the_mapping_is_reported",
    "lent_memory_comes_back_when_the_device_has_ended",
    "device_writes_nothing_into_freed_memory",
    "page_tables_name_the_reported_frames",
    "machine_reaches_the_same_frames",
)


@dataclass(frozen=True)
class IntelsIommu(Machine):
    """The usual machine's kernel and files, on the one of QEMU that can have that IOMMU."""

    @property
    def qemu(self) -> Qemu | None:
        """How QEMU plays it; the IOMMU comes before the devices that are behind it."""
        usual = super().qemu
        assert usual
        return replace(
            usual,
            options=("-machine", "q35,max-ram-below-4g=448M", "-device", "intel-iommu"),
            arguments=(*usual.arguments, "intel_iommu=on"),
        )


def checked_loads() -> list[LoadResult]:
    """Return what came of each load."""
    usual = prepare.machine(Request(Target()))
    machine = IntelsIommu(**{one.name: getattr(usual, one.name) for one in fields(usual)})
    [lab] = labs.choose("dma")
    loads = [Load(lab, parameters) for parameters in _LOADS]
    order = Order(loads, seed=1, options=("--only", ",".join(_CHECKS)))
    # It ends when the guest falls silent, however busy this machine is.
    checked = check_loads.run(replace(machine, boots=True, limit=None), order)
    assert not checked.trouble, checked.ending.last_lines()
    return checked.results


def test_lab_dma_is_right_behind_it() -> None:
    for result in checked_loads():
        found = {check.name: check for check in result.ktap.checks}
        assert set(found) == set(_CHECKS)
        # None is left out, as some are without an IOMMU.
        assert not [one for one in found.values() if one.skipped or not one.passed], result.load
        assert not result.problems
