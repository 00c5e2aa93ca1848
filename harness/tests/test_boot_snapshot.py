"""Real boots: going on from a snapshot, and what becomes of one that cannot be used."""

import os
from dataclasses import replace

import pytest

from harness.guest import prepare, snapshots
from harness.guest.machine import Machine
from harness.kernels.request import Request
from harness.runs import command
from harness.tests.conftest import Kmaplab

pytestmark = pytest.mark.boot

# The first lines of a kernel's log are there as often as it has booted, and the drivers of
# disks are loaded where a snapshot is taken.
_COMMAND = "dmesg | grep -c 'Linux version'; grep -c ^virtio_blk /proc/modules"
# Vendor and device of what is on the bus, and what it asks of the address space.
_DEVICES = (
    "cd /sys/bus/pci/devices; for one in *; do echo $(cat $one/vendor $one/device); "
    "head -n 3 $one/resource | while read -r start end kind; do echo $((end - start)); done; done"
)
_TEXT = "grep ' T _text$' /proc/kallsyms"


def run(machine: Machine, text: str) -> str:
    """Run a command in a guest that goes on from a snapshot; return what it prints."""
    heard: list[bytes] = []
    assert command.run(machine, text, None, heard.append) == 0
    return b"".join(heard).decode()


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_a_guest_goes_on_from_a_snapshot_or_boots(kmaplab: Kmaplab, arch: str) -> None:
    target = ("console", "--arch", arch, "--cmd", _COMMAND)
    assert kmaplab(*target).expect(0).out == "1\n1\n"
    assert kmaplab(*target, "--boot").expect(1).out == "1\n0\n"


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_a_guest_has_the_labs_devices_whether_it_boots_or_not(kmaplab: Kmaplab, arch: str) -> None:
    target = ("console", "--arch", arch, "--cmd", _DEVICES)
    found = kmaplab(*target).expect(0).out
    booted = kmaplab(*target, "--boot").expect(0).out
    for name in ("0x1234 0x11e8", "0x1af4 0x1110", "0x1b36 0x0005"):
        assert _part(found, name) == _part(booted, name), name


def _part(text: str, name: str) -> list[str]:
    """Return the lines of one device."""
    lines = text.splitlines()
    at = lines.index(name)
    return lines[at : at + 4]


@pytest.fixture
def machine() -> Machine:
    """Return a machine whose snapshot nobody else goes on from."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "one")
    return replace(prepare.machine(Request()), arguments=(f"kmaplab.test={worker}",))


def test_guests_of_one_snapshot_have_the_same_addresses_and_others_have_not(
    machine: Machine,
) -> None:
    first, second = run(machine, _TEXT), run(machine, _TEXT)
    assert first == second
    assert run(replace(machine, boots=True), _TEXT) != first


def test_what_one_guest_does_to_its_memory_no_other_sees(machine: Machine) -> None:
    leave = "modprobe lab_kmalloc; cat /checks/lab_kmalloc >/dev/lab_kmalloc; touch /tmp/left"
    run(machine, f"{leave}; true")
    assert run(machine, "ls /tmp; ls /dev | grep lab_; true") == ""


def test_a_snapshot_that_was_damaged_is_taken_again(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    run(machine, "true")
    snapshot = snapshots.of(machine)
    for path in snapshot.files:
        os.truncate(path, 100)
        capfd.readouterr()
        assert run(machine, "echo well") == "well\n"
        assert "taking a snapshot" in capfd.readouterr().err
        assert path.stat().st_size != 100
