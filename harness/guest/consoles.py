"""What guests said on their consoles, kept below build/consoles: a file for each run."""

import time
from itertools import count
from pathlib import Path

from harness.base.paths import BUILD
from harness.guest.guest import Ending
from harness.guest.machine import Machine

# Older ones go.
_MOST_FILES = 40


def keep(verb: str, machine: Machine, ending: Ending) -> Path:
    """Write a guest's console to a file of its own; return the file.

    It is named after the time, the verb and the target.
    """
    directory = BUILD / "consoles"
    directory.mkdir(parents=True, exist_ok=True)
    old = sorted(directory.glob("*.log"), key=lambda path: path.name)
    for path in old[: len(old) - _MOST_FILES + 1]:
        path.unlink(missing_ok=True)
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{verb}-{machine.kernel.target}"
    for number in count(1):
        path = directory / (f"{name}.log" if number == 1 else f"{name}-{number}.log")
        try:
            with path.open("xb") as file:
                file.write(ending.console)
            return path
        except FileExistsError:
            continue
    raise AssertionError("count() ended")
