"""Line and branch coverage of the labs, from what gcov counted in guests.

gcc leaves a .gcno file beside each object and says there which lines and branches
it has. The kernel counts how often each was taken, also over several loads of a
module, and offers that as .gcda files (Documentation/dev-tools/gcov.rst). gcovr
puts the two together, and adds up what several guests have counted.

A line counts where gcc makes code for it: a bare "break;" has none, only the branch
to it. The branches of the kernel's macros and inline functions count at the line that
uses them, also those that gcc takes out later because they cannot be taken.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.base import sandbox, tools
from harness.base.errors import GuestError, SetupError
from harness.base.sandbox import Limits, Sandbox

# Must be that of the compiler: the format is its own (gcov-io.h).
_GCOV = "gcov-12"
# It takes seconds: what takes longer reads what was made to be slow.
_LIMITS = Limits(file=64 << 20, seconds=300, address_space=2 << 30, processor_seconds=120)

# Where both files have the number that says that they belong together, in bytes.
_STAMP = slice(8, 12)


@dataclass(frozen=True)
class UnreachedLine:
    """A line of code that no guest reached. ``file`` is a path below labs/."""

    file: str
    number: int
    function: str
    text: str


@dataclass(frozen=True)
class FileCoverage:
    """How many lines and branches of a file there are, and how many were reached."""

    name: str
    lines: int
    lines_reached: int
    branches: int
    branches_taken: int
    unreached: tuple[UnreachedLine, ...] = ()


@dataclass(frozen=True)
class Objects:
    """What gcc and gcov made for some modules: a directory for each guest.

    ``source`` is the root of the sources that they were compiled from. If these
    are strange they are read in the sandbox, which has the kernel's ``trees`` beside them.
    """

    source: Path
    directory: Path
    trees: tuple[Path, ...] | None = None

    def add(self, guest: str, names: set[str], counted: dict[str, bytes]) -> None:
        """Put in place what a guest counted for the modules of these names.

        One that it never loaded counts as not reached. Raises GuestError if the
        guest counted for another build, and SetupError if gcc left no notes.
        """
        notes = [path for path in self._notes() if path.stem in names]
        if missing := names - {path.stem for path in notes}:
            raise SetupError(
                f"{', '.join(sorted(missing))} was not compiled for gcov: make clean helps"
            )
        for path in notes:
            copy = self.directory / guest / path.relative_to(self.source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            data = counted.get(str(path.with_suffix(".gcda")))
            if data is None:
                continue
            if data[_STAMP] != path.read_bytes()[_STAMP]:
                raise GuestError(f"{path.stem} was rebuilt in the meantime: run it again")
            copy.with_suffix(".gcda").write_bytes(data)

    def _notes(self) -> list[Path]:
        return sorted((self.source / "labs").rglob("*.gcno"))

    def measure(self, wanted: list[str], output: Path) -> list[FileCoverage]:
        """Write what gcovr makes of it to ``output``; return it for each file.

        ``wanted`` are directories below labs/ whose sources count. Raises
        SetupError if gcovr or gcov fails.
        """
        shutil.rmtree(output, ignore_errors=True)
        (output / "html").mkdir(parents=True)
        trace, summary = output / "lines.json", output / "summary.json"
        command = ["gcovr", "--root", str(self.source)]
        command += ["--gcov-executable", _GCOV, "-j", str(os.cpu_count() or 1)]
        for name in wanted:
            command += ["--filter", f"{self.source}/labs/{name}/"]
        command += ["--json", str(trace), "--json-summary", str(summary)]
        command += ["--html-title", "kmaplab: labs/"]
        command += ["--html-details", str(output / "html/index.html"), str(self.directory)]
        self._run(command, output)
        return read(json.loads(summary.read_text()), json.loads(trace.read_text()), self.source)

    def _run(self, command: list[str], output: Path) -> None:
        """Run gcovr, in the directory of the sources: reports name them as seen from there."""
        log = output / "gcovr.log"
        if self.trees is not None:
            # gcov writes beside the sources what gcovr reads, and then removes.
            write = (self.source, self.directory, output)
            box = Sandbox(self.source, read=self.trees, write=write, limits=_LIMITS)
            sandbox.run(box, command, log, "gcovr")
        else:
            tools.run([*command], log, "gcovr", cwd=self.source)


def read(summary: dict[str, Any], trace: dict[str, Any], source: Path) -> list[FileCoverage]:
    """Return what gcovr's two JSON reports say of each file, by name."""
    unreached = {file["file"]: _unreached(file, source) for file in trace["files"]}
    return [
        FileCoverage(
            name=_below_labs(file["filename"]),
            lines=file["line_total"],
            lines_reached=file["line_covered"],
            branches=file["branch_total"],
            branches_taken=file["branch_covered"],
            unreached=unreached[file["filename"]],
        )
        for file in sorted(summary["files"], key=lambda file: str(file["filename"]))
    ]


def _below_labs(name: str) -> str:
    return name.removeprefix("labs/")


def _unreached(file: dict[str, Any], source: Path) -> tuple[UnreachedLine, ...]:
    text = (source / file["file"]).read_text().splitlines()
    begins = sorted((function["lineno"], function["name"]) for function in file["functions"])
    lines = []
    for line in file["lines"]:
        if line["count"] or line["gcovr/noncode"] or line["gcovr/excluded"]:
            continue
        number = line["line_number"]
        before = [name for begin, name in begins if begin <= number]
        lines.append(
            UnreachedLine(
                file=_below_labs(file["file"]),
                number=number,
                function=before[-1] if before else "",
                text=text[number - 1].strip(),
            )
        )
    return tuple(lines)
