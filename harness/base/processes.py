"""The processes of this machine, as /proc shows them (proc(5)).

Each may end while it is looked at: then it counts for nothing.
"""

import os
from collections import deque
from collections.abc import Iterable

_PROC = "/proc"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

# Fields of /proc/PID/stat, counted from the one behind the name.
_PARENT = 1
_TIMES = slice(11, 15)


def below(process: int) -> list[int]:
    """Return what a process has started, and what these have: those that are nearer first.

    While strange code runs this is asked four times a second, and looks at every process.
    """
    children: dict[int, list[int]] = {}
    for entry in os.listdir(_PROC):
        if entry.isdecimal() and (fields := _stat(int(entry))):
            children.setdefault(int(fields[_PARENT]), []).append(int(entry))
    found: list[int] = []
    left = deque(children.get(process, []))
    while left:
        found.append(left.popleft())
        left += children.get(found[-1], [])
    return found


def memory_of(processes: Iterable[int]) -> int:
    """Return the bytes of RAM that are theirs alone: neither files nor shared."""
    return sum(_memory(process) for process in processes)


def seconds_of(processes: Iterable[int]) -> float:
    """Return the processor time that they have used, and their children that have ended."""
    ticks = (int(field) for one in processes for field in _stat(one)[_TIMES])
    return sum(ticks) / _TICKS


def _memory(process: int) -> int:
    try:
        _, resident, shared, *_ = _read(process, "statm").split()
    except ValueError:
        return 0
    return (int(resident) - int(shared)) * _PAGE


def _stat(process: int) -> list[bytes]:
    """Return the fields behind the name, which may hold blanks; none if it has ended."""
    return _read(process, "stat").rpartition(b")")[2].split()


def _read(process: int, name: str) -> bytes:
    """Return a file of a process, by the shortest way; nothing if it has ended."""
    try:
        with open(f"{_PROC}/{process}/{name}", "rb", buffering=0) as file:
            return file.read(_PAGE)
    except OSError:
        return b""
