"""Which function of a lab does what: found in its source by what the kernel is told of it.

A lab tells the kernel its functions in structures and macros, so a copy may name them as it
likes. Only what gets the memory is nobody's callback: by custom its name ends in _get.
"""

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.catalogue.labs import Lab
from harness.catalogue.patches import CORE_FOLDER


class Part(Enum):
    """What a lab does, and how its source names the function that does it."""

    GET = r"^[\w *]*\b(\w+_get)\("
    TRANSLATE = r"\.translate\s*=\s*(\w+)"
    MAP = r"\.mmap(?:_prepare)?\s*=\s*(\w+)"
    COUNT = r"\.open\s*=\s*(\w+)"
    READ = r"\.read\s*=\s*(\w+)"
    WRITE = r"\.write\s*=\s*(\w+)"
    SEEK = r"\.llseek\s*=\s*(\w+)"
    REQUEST = r"\.unlocked_ioctl\s*=\s*(\w+)"
    INIT = r"\bmodule_init\((\w+)\)"
    EXIT = r"\bmodule_exit\((\w+)\)"
    # Not functions, but where the kernel is told of the file and of the device.
    FILE = r"struct file_operations (\w+) ="
    DEVICE = r"\.misc = (\w+)\("


# Where a part is looked for if the lab has none.
_INSTEAD = {Part.GET: Part.INIT, Part.COUNT: Part.MAP}


@dataclass(frozen=True)
class FunctionPlace:
    """A function, and where it is defined: a path, and a line from 1."""

    function: str
    path: Path
    line: int


def find(labs: Path, lab: Lab, part: Part) -> FunctionPlace | None:
    """Return what does a part in the labs of a directory, or None if none is found.

    Looks in the lab's own sources, and then in what all labs share.
    """
    for folder in (lab.directory.name, CORE_FOLDER):
        for path in sorted((labs / folder).glob("*.[ch]")):
            text = path.read_text(errors="replace")
            if match := re.search(part.value, text, re.MULTILINE):
                return find_function(labs, lab, match[1]) or _place(path, text, match[1], match)
    return find(labs, lab, _INSTEAD[part]) if part in _INSTEAD else None


def find_function(labs: Path, lab: Lab, name: str) -> FunctionPlace | None:
    """Return where a function is defined, or None; likewise."""
    for folder in (lab.directory.name, CORE_FOLDER):
        for path in sorted((labs / folder).glob("*.c")):
            text = path.read_text(errors="replace")
            if match := re.search(rf"^\w[^;={{}}]*?\b{name}\([^;{{]*\n?\{{", text, re.MULTILINE):
                return _place(path, text, name, match)
    return None


def _place(path: Path, text: str, name: str, match: "re.Match[str]") -> FunctionPlace:
    return FunctionPlace(name, path, text.count("\n", 0, match.start()) + 1)
