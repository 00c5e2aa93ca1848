"""What the guest sends on its result channel, and which lines count.

The protocol is harness/guest/files/init's: lines that begin with "@NONCE ". The nonce
is new for each run, and the guest's init hands it to the check programs only: so
a line that something else brings onto the channel is not taken for a result.
"""

import base64
import binascii
import os
from dataclasses import dataclass, field

from harness.base.errors import GuestError

# What is longer is not a line of ours, and is cut.
_LONGEST_LINE = 1 << 16


def new_nonce() -> str:
    """Return a nonce of 16 hexadecimal digits."""
    return os.urandom(8).hex()


@dataclass(frozen=True)
class Line:
    """One line of ours: its first word, and the rest of it."""

    word: str
    rest: str


@dataclass
class Files:
    """Files of the guest's, which it sends among its results.

    Their names are the guest's words: never a place to write to.
    """

    _encoded: dict[str, list[str]] = field(default_factory=dict)
    _current: list[str] = field(default_factory=list)

    def take(self, line: Line) -> bool:
        """Take in a line; say whether it was one of a file's."""
        if line.word == "file":
            self._current = self._encoded.setdefault(line.rest, [])
        elif line.word == "data":
            self._current.append(line.rest)
        return line.word in ("file", "data")

    def contents(self) -> dict[str, bytes]:
        """Return each file's bytes. Raises GuestError if they are not whole."""
        try:
            return {
                name: base64.b64decode("".join(lines), validate=True)
                for name, lines in self._encoded.items()
            }
        except (binascii.Error, ValueError) as error:
            raise GuestError(f"a file from the guest is damaged: {error}") from error


@dataclass
class LineReader:
    """Splits the channel's bytes into lines and drops those without the nonce.

    With ``files`` those that belong to a file go there and nowhere else.
    """

    nonce: str
    files: Files | None = None
    _pending: bytes = b""

    def feed(self, data: bytes) -> list[Line]:
        """Take in bytes; return the lines of ours that they complete."""
        *whole, self._pending = (self._pending + data).split(b"\n")
        self._pending = self._pending[:_LONGEST_LINE]
        lines = (self._read(raw) for raw in whole)
        return [line for line in lines if line and not (self.files and self.files.take(line))]

    def _read(self, raw: bytes) -> Line | None:
        text = raw.decode("utf-8", "replace").rstrip("\r")
        mark, _, message = text.partition(" ")
        if mark != f"@{self.nonce}":
            return None
        word, _, rest = message.partition(" ")
        return Line(word, rest)


@dataclass
class CommandReader:
    """Cuts a command's output, any bytes, out of the channel.

    It stands between the line "@NONCE begin" and the line "@NONCE done STATUS";
    the guest puts a newline before the latter that is not the command's.
    """

    nonce: str
    status: int | None = None
    _begun: bool = False
    _pending: bytes = field(default=b"")

    def feed(self, data: bytes) -> bytes:
        """Take in bytes; return the output that is certain by now."""
        self._pending += data
        if not self._begun and not self._find_begin():
            return b""
        if self.status is not None:
            return b""
        mark = f"\n@{self.nonce} done ".encode()
        output, found, rest = self._pending.partition(mark)
        if found:
            number, newline, _ = rest.partition(b"\n")
            if newline and number.strip().isdigit():
                self.status = int(number)
                self._pending = b""
                return output
            return b""
        keep = _longest_suffix_that_begins(self._pending, mark)
        certain = self._pending[: len(self._pending) - keep]
        self._pending = self._pending[len(certain) :]
        return certain

    def _find_begin(self) -> bool:
        _, found, rest = self._pending.partition(f"@{self.nonce} begin\n".encode())
        if found:
            self._begun = True
            self._pending = rest
        return self._begun

    def rest(self) -> bytes:
        """Return what was held back, once the channel has ended without a status."""
        return self._pending if self._begun else b""


def _longest_suffix_that_begins(data: bytes, mark: bytes) -> int:
    for length in range(min(len(data), len(mark)), 0, -1):
        if mark.startswith(data[-length:]):
            return length
    return 0
