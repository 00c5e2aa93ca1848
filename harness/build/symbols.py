"""Symbols in files that gdb reads: a kernel's own, and those of modules.

Debian's kernel packages have none: its linux-image-*-dbg has them, and the types and lines
of the sources, in 280 MB and more. The kernel itself knows where its functions and variables
are (/proc/kallsyms, Documentation/filesystems/proc.rst), and says it once.

    build/symbols/<kernel>      an ELF file (elf(5)) that holds symbols only
"""

import gzip
import re
import struct
import zlib
from io import BytesIO
from pathlib import Path

from harness.base import digest
from harness.base.errors import GuestError
from harness.base.paths import BUILD
from harness.kernels.debian import Kernel

# The section that all symbols are in; gdb is told where it begins, which may be elsewhere
# after each boot.
SECTION = ".kernel"

# A line of /proc/kallsyms without a module behind it.
_LINE = re.compile(r"([0-9a-f]{8,16}) ([a-zA-Z]) (\S+)")
_CODE = "tTwW"
_START = "_stext"

# Keeps a guest that answers nonsense from filling the memory: real ones have 10 MB.
_MOST_BYTES = 64 << 20

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
# In the header: where the section headers are, their size and number; in these: sh_addr.
_HEADERS_AT, _HEADER_SIZE = 0x28, 0x3A
_ADDRESS_AT = 0x10

# By e_machine: so many bytes at the beginning of a function are for the kernel to patch
# (-fpatchable-function-entry), and gcc's debug information begins behind them. 183 is arm64.
_PATCHED_BYTES = {183: 8}

_IDENT = b"\x7fELF\x02\x01\x01"
_RELOCATABLE = 1
_SYMTAB, _STRTAB, _NOBITS = 2, 3, 8
_ALLOC_EXEC = 6
_OBJECT, _FUNCTION = 1, 2


def file_of(kernel: Kernel) -> Path:
    """Return the file for a kernel's symbols; is_known() says whether it is there."""
    return BUILD / "symbols" / kernel.name


def is_known(kernel: Kernel) -> bool:
    """Say whether a kernel's symbols are at hand, whole and of this version."""
    path = file_of(kernel)
    return digest.is_current([path], path.with_suffix(".digest"), _wanted(kernel))


def keep(kernel: Kernel, packed: bytes, module: Path) -> None:
    """Write what a guest says of its kernel's symbols, packed by gzip.

    ``module`` is one for the same machine. Raises GuestError for what makes no sense.
    """
    path = file_of(kernel)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(to_elf(unpacked(packed), _machine_of(module)))
    new.rename(path)
    digest.set_current([path], path.with_suffix(".digest"), _wanted(kernel))


def _wanted(kernel: Kernel) -> str:
    return digest.of([kernel.version, Path(__file__)])


def unpacked(packed: bytes) -> str:
    """Return text that was packed by gzip. Raises GuestError if it is damaged."""
    try:
        with gzip.open(BytesIO(packed)) as file:
            return file.read(_MOST_BYTES).decode("ascii", "replace")
    except (OSError, EOFError, zlib.error) as error:
        raise GuestError(f"the kernel's symbols came damaged: {error}") from error


def _machine_of(module: Path) -> int:
    """Return e_machine of an ELF file."""
    with module.open("rb") as file:
        return int.from_bytes(file.read(20)[18:], "little")


def to_elf(kallsyms: str, machine: int) -> bytes:
    """Return an ELF file with the symbols of /proc/kallsyms, by their distance from _stext.

    What lies before that, or belongs to a module, is left out. Raises GuestError if it has no
    such symbol.
    """
    lines = [match.groups() for match in map(_LINE.fullmatch, kallsyms.splitlines()) if match]
    start = next((int(address, 16) for address, _, name in lines if name == _START), None)
    if not start:
        raise GuestError(f"the kernel does not say where {_START} is")
    found = sorted(
        (int(address, 16) - start, kind, name)
        for address, kind, name in lines
        if int(address, 16) >= start
    )
    names, symbols = bytearray(b"\0"), bytearray(_SYMBOL.size)
    ends = [offset for offset, _, _ in found[1:]] + [found[-1][0]]
    for (offset, kind, name), end in zip(found, ends):
        info = _FUNCTION if kind in _CODE else _OBJECT
        symbols += _SYMBOL.pack(len(names), info, 0, 1, offset, end - offset)
        names += name.encode() + b"\0"
    return _elf(machine, found[-1][0] + 1, bytes(names), bytes(symbols))


def _elf(machine: int, size: int, names: bytes, symbols: bytes) -> bytes:
    """Return a relocatable file: a section of ``size`` bytes without contents, and symbols."""
    titles = b"\0".join((b"", SECTION.encode(), b".symtab", b".strtab", b""))
    at_symbols = _HEADER.size
    at_names = at_symbols + len(symbols)
    at_titles = at_names + len(names)
    at_headers = at_titles + len(titles)
    count = len(symbols) // _SYMBOL.size

    def section(title: bytes, kind: int, flags: int, at: int, length: int, *rest: int) -> bytes:
        return _SECTION_HEADER.pack(titles.index(title), kind, flags, 0, at, length, *rest)

    headers = [
        bytes(_SECTION_HEADER.size),
        section(SECTION.encode(), _NOBITS, _ALLOC_EXEC, at_symbols, size, 0, 0, 4096, 0),
        # All symbols are local: gdb takes them as well, and there may be two of a name.
        section(b".symtab", _SYMTAB, 0, at_symbols, len(symbols), 3, count, 8, _SYMBOL.size),
        section(b".strtab", _STRTAB, 0, at_names, len(names), 0, 0, 1, 0),
        section(b".strtab", _STRTAB, 0, at_titles, len(titles), 0, 0, 1, 0),
    ]
    header = _HEADER.pack(
        *(_IDENT.ljust(16, b"\0"), _RELOCATABLE, machine, 1, 0, 0, at_headers, 0),
        *(_HEADER.size, 0, 0, _SECTION_HEADER.size, len(headers), len(headers) - 1),
    )
    return b"".join([header, symbols, names, titles, *headers])


def copy_of_module(module: Path, directory: Path) -> Path:
    """Copy a module for gdb; return the copy.

    A section that has an address already, as arm64's __patchable_function_entries has by
    accident, keeps gdb from giving the others those that it is told. And where a function's
    symbol is not where its debug information begins, gdb takes it for two functions.
    """
    data = bytearray(module.read_bytes())
    patched = _PATCHED_BYTES.get(_machine_of(module), 0)
    start = int.from_bytes(data[_HEADERS_AT : _HEADERS_AT + 8], "little")
    size, count = struct.unpack_from("<HH", data, _HEADER_SIZE)
    for number in range(count):
        header = start + number * size
        struct.pack_into("<Q", data, header + _ADDRESS_AT, 0)
        kind, at, length = struct.unpack_from("<4xI16xQQ", data, header)
        if kind == _SYMTAB and patched:
            for place in range(at, at + length, _SYMBOL.size):
                _move_function(data, place, patched)
    copy = directory / module.name
    copy.write_bytes(data)
    return copy


def _move_function(data: bytearray, place: int, distance: int) -> None:
    """Have a symbol that is a function begin some bytes later."""
    name, info, other, section, value, size = _SYMBOL.unpack_from(data, place)
    if info & 0xF == _FUNCTION and section and size > distance:
        moved = (name, info, other, section, value + distance, size - distance)
        _SYMBOL.pack_into(data, place, *moved)
