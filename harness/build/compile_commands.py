"""What clangd needs for each C source: build/compile_commands.json.

The file's form is described at https://clang.llvm.org/docs/JSONCompilationDatabase.html.
kbuild writes the part for labs/ and kunit/; make, asked what it would do, gives that for
userspace/. The file .clangd at the top of the tree leads clangd to it.
"""

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

from harness.base import tools
from harness.base.errors import SetupError
from harness.base.paths import BUILD, ROOT, USERSPACE
from harness.build import modules
from harness.build.modules import Modules
from harness.kernels.debian import Kernel

FILE = BUILD / "compile_commands.json"

Entry = dict[str, Any]


def write(kernel: Kernel, built: Modules) -> int:
    """Write the file for all sources; return how many it has.

    ``built`` are the modules of this tree for a kernel whose source is at hand. Raises
    SetupError if make fails.
    """
    copy = built.directory / "src"
    entries = of_modules(json.loads(modules.compile_commands(kernel, built).read_text()), copy)
    entries += of_programs(_would_run())
    FILE.write_text(json.dumps(entries, indent=1) + "\n")
    return len(entries)


def of_modules(entries: list[Entry], copy: Path) -> list[Entry]:
    """Return kbuild's entries with the sources in this tree in place of their copies.

    What exists only in ``copy``, because kbuild made it, is left out.
    """
    text = json.dumps(entries).replace(str(copy), str(ROOT))
    found: list[Entry] = json.loads(text)
    return [one for one in found if (Path(one["directory"]) / one["file"]).is_file()]


def of_programs(commands: str) -> list[Entry]:
    """Return an entry for each compiler call among the commands, which run in userspace/."""
    calls = [shlex.split(line) for line in commands.splitlines() if " -c " in line]
    return [
        {"directory": str(USERSPACE), "arguments": call, "file": str(USERSPACE / call[-1])}
        for call in calls
        if call[-1].endswith(".c")
    ]


def _would_run() -> str:
    """Return what make would run to build the check programs from nothing."""
    command = ["make", "--dry-run", "--always-make", "-C", str(USERSPACE), f"O={BUILD}/userspace"]
    result = subprocess.run(
        command, capture_output=True, text=True, env=tools.environment(), check=False
    )
    if result.returncode:
        said = tools.printable(result.stderr.strip())
        raise SetupError(f"make --dry-run in {os.path.relpath(USERSPACE)} failed:\n{said}")
    return result.stdout
