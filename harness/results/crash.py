"""A crash in a lab, told by the lines of its source.

The kernel's log names places of modules as function+offset/size [module]. From these, from the
modules and their debug information follows which lines were under way.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum

from harness.base.tools import printable
from harness.build.modules import Modules
from harness.build.source_lines import Binutils, ModuleAddress, SourceLine
from harness.catalogue.patches import CORE_FOLDER
from harness.kernels.architecture import Architecture
from harness.results import kernel_log
from harness.results.kmemleak import Leak

_ADDRESS = re.compile(r"(?P<guess>\? )?\b(\w[\w.]*)\+0x([0-9a-f]+)/0x([0-9a-f]+) \[(\w+)[^\]]*\]")

# Where an address is that of the instruction itself. All others are return addresses.
_EXACT = re.compile(r"\b[RE]IP: |\bpc : |\bPC is at |WARNING: ")

# Lines of kmemleak's backtraces: a function, or of a module that has gone the address alone.
_NAMED = re.compile(r"\b([\w.]+)\+0x[0-9a-f]+/0x[0-9a-f]+")
_BARE = re.compile(r"(?:^|\s)0x([0-9a-f]+)$")

# A register that holds the return address of the last call, which may be over.
_LINK = re.compile(r"\blr : ")

# Of a report so many lines, and so many places in them.
_MOST_LINES = 120
_MOST_FRAMES = 6
# Of the list of leaks so many objects: of one mistake all are alike.
_MOST_LEAKS = 4


class ReportPart(Enum):
    """What a report names a place for: KASAN also says who had the memory before."""

    CRASHED = "from"
    ALLOCATED = "allocated by"
    FREED = "freed by"


_PARTS = {"Allocated by task": ReportPart.ALLOCATED, "Freed by task": ReportPart.FREED}


@dataclass(frozen=True)
class CrashFrame:
    """A place that was under way: its line below labs/, and that line's text.

    ``part`` is that of the report which names it.
    """

    function: str
    file: str
    line: int
    text: str
    part: ReportPart

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"


@dataclass(frozen=True)
class Crash:
    """What the kernel reports, and the labs' lines that it names, the innermost first.

    ``begins`` is the report's first line. There is one frame at least. With ``leaked`` it is
    no crash, but memory that these lines had allocated and nobody freed.
    """

    begins: str
    frames: tuple[CrashFrame, ...]
    leaked: bool = False

    @property
    def frame(self) -> CrashFrame:
        """The innermost frame in a lab itself, or, if there is none, in what all share."""
        own = (frame for frame in self.frames if not frame.file.startswith(f"{CORE_FOLDER}/"))
        return next(own, self.frames[0])


@dataclass(frozen=True)
class Decoder:
    """Reads the logs of kernels of an architecture into which these modules were loaded."""

    architecture: Architecture
    modules: Modules
    sandboxed: bool = False

    def decode(self, log: Sequence[str]) -> Crash | None:
        """Return the first report of a log that names a lab; None if there is none."""
        starts = [place for place, line in enumerate(log) if kernel_log.REPORT.search(line)]
        for start, end in zip(starts, [*starts[1:], len(log)]):
            lines = log[start : min(end, start + _MOST_LINES)]
            if frames := self._frames(lines):
                return Crash(printable(log[start].strip()), tuple(frames))
        return None

    def decode_leaks(self, leaks: Sequence[Leak], loaded: Collection[str]) -> Crash | None:
        """Return who had allocated what leaked, of the first leak that tells; None if none does.

        The module has gone by then, and kmemleak has bare addresses in its place. ``loaded``
        are the modules that it may have been.
        """
        for leak in leaks[:_MOST_LEAKS]:
            frames: list[CrashFrame] = []
            callee = ""
            for line in leak.lines:
                if bare := _BARE.search(line):
                    frames += self._frames_of_call(callee, int(bare[1], 16), loaded)
                for address in addresses([line]):
                    frames += self._frames_of(address, ReportPart.CRASHED)
                named = _NAMED.search(line)
                callee = named[1] if named else ""
            if frames:
                begins = printable(leak.lines[0].strip())
                return Crash(begins, tuple(frames[:_MOST_FRAMES]), leaked=True)
        return None

    def _frames_of_call(
        self, callee: str, address: int, loaded: Collection[str]
    ) -> list[CrashFrame]:
        """Return the call of a kernel's function that returns to an address, if it is but one."""
        binutils = Binutils(self.architecture.toolchain.prefix, self.sandboxed)
        modules = [path for path in self.modules.files if path.stem in loaded]
        calls = [binutils.lines_of_call(path, callee, address) for path in modules if callee]
        found = [lines for lines in calls if lines]
        if len(found) != 1:
            return []
        frames = (self._frame(line, ReportPart.CRASHED) for line in found[0])
        return [frame for frame in frames if frame]

    def _frames(self, lines: Sequence[str]) -> list[CrashFrame]:
        """Return the labs' lines in a report; of those who had the memory before one each."""
        frames: list[CrashFrame] = []
        for part, its_lines in _parts(lines).items():
            found: list[CrashFrame] = []
            for address in addresses(its_lines):
                found += self._frames_of(address, part)
            # A report says more than once where it began.
            frames += list(dict.fromkeys(found))[
                : _MOST_FRAMES if part is ReportPart.CRASHED else 1
            ]
        return frames

    def _frames_of(self, address: ModuleAddress, part: ReportPart) -> list[CrashFrame]:
        module = next((path for path in self.modules.files if path.stem == address.module), None)
        if not module:
            return []
        binutils = Binutils(self.architecture.toolchain.prefix, self.sandboxed)
        found = (self._frame(line, part) for line in binutils.lines_of(module, address))
        return [frame for frame in found if frame]

    def _frame(self, line: SourceLine, part: ReportPart) -> CrashFrame | None:
        """Return a frame of a line of the labs; None for the kernel's own headers."""
        labs = self.modules.directory / "src/labs"
        path = line.path if line.path.is_absolute() else labs.parent / line.path
        try:
            file = path.resolve().relative_to(labs.resolve())
            texts = path.read_text(errors="replace").splitlines()
        except (OSError, ValueError):
            return None
        text = texts[line.line - 1] if line.line <= len(texts) else ""
        return CrashFrame(line.function, str(file), line.line, printable(text.strip()), part)


def _parts(lines: Sequence[str]) -> dict[ReportPart, list[str]]:
    """Divide a report into its parts, in order."""
    found: dict[ReportPart, list[str]] = {ReportPart.CRASHED: []}
    part = ReportPart.CRASHED
    for line in lines:
        part = next((one for text, one in _PARTS.items() if text in line), part)
        found.setdefault(part, []).append(line)
    return found


def addresses(lines: Sequence[str]) -> list[ModuleAddress]:
    """Return the places of modules that a report names, each once, without those that it is
    not sure of.
    """
    found = []
    for line in (line for line in lines if not _LINK.search(line)):
        exact = _EXACT.search(line) is not None
        for match in _ADDRESS.finditer(line):
            guess, function, offset, size, module = match.groups()
            if not guess:
                place = ModuleAddress(module, function, int(offset, 16), int(size, 16), not exact)
                found.append(place)
    return list(dict.fromkeys(found))
