"""Symbols for gdb: files that other tools must be able to read."""

import gzip
import struct
import subprocess
from pathlib import Path

import pytest

from harness.base.errors import GuestError
from harness.build import symbols

_KALLSYMS = """\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000040 t helper
ffffffff81000080 t helper
ffffffff82000000 D variable
ffffffffc0000000 t of_a_module\t[lab_kmalloc]
"""
_X86 = 62


def nm(path: Path) -> list[str]:
    found = subprocess.run(["nm", "-n", path], capture_output=True, text=True, check=True)
    return found.stdout.splitlines()


def test_symbols_stand_at_their_distance_from_the_kernels_start(tmp_path: Path) -> None:
    path = tmp_path / "symbols"
    path.write_bytes(symbols.to_elf(_KALLSYMS, _X86))
    assert nm(path) == [
        f"{0:016x} t _stext",
        f"{0:016x} t _text",
        f"{0x40:016x} t helper",
        f"{0x80:016x} t helper",
        f"{0x1000000:016x} t variable",
    ]


@pytest.mark.parametrize(
    "text", ["", "ffffffff82000000 D variable\n", "0000000000000000 T _stext\n"]
)
def test_a_kernel_that_hides_its_symbols_is_said_to(text: str) -> None:
    with pytest.raises(GuestError, match="does not say where _stext is"):
        symbols.to_elf(text, _X86)


@pytest.mark.parametrize("packed", [b"", b"no gzip", gzip.compress(b"x" * 1000, mtime=0)[:-9]])
def test_symbols_that_came_damaged_are_refused(packed: bytes) -> None:
    with pytest.raises(GuestError):
        symbols.to_elf(symbols.unpacked(packed), _X86)


def test_a_module_for_gdb_has_no_addresses_yet(tmp_path: Path) -> None:
    source, module = tmp_path / "x.c", tmp_path / "x.ko"
    source.write_text("int a; int f(void) { return a; }\n")
    subprocess.run(["gcc-12", "-c", source, "-o", module], check=True)
    change = ["objcopy", "--change-section-address", ".data=0x28", str(module)]
    subprocess.run(change, check=True)
    (tmp_path / "copy").mkdir()
    copy = symbols.copy_of_module(module, tmp_path / "copy")
    assert _addresses(module) != {0}, "objcopy gave a section an address"
    assert _addresses(copy) == {0}
    assert nm(copy) == nm(module)


def test_functions_of_arm64_begin_where_their_debug_information_does(tmp_path: Path) -> None:
    source, module = tmp_path / "x.c", tmp_path / "x.ko"
    source.write_text("int a; int f(void) { return a; }\n")
    patchable = "-fpatchable-function-entry=2"
    subprocess.run(["aarch64-linux-gnu-gcc-12", patchable, "-c", source, "-o", module], check=True)
    (tmp_path / "copy").mkdir()
    names = [line.split()[-3::2] for line in nm(symbols.copy_of_module(module, tmp_path / "copy"))]
    assert [f"{8:016x}", "f"] in names and [f"{0:016x}", "a"] in names, names


def _addresses(path: Path) -> set[int]:
    """Return the addresses in the section headers of an ELF file."""
    data = path.read_bytes()
    start, size, count = *struct.unpack_from("<Q", data, 40), *struct.unpack_from("<HH", data, 58)
    return {
        struct.unpack_from("<Q", data, start + number * size + 16)[0] for number in range(count)
    }
