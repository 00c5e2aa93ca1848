import struct
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from harness.base.errors import GuestError
from harness.guest import devices
from harness.guest.gdb_stub import StoppedMachine
from harness.guest.machine import Machine
from harness.guest.waiting import ProgramMemory
from harness.kernels.debian import Kernel
from harness.kernels.targets import Target
from harness.results.witness import ClockSighting, WriteSighting
from harness.runs import clock_witness, two_looks
from harness.runs.clock_witness import Clock
from harness.runs.port_witness import CountingDevice
from harness.runs.two_looks import Waiting

PCI = """  Bus  0, device   2, function 0:
    Class 0255: PCI device 1b36:0005
      PCI subsystem 1af4:1100
      BAR0: 32 bit memory at 0xfebf1000 [0xfebf1fff].
      BAR1: I/O at 0xc000 [0xc0ff].
      id "testdev"
  Bus  0, device   3, function 0:
    Class 0500: PCI device 1af4:1110
      BAR2: 64 bit prefetchable memory at 0xfe000000 [0xfe0fffff].
      id ""
"""
TM = '{"tm_year": 126, "tm_mon": 10, "tm_mday": 22, "tm_hour": 1, "tm_min": 2, "tm_sec": 3}'


def machine_of(target: Target) -> Machine:
    kernel = SimpleNamespace(target=target)
    return Machine(cast(Kernel, kernel), Path("/nowhere/initrd"))


@dataclass
class Answering:
    """Stands for a stopped machine, its program's memory, and a monitor with these answers."""

    answers: dict[str, str] = field(default_factory=dict)
    box: bytearray = field(default_factory=lambda: bytearray(32))

    def order(self, command: str) -> str:
        return self.answers[command]

    def read(self, address: int, size: int) -> bytes:
        return bytes(self.box[address : address + size])

    def write(self, address: int, data: bytes) -> None:
        self.box[address : address + len(data)] = data

    @property
    def waiting(self) -> Waiting:
        return Waiting(
            machine_of(Target()), cast(StoppedMachine, self), cast(ProgramMemory, self), 0
        )


def test_a_bars_address_is_that_of_its_device() -> None:
    machine = cast(StoppedMachine, Answering({"info pci": PCI}))
    assert devices.address_of_bar(machine, "1b36:0005", 0) == 0xFEBF1000
    assert devices.address_of_bar(machine, "1af4:1110", 2) == 0xFE000000
    for device, number in (("1b36:0005", 1), ("1b36:0005", 2), ("1af4:1110", 0), ("1000:0012", 2)):
        with pytest.raises(GuestError, match=f"no device {device}"):
            devices.address_of_bar(machine, device, number)


def test_a_device_that_shows_no_word_cannot_be_read() -> None:
    order = "xp /1wx 0x10"
    good = Answering({order: "0000000000000010: 0x0000002a\r\n"})
    assert devices.word_at(cast(StoppedMachine, good), 16) == 42
    for shown in ("Cannot access memory\r\n", ""):
        with pytest.raises(GuestError, match="cannot be read"):
            devices.word_at(cast(StoppedMachine, Answering({order: shown})), 16)


def test_a_clock_shows_a_date_or_a_word() -> None:
    assert clock_witness.seconds_of(TM) == 1795309323
    assert clock_witness.seconds_of("0000000009010000: 0x6b0237cb\n") == 0x6B0237CB
    for shown in ('{"tm_year": 126}', "no such object"):
        with pytest.raises(GuestError, match="clock"):
            clock_witness.seconds_of(shown)


@pytest.mark.parametrize(
    ("read", "agrees"), [(-1, False), (0, True), (1, True), (2, True), (3, False), (1 << 40, False)]
)
def test_what_was_read_of_a_clock_lies_between_the_two_looks(read: int, agrees: bool) -> None:
    now = 1795309323
    at = Answering({}, bytearray(struct.pack("<QQq", 0, 0, now + read)))
    order = at.waiting.machine.qemu
    assert order
    at.answers[order.clock] = TM
    seen = Clock().first(at.waiting)
    at.answers[order.clock] = TM.replace('"tm_sec": 3', '"tm_sec": 5')
    problems = Clock().second(at.waiting, seen)
    assert seen == ClockSighting(now, now + read, now + 2)
    assert bool(problems) != agrees, problems


@pytest.mark.parametrize(("said", "counted"), [(0, 0), (1, 0), (0, 1), (-1, -1)])
def test_the_device_and_the_guest_must_count_what_was_wanted(said: int, counted: int) -> None:
    at = Answering({"info pci": PCI})
    seen = CountingDevice().first(at.waiting)
    wanted = int.from_bytes(at.box[16:24], "little")
    assert seen == WriteSighting(wanted) and 0 < wanted <= 4096
    at.write(24, struct.pack("<Q", wanted + said))
    at.answers["xp /1wx 0xfebf100c"] = f"00000000febf100c: 0x{wanted + counted:08x}"
    problems = CountingDevice().second(at.waiting, seen)
    assert bool(problems) == bool(said or counted), problems


def test_a_machine_without_qemu_has_no_device_to_look_at() -> None:
    um = machine_of(Target("6.1", "um"))
    with pytest.raises(GuestError, match="no device that can be asked"):
        two_looks.look(Clock(), um, 0, None)
