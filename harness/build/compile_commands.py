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


def of_objects(kernel: Kernel, copy: Path) -> list[Entry]:
    """Return an entry for each source of the labs, from what kbuild notes beside its object.

    For a kernel of which only the headers are at hand. ``copy`` is where the labs were built,
    which the entries name; what the compiler would write is left out.
    """
    found = []
    for note in sorted(copy.glob("*/.*.o.cmd")):
        first = note.read_text().partition("\n")[0].partition(":=")[2].partition(" ; ")[0]
        call = shlex.split(first.replace("$(pound)", "#").replace("$$", "$"))
        if not call or not call[-1].endswith(".c") or call[-1].endswith(".mod.c"):
            continue
        where = call.index("-o")
        call = [*call[:where], *call[where + 2 :]]
        call = [
            _absolute(word, copy.parent)
            for word in call
            if not word.startswith(("-Wp,-M", "-fmacro-prefix-map="))
        ]
        # What kbuild has noted stays when a source is gone.
        if Path(call[-1]).is_file():
            found.append({"directory": str(kernel.headers), "arguments": call, "file": call[-1]})
    return found


def _absolute(word: str, where: Path) -> str:
    """Return a word of a call with the whole path, if it names what is below ``where``.

    kbuild works in the modules' directory from 6.13 on, and in the kernel's before.
    """
    option, name = ("-I", word[2:]) if word.startswith("-I") else ("", word)
    return f"{option}{where / name}" if name.startswith("labs/") else word


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
