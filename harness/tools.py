"""Running other programs, in an environment of our own."""

import os
import subprocess
from pathlib import Path

from harness.errors import SetupError

# What a caller's environment may change in the programs that we run. All else
# is left out: make, for one, passes KERNEL= and ARCH= on to every make below
# it, where ARCH means something else.
_KEPT = ("PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "TERM")


def environment() -> dict[str, str]:
    """Return the environment for other programs; their messages are English."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    kept.setdefault("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    # depmod and others live where an ordinary user's PATH does not look.
    return kept | {"PATH": f"{kept['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C"}


def run(command: list[str | Path], log: Path, what: str, cwd: Path | None = None) -> None:
    """Run a command with its output in ``log``.

    Raises SetupError, with the output's last lines, if it fails or is missing.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("wb") as output:
            status = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(),
                cwd=cwd,
                check=False,
            ).returncode
    except FileNotFoundError as error:
        raise SetupError(f"{what}: {command[0]} is missing: run harness/setup") from error
    if status:
        raise SetupError(f"{what} failed; the whole output is in {log}:\n{last_lines(log)}")


def last_lines(path: Path, count: int = 25) -> str:
    """Return the end of a text file, indented."""
    lines = path.read_text(errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-count:])
