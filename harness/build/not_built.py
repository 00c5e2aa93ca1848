"""What does not compile, and why: in a copy, or for a kernel newer than this project.

make -k goes on past what fails, so that its output names all of it. A lab is left out
with its folder, a suite with its source; without what they share nothing works.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.base.tools import printable
from harness.catalogue import labs
from harness.catalogue.labs import Lab

# By make, with the object that it could not make, and by modpost, with a module that
# needs what is missing. Their paths begin at the root of the sources, or of the disk.
_FAILED = re.compile(r"\*\*\* \[[^\]]*?: (?P<object>\S+)\.o\] Error")
_UNDEFINED = re.compile(r"(?P<said>\"\w+\" \[(?P<module>\S+)\.ko\] undefined)")

# Of the compiler, and of the assembler, which writes it large.
_ERROR = re.compile(r"(?P<path>\S+?\.[chsS]):\d+(:\d+)?: (fatal )?[Ee]rror: .*")


_SHOWN = re.compile(r"\s*\d* \|")

# What stands for the error where a compiler gives up, or a module does not fit the others.
_GAVE_UP = re.compile(
    r"^(?:\S*gcc\S*: fatal error|\S*cc1: (?!note: ).*|ERROR: modpost): .*", re.MULTILINE
)


@dataclass(frozen=True)
class NotBuilt:
    """A lab's folder or a suite's source, the module that it makes, and the first error."""

    path: Path
    module: str
    error: str


def find(log: str, copy: Path) -> list[NotBuilt]:
    """Return what a build in ``copy`` failed for, each once, from its output.

    Empty if any of it is shared: then nothing can be left out.
    """
    found: dict[Path, NotBuilt] = {}
    for match in _FAILED.finditer(log):
        source = copy / _below(copy, match["object"])
        errors = (error for error in _ERROR.finditer(log) if _is_of(source, error["path"]))
        said = next((printable(error[0]) for error in errors), "see the log")
        if not _add(found, copy, source, said):
            return []
    for match in _UNDEFINED.finditer(log):
        if not _add(found, copy, copy / _below(copy, match["module"]), match["said"]):
            return []
    return list(found.values())


def is_suspect(lab: Lab, log: str) -> bool:
    """Say whether a build that failed named a lab's folder where it names what failed."""
    found = (
        *(match["object"] for match in _FAILED.finditer(log)),
        *(match["module"] for match in _UNDEFINED.finditer(log)),
    )
    return any(f"/{lab.directory.name}/" in f"/{name}" for name in found)


def reason(log: str, copy: Path, origin: Path) -> str | None:
    """Return why a build in ``copy`` failed, from its output; None if that does not say.

    Its sources are called as they are in ``origin``, which they were taken from.
    """
    match = _ERROR.search(log) or _GAVE_UP.search(log)
    if not match:
        return None
    labs_of_copy = re.compile(rf"(?:{re.escape(str(copy))}/)?\blabs/")
    return printable(labs_of_copy.sub(lambda _: f"{origin}/", match[0]))


def errors(log: str, copy: Path, origin: Path) -> list[str]:
    """Return each error in a build's output with the lines that the compiler shows below it.

    Likewise in the terms of ``origin``.
    """
    labs_of_copy = re.compile(rf"(?:{re.escape(str(copy))}/)?\blabs/")
    found: list[str] = []
    inside = False
    for line in log.splitlines():
        # Below an error stand the source's line and a mark: " 57 | code", "    | ^~~".
        inside = bool(_ERROR.match(line)) or inside and bool(_SHOWN.match(line))
        if inside or _GAVE_UP.match(line) or _UNDEFINED.search(line):
            found.append(printable(labs_of_copy.sub(lambda _: f"{origin}/", line)))
    return found


def remove(part: NotBuilt) -> None:
    """Take it out of the sources."""
    if part.path.is_dir():
        shutil.rmtree(part.path)
    else:
        part.path.unlink()


def _below(copy: Path, name: str) -> str:
    """Return a path as it is below ``copy``: make gives it in full, or below there."""
    return name.removeprefix(f"{copy}/")


def _is_of(source: Path, path: str) -> bool:
    """Whether an error is in a source, or in a header that lies beside it."""
    return Path(path).name == f"{source.name}.c" or Path(path).parent.name == source.parent.name


def _add(found: dict[Path, NotBuilt], copy: Path, source: Path, said: str) -> bool:
    """Note what a source belongs to; say whether it can be left out."""
    modules = {lab.directory.name: lab.name for lab in labs.all_labs()}
    folder = source.relative_to(copy)
    if folder.parts[0] == "labs" and folder.parts[1] in modules:
        path, module = copy / "labs" / folder.parts[1], modules[folder.parts[1]]
    elif source.name.endswith("_kunit"):
        path, module = source.with_suffix(".c"), source.name
    else:
        return False
    found.setdefault(path, NotBuilt(path, module, said))
    return True
