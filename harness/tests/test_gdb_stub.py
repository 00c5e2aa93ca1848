"""Talking to QEMU's gdb stub, against one that answers as QEMU 7.2 does, or as 10.0."""

import re
import socket
import threading
from pathlib import Path

import pytest

from harness.base.errors import GuestError
from harness.guest import gdb_stub

_FILES = {
    "target.xml": '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target>'
    '<xi:include href="core.xml"/><xi:include href="system.xml"/></target>',
    "core.xml": '<feature name="core"><!-- <reg name="old"/> --><reg name="rax" bitsize="64"/>'
    '<flags><field name="x"/></flags><reg name="rip" bitsize="64"/></feature>',
    "system.xml": '<feature name="system"><reg name="TTBR0_EL1" regnum="40" bitsize="64"/>'
    '<reg name="MAIR_EL1" bitsize="64"/></feature>',
}
_REGISTERS = {0: 1, 1: 2, 40: 0x48481F1000, 41: 0x40044FFFF}


class Stub(threading.Thread):
    """Serves one connection: RAM of 8 KiB from 0 on.

    Later versions than 7.2 do not say unasked that the machine has stopped.
    """

    def __init__(self, path: Path, reports_stop: bool) -> None:
        super().__init__(daemon=True)
        self.reports_stop = reports_stop
        self.ram = bytearray(range(256)) * 32
        self.heard: list[str] = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()

    def run(self) -> None:
        connection, _ = self.listener.accept()
        if self.reports_stop:
            self._say(connection, "T02thread:01;")
        pending = b""
        while data := connection.recv(1 << 16):
            pending += data
            while match := re.search(rb"\$([^#]*)#..", pending):
                pending = pending[match.end() :]
                self.heard.append(match[1].decode())
                if len(match[1]) <= 4096:
                    self._say(connection, self._answer(match[1].decode()))

    def _say(self, connection: socket.socket, text: str) -> None:
        connection.sendall(f"+${text}#{sum(text.encode()) & 0xFF:02x}".encode())

    def _answer(self, packet: str) -> str:
        if match := re.match(r"qXfer:features:read:(\S+):(\w+),(\w+)$", packet):
            text = _FILES[match[1]]
            start, size = int(match[2], 16), int(match[3], 16)
            return ("m" if start + size < len(text) else "l") + text[start : start + size]
        if match := re.match(r"p(\w+)$", packet):
            return _REGISTERS[int(match[1], 16)].to_bytes(8, "little").hex()
        if match := re.match(r"m(\w+),(\w+)$", packet):
            start, size = int(match[1], 16), int(match[2], 16)
            part = self.ram[start : start + size]
            return part.hex() if len(part) == size else "E14"
        if match := re.match(r"M(\w+),\w+:(\w+)$", packet):
            data = bytes.fromhex(match[2])
            start = int(match[1], 16)
            self.ram[start : start + len(data)] = data
            return "OK"
        return "PacketSize=1000" if packet.startswith("qSupported") else "OK"


@pytest.fixture(params=[True, False], ids=["reports-stop", "silent"])
def stub(tmp_path: Path, request: pytest.FixtureRequest) -> Stub:
    made = Stub(tmp_path / "gdb", request.param)
    made.start()
    return made


def test_registers_are_found_by_their_names(stub: Stub, tmp_path: Path) -> None:
    with gdb_stub.stopped(tmp_path) as machine:
        found = machine.registers(["rip", "MAIR_EL1", "TTBR0_EL1"])
        assert found == {"rip": 2, "MAIR_EL1": 0x40044FFFF, "TTBR0_EL1": 0x48481F1000}
        with pytest.raises(GuestError, match="no register cr3"):
            machine.registers(["cr3"])


def test_ram_is_read_in_parts_and_written(stub: Stub, tmp_path: Path) -> None:
    with gdb_stub.stopped(tmp_path) as machine:
        assert machine.read(0x10, 5000) == bytes(stub.ram[0x10 : 0x10 + 5000])
        machine.write(0x1000, b"abcd")
        assert machine.read(0xFFE, 8) == b"\xfe\xff" + b"abcd" + b"\x04\x05"
        machine.write(0x11, bytes(5000))
        assert stub.ram[0x10 : 0x11 + 5001] == b"\x10" + bytes(5000) + bytes([0x99])
        with pytest.raises(GuestError, match="says E14"):
            machine.read(8192, 8)


def test_the_machine_goes_on_at_the_end(stub: Stub, tmp_path: Path) -> None:
    with gdb_stub.stopped(tmp_path):
        pass
    assert stub.heard[-1] == "D"


def test_a_machine_without_a_stub_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(GuestError, match="cannot be reached"):
        with gdb_stub.stopped(tmp_path):
            pass


def test_a_machine_that_ends_while_it_stands_still_is_said_to_be_so(
    stub: Stub, tmp_path: Path
) -> None:
    with pytest.raises(GuestError, match="does not answer"):
        with gdb_stub.stopped(tmp_path) as machine:
            machine.connection.shutdown(socket.SHUT_RDWR)
            machine.read(0, 8)
