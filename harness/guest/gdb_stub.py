"""QEMU's gdb stub: stops a machine, reads and writes its registers and RAM, lets it go on.

gdb itself can ask for us as well, where it is connected (guest/in_gdb.py): what is asked is
the same.

The protocol is gdb's (info node "Remote Protocol" of its manual); the packets that read
physical memory are QEMU's own (docs/system/gdb.rst).
"""

import re
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from harness.base.errors import GuestError
from harness.guest import sockets
from harness.kernels.page_tables import PAGE_SIZE, Format, PageTables

# The socket, in the directory that QEMU is started in.
SOCKET = "gdb"
OPTION = ("-gdb", f"unix:{SOCKET},server=on,wait=off")

# Seconds after which a stub that says nothing is gone.
_PATIENCE = 60.0

# The most that a packet of QEMU's holds is 4096 characters, two for each byte.
_BYTES_AT_ONCE = 2048
# Address and length stand in front of bytes that are written; a longer packet has no answer.
_WRITTEN_AT_ONCE = 1024

_NO_ANSWER = "the machine's debugger does not answer"

_PACKET = re.compile(rb"\$([^#]*)#[0-9a-f]{2}")


class MachineStub(ABC):
    """What can be asked of the stub of a machine that stands still."""

    @abstractmethod
    def ask(self, packet: str) -> bytes:
        """Send a packet and return the answer. Raises GuestError if there is none."""

    def registers(self, names: Iterable[str]) -> dict[str, int]:
        """Return the values of registers. Raises GuestError for one that is not there."""
        numbers = self._register_numbers()
        found = {}
        for name in names:
            if name not in numbers:
                raise GuestError(f"the machine has no register {name}")
            answer = self.ask(f"p{numbers[name]:x}")
            found[name] = int.from_bytes(_bytes(answer), "little")
        return found

    def read(self, physical: int, size: int) -> bytes:
        """Return ``size`` bytes of RAM. Raises GuestError where there is none."""
        data = b""
        while len(data) < size:
            count = min(_BYTES_AT_ONCE, size - len(data))
            data += _bytes(self.ask(f"m{physical + len(data):x},{count:x}"))
        return data

    def write(self, physical: int, data: bytes) -> None:
        """Write to RAM. Raises GuestError where there is none."""
        for start in range(0, len(data), _WRITTEN_AT_ONCE):
            part, place = data[start : start + _WRITTEN_AT_ONCE], physical + start
            if self.ask(f"M{place:x},{len(part):x}:{part.hex()}") != b"OK":
                raise GuestError(f"the machine's RAM at {place:#x} cannot be written")

    def _register_numbers(self) -> dict[str, int]:
        """Return the number of each register, as the stub's own description has them."""
        # Its prefix "xi" is declared in a document type that is not there.
        files = re.findall(r'<xi:include href="([^"]+)"', self._description("target.xml"))
        numbers: dict[str, int] = {}
        following = 0
        for name in files:
            feature = ElementTree.fromstring(self._description(name))
            for register in feature.iter("reg"):
                following = int(register.get("regnum", following))
                numbers[register.attrib["name"]] = following
                following += 1
        return numbers

    def _description(self, name: str) -> str:
        text = b""
        while True:
            part = self.ask(f"qXfer:features:read:{name}:{len(text):x},{_BYTES_AT_ONCE:x}")
            text += part[1:]
            if part[:1] != b"m":
                return text.decode()

    def see_ram(self, yes: bool = True) -> None:
        """Have addresses of memory be physical ones, or those of the program again."""
        if self.ask(f"Qqemu.PhyMemMode:{int(yes)}") != b"OK":
            raise GuestError("the machine's debugger cannot read physical memory")


@dataclass
class StoppedMachine(MachineStub):
    """A machine that stands still while a connection to its stub is open."""

    connection: socket.socket
    _heard: bytes = b""

    def ask(self, packet: str) -> bytes:
        """Send a packet and return the answer. Raises GuestError if the stub is gone."""
        data = packet.encode()
        # The plus takes note of the answer before: each write wakes QEMU.
        self._send(b"+$%s#%02x" % (data, sum(data) & 0xFF))
        return self.next_packet()

    def next_packet(self) -> bytes:
        """Return what the stub says next. Raises GuestError if it is gone."""
        while not (match := _PACKET.search(self._heard)):
            try:
                data = self.connection.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                raise GuestError(_NO_ANSWER)
            self._heard += data
        self._heard = self._heard[match.end() :]
        return match[1]

    def _send(self, data: bytes) -> None:
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise GuestError(_NO_ANSWER) from error

    def order(self, command: str) -> str:
        """Have QEMU's monitor carry out a command, and return what it prints.

        Raises GuestError if the stub has no monitor.
        """
        answer, said = self.ask(f"qRcmd,{command.encode().hex()}"), b""
        while answer[:1] == b"O" and answer != b"OK":
            said += _bytes(answer[1:])
            answer = self.next_packet()
        if answer != b"OK":
            raise GuestError(f"the machine's monitor does not take {command}")
        return said.decode(errors="replace")

    def begin(self) -> None:
        """Learn that the machine stands still, and have memory be RAM.

        QEMU 7.2 reports the stop unasked, later ones do not.
        """
        answer = self.ask("qSupported")
        while answer[:1] in (b"T", b"S"):
            answer = self.next_packet()
        self.see_ram()

    def end(self) -> None:
        """Let the machine go on."""
        self.ask("D")


def _bytes(answer: bytes) -> bytes:
    """Return the bytes that an answer spells. Raises GuestError for an error."""
    try:
        return bytes.fromhex(answer.decode())
    except ValueError as error:
        said = answer.decode(errors="replace")
        raise GuestError(f"the machine's debugger says {said}") from error


def tables_of(stub: MachineStub, layout: Format, registers: Mapping[str, int]) -> PageTables:
    """Return the page tables of a machine that stands still, and whose stub sees RAM."""

    words = f"<{layout.entries}{'Q' if layout.entry_size == 8 else 'I'}"

    @cache
    def read(physical: int) -> tuple[int, ...]:
        try:
            return struct.unpack(words, stub.read(physical, PAGE_SIZE))
        except GuestError:
            return ()

    return PageTables(layout, registers, read)


@contextmanager
def stopped(directory: Path) -> Iterator[StoppedMachine]:
    """Have a machine stand still until the block ends.

    ``directory`` is where QEMU was started with OPTION. Raises GuestError if it does not
    answer.
    """
    try:
        with sockets.connected(directory, SOCKET, _PATIENCE) as connection:
            machine = StoppedMachine(connection)
            machine.begin()
            yield machine
            machine.end()
    except OSError as error:
        raise GuestError(f"the machine's debugger cannot be reached: {error}") from error
