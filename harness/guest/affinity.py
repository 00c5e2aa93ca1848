"""Where a machine's emulated processors run on this one's."""

import os
from itertools import cycle
from pathlib import Path

from harness.base import processes

# How QEMU names the threads of emulated processors, if it is told to name any.
NAME_THREADS = ("-name", "kmaplab,debug-threads=on")
_NAME = "CPU "


def spread(process: int) -> None:
    """Have each emulated processor of a QEMU stay on another processor of this machine.

    ``process`` is QEMU, or what has started it.

    On a busy machine all might be on the same one for long: then they take turns of
    milliseconds, and what needs two at the same moment never comes to be.
    """
    able = cycle(sorted(os.sched_getaffinity(0)))
    for one in (process, *processes.below(process)):
        for thread in sorted(Path(f"/proc/{one}/task").glob("*")):
            try:
                if (thread / "comm").read_text().startswith(_NAME):
                    os.sched_setaffinity(int(thread.name), {next(able)})
            except OSError:
                continue  # it has ended meanwhile
