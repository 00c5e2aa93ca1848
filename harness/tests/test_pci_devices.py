"""The devices of QEMU's machines that labs drive."""

from dataclasses import replace
from pathlib import Path

from harness.guest.machine import Machine
from harness.guest.snapshot import Snapshot
from harness.kernels import pci_devices
from harness.kernels.debian import Kernel
from harness.kernels.targets import Target


def a_machine(directory: Path, arch: str = "x86_64") -> Machine:
    nowhere = Path("none")
    kernel = Kernel(Target("6.1", arch), "6.1", "6.1", nowhere, nowhere, nowhere, nowhere)
    return Machine(kernel, directory / "initrd")


def has_devices(machine: Machine) -> bool:
    return any(word.startswith("edu,") for word in machine.command(9))


def test_a_machine_has_them_behind_all_its_other_devices(tmp_path: Path) -> None:
    command = a_machine(tmp_path).command(9)
    asked = pci_devices.options(tmp_path)
    assert command[-len(asked) :] == asked


def test_a_snapshot_is_taken_without_them_and_gone_on_from_with_them(tmp_path: Path) -> None:
    machine = a_machine(tmp_path)
    assert not has_devices(replace(machine, snapshot=Snapshot(tmp_path, is_taken=False)))
    assert has_devices(replace(machine, snapshot=Snapshot(tmp_path)))


def test_user_mode_linux_has_none(tmp_path: Path) -> None:
    assert not has_devices(a_machine(tmp_path, "um"))


def test_each_machine_has_a_file_of_its_own(tmp_path: Path) -> None:
    one, other = (" ".join(pci_devices.options(tmp_path / name)) for name in ("one", "a,b"))
    assert f"mem-path={tmp_path}/one/{pci_devices.SHARED_FILE}" in one
    assert f"mem-path={tmp_path}/a,,b/{pci_devices.SHARED_FILE}" in other
