"""What the compiler and modpost warn of, though the modules are built."""

import re
from pathlib import Path

from harness.base.tools import printable
from harness.build.modules import Modules

# gcc's, with the source that it is in, and modpost's, with the module.
_WARNING = re.compile(r"^(?:\S+?\.[ch]:\d+(?::\d+)?: warning: .*|(?:WARNING|ERROR): modpost: .*)$")


def of(built: Modules, labs: Path) -> list[str]:
    """Return each warning of the last build once, with the paths of the sources in ``labs``."""
    log = built.directory / "modules.log"
    text = log.read_text(errors="replace") if log.is_file() else ""
    return read(text, built.directory / "src", labs)


def read(text: str, copy: Path, labs: Path) -> list[str]:
    """Return the warnings in the output of a build of ``copy``, which was made of ``labs``."""
    found = (printable(line) for line in text.splitlines() if _WARNING.match(line))
    return list(dict.fromkeys(line.replace(f"{copy}/labs/", f"{labs}/") for line in found))
