"""From an address in a module to the source: binutils reads the debug information.

The kernel's scripts/decode_stacktrace.sh does the same, with the same programs. But Debian has
it only in the whole source of the kernel, and it looks only into the section .text, where a
lab's init and exit functions are not.
"""

import re
import subprocess
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base import sandbox, tools
from harness.base.sandbox import Limits, Sandbox

# A module is small: what takes longer reads one that was made to be slow.
_LIMITS = Limits(file=1 << 20, seconds=20, address_space=1 << 30, processor_seconds=10)

# A line of objdump --syms: address, flags, section, size and name.
_SYMBOL = re.compile(r"([0-9a-f]+) .{7} (\S+)\t([0-9a-f]+) (?:\.hidden )?(\S+)")

# What objdump says of code: "Disassembly of section NAME:", "ADDRESS:	BYTES	INSTRUCTION"
# and, below the instruction that it is of, "ADDRESS: R_TYPE	SYMBOL-0x4".
_SECTION = re.compile(r"Disassembly of section (\S+):")
_INSTRUCTION = re.compile(r"\s+([0-9a-f]+):\t(?:[0-9a-f]{2} )+\s*\t(.*)")
_RELOCATION = re.compile(r"\s+[0-9a-f]+: R_\w+\t([\w.]+)")

# In lines: so far before a call its address may be loaded.
_BEFORE_A_CALL = 12

# A module's code begins at a page's beginning.
_PAGE = 4096


@dataclass(frozen=True)
class ModuleAddress:
    """A place in a module, as the kernel's log has it: function+offset/size [module].

    ``is_return`` says that it is where a call will return to: the call stands before it.
    """

    module: str
    function: str
    offset: int
    size: int
    is_return: bool = False


@dataclass(frozen=True)
class SourceLine:
    """A line of a source, from 1, and the function that it is in."""

    function: str
    path: Path
    line: int


@dataclass(frozen=True)
class Binutils:
    """The programs for one architecture, whose names begin with ``prefix``.

    What was made of strange sources is read in the sandbox only.
    """

    prefix: str = ""
    sandboxed: bool = False

    def lines_of(self, module: Path, address: ModuleAddress) -> list[SourceLine]:
        """Return the line of an address, and behind it those that it was inlined into.

        Empty if the module has no such address, or no debug information.
        """
        found = self._find(module, address)
        if not found:
            return []
        section, place = found
        return self._lines_at(module, section, place - int(address.is_return))

    def lines_of_call(self, module: Path, callee: str, returns_to: int) -> list[SourceLine]:
        """Return the line of a call, likewise, of which only the address behind it is known.

        That is one of a module that has gone: where in a page of its code it was. Empty unless
        exactly one call of ``callee``, a function of the kernel, fits.
        """
        sections = ("-j", ".text", "-j", ".init.text")
        said = self._ask("objdump", module, "-d", "-r", *sections, str(module))
        found = [
            (section, address)
            for section, address, symbols in _calls(said.splitlines())
            if callee in symbols and address % _PAGE == returns_to % _PAGE
        ]
        if len(found) != 1:
            return []
        [(section, address)] = found
        return self._lines_at(module, section, address - 1)

    def _lines_at(self, module: Path, section: str, place: int) -> list[SourceLine]:
        options = ("-i", "-f", "-j", section, "-e", str(module))
        return _pairs(self._ask("addr2line", module, *options, f"{place:#x}").splitlines())

    def _find(self, module: Path, address: ModuleAddress) -> tuple[str, int] | None:
        """Return the section that an address is in, and its place there."""
        found = []
        for match in _SYMBOL.finditer(self._ask("objdump", module, "--syms", str(module))):
            start, section, size, name = match.groups()
            # For the kernel a function goes up to the next one, or to the end of its pages.
            if name == address.function and address.offset <= int(size, 16) <= address.size:
                found.append((int(size, 16), section, int(start, 16) + address.offset))
        # Two functions of a module may have one name: static ones of two sources.
        return max(found)[1:] if found else None

    def _ask(self, program: str, module: Path, *arguments: str) -> str:
        """Return what a program says of a module; nothing if it fails."""
        command = [f"{self.prefix}{program}", *arguments]
        if self.sandboxed:
            sandbox.require()
            command = Sandbox(module.parent, read=(module,), limits=_LIMITS).command(command)
        try:
            result = subprocess.run(
                command,
                capture_output=True,
                env=tools.environment(),
                timeout=_LIMITS.seconds,
                check=False,
            )
        except (FileNotFoundError, subprocess.TimeoutExpired):
            return ""
        return tools.printable(result.stdout.decode(errors="replace"))


def _calls(lines: Sequence[str]) -> Iterator[tuple[str, int, set[str]]]:
    """Read what objdump says: of each call its section, the address behind it, and the symbols
    that it, and what stands before it, refer to: a register may hold the address to call.
    """
    section, is_call = "", False
    symbols: deque[tuple[int, str]] = deque(maxlen=_BEFORE_A_CALL)
    for number, line in enumerate(lines):
        if match := _SECTION.match(line):
            section, is_call = match[1], False
            symbols.clear()
        elif match := _RELOCATION.match(line):
            symbols.append((number, match[1]))
        elif match := _INSTRUCTION.match(line):
            if is_call:
                near = {name for place, name in symbols if number - place <= _BEFORE_A_CALL}
                yield section, int(match[1], 16), near
            is_call = match[2].startswith("call")


def _pairs(lines: Sequence[str]) -> list[SourceLine]:
    """Read what addr2line says: by turns a function, and "path:line"."""
    found = []
    for function, place in zip(lines[::2], lines[1::2]):
        path, _, number = place.partition(" (")[0].rpartition(":")
        if number.isdecimal() and int(number):
            found.append(SourceLine(function, Path(path), int(number)))
    return found
