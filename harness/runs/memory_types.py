"""How fast each memory type is: lab_types loaded with one after the other, and measured.

userspace/tools/speed_of_types.sh does it, in a guest or on the machine that this runs on.
"""

import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from harness.base import tools
from harness.base.errors import BAD_SETUP, RequestError
from harness.base.paths import BUILD, LABS, USERSPACE
from harness.base.progress import say, step
from harness.catalogue import labs
from harness.guest import prepare
from harness.kernels.request import Request
from harness.runs import command

_SCRIPT = "speed_of_types.sh"


def in_guest(request: Request, write: Callable[[bytes], None]) -> int:
    """Measure in a guest, where most figures say nothing; return the script's exit status."""
    (lab,) = labs.choose("types")
    if why := lab.why_not(request.target):
        raise RequestError(f"{lab.name} does not run on {request.target}: {why}")
    machine = prepare.machine(request)
    made = _tools(request.target.arch, request.target.architecture.toolchain.compiler)
    return command.run(machine, f"/extra/{_SCRIPT}", made, write)


def here() -> int:
    """Measure on this machine, with its own kernel and as root; return the exit status."""
    release = platform.release()
    with step(f"building the labs for {release}, the kernel of this machine"):
        log = BUILD / "running-kernel.log"
        tools.run(["make", "-C", LABS], log, f"building the labs for {release}")
    modules = BUILD / "running-kernel" / release
    words: list[str | Path] = [_tools("here") / _SCRIPT, modules]
    if os.geteuid():
        if not shutil.which("sudo"):
            raise RequestError("to load modules takes root: become root, and try again")
        words.insert(0, "sudo")
    say(f"lab_types is loaded into {release}, and unloaded again")
    # sudo may ask for a password, so it has the terminal.
    status = subprocess.run(words, env=tools.environment(), check=False).returncode
    return BAD_SETUP if status else 0


def _tools(name: str, compiler: str | None = None) -> Path:
    """Build the small programs of the lessons; return the folder that they are in."""
    made = BUILD / "tools" / name
    words: list[str | Path] = ["make", "-s", "-C", USERSPACE / "tools", f"O={made}"]
    words += [f"CC={compiler}"] if compiler else []
    tools.run(words, BUILD / f"tools-{name}.log", "building the small programs")
    return made
