"""Building one module again with another text of its source, as fast as gcc can.

kbuild looks at all modules each time, and takes some seconds. But it keeps the command of each
object that it makes: those are all that one source needs.
"""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from harness.base import tools
from harness.base.errors import SetupError
from harness.build.modules import Modules
from harness.kernels.debian import Kernel

# What only makes the compiler talk is no mistake that a check has to find, but a pointer of
# another type, or a number for a pointer, would not leave a developer's desk.
_STRICT = "-Werror=int-conversion -Werror=incompatible-pointer-types"

# Where a line is in the source is no part of the code; guests have no use for it, either.
_LEAN = "-g0"
_LINK, _LINK_LEAN = " -r ", " -r --strip-debug "


class DoesNotCompile(Exception):
    """A source is refused; the text is the compiler's."""


@dataclass
class OneModule:
    """The module of one source, in a directory that kbuild has built.

    ``source`` is the source's path in there. While the block lasts, source, object and module
    may be others than those that kbuild has made; afterwards they are those again.
    """

    kernel: Kernel
    built: Modules
    source: Path
    _saved: list[Path] = field(default_factory=list)

    @property
    def module(self) -> Path:
        """The module itself."""
        return self.source.with_suffix(".ko")

    @property
    def code(self) -> Path:
        """The source's object file."""
        return self.source.with_suffix(".o")

    def __enter__(self) -> "OneModule":
        for path in (self.source, self.code, self.module):
            copy = path.with_name(f"{path.name}.pristine")
            shutil.copy2(path, copy)
            self._saved.append(copy)
        return self

    def __exit__(self, *error: object) -> None:
        for copy in self._saved:
            copy.replace(copy.with_suffix(""))

    def build(self, text: str) -> bytes:
        """Make the module of another text; return its object code.

        Raises DoesNotCompile.
        """
        self.source.write_text(text)
        self._again(self.code, f"{_STRICT} {_LEAN}")
        self._again(self.module, "")
        return self.code.read_bytes()

    def _again(self, made: Path, more: str) -> None:
        """Make a file by the command that kbuild has made it by."""
        line = made.with_name(f".{made.name}.cmd").read_text().splitlines()[0]
        command = line.split(" := ", 1)[1].replace("$(pound)", "#").replace("$$", "$")
        copy = self.built.directory / "src"
        # Up to 6.12 kbuild works in the kernel's directory, later in that of the modules.
        place = self.kernel.headers if f"-o {made} " in command else copy
        command = command.replace(" -c -o ", f" {more} -c -o ", 1)
        result = subprocess.run(
            # As kbuild does: behind gcc may come objtool, which takes the object from before.
            ["sh", "-e", "-c", command.replace(_LINK, _LINK_LEAN, 1)],
            cwd=place,
            env=tools.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise DoesNotCompile(result.stderr.strip())


def find(kernel: Kernel, built: Modules, file: str) -> OneModule:
    """Return the module of a source, which is named by its path below labs/.

    Raises SetupError if kbuild has made none.
    """
    source = built.directory / "src/labs" / file
    if not source.with_suffix(".ko").is_file():
        raise SetupError(f"{file} has no module of its own for {kernel.release}")
    return OneModule(kernel, built, source)
