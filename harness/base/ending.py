"""Ending work before it is done: threads that do it, and programs that they wait for.

A thread cannot be killed. So who gives work to threads has them look, where they start a
program or wait for a lock, whether it is over, and ends the programs that they wait for. Work
may be done by others in its turn: what ends it ends theirs, and not that of its neighbours.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Optional

# What this thread works for, if that can be ended.
_thread = threading.local()


def _current() -> Optional["EndableWork"]:
    return getattr(_thread, "work", None)


@dataclass(frozen=True)
class EndableWork:
    """Work that can be ended. ``part_of`` is the work that had it done, if there is one."""

    part_of: Optional["EndableWork"] = field(default_factory=_current)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        return self._over.is_set() or bool(self.part_of and self.part_of.is_over)

    @contextmanager
    def in_this_thread(self) -> Iterator[None]:
        """Have what this thread does be a part of the work."""
        before = _current()
        _thread.work = self
        try:
            yield
        finally:
            _thread.work = before

    def end(self) -> None:
        """End it: who waits for a program finds that gone, and no other is started."""
        self._over.set()
        for process, work in list(_running.items()):
            if work and work.is_over:
                process.kill()


# Programs that somebody waits for, and what work that is a part of.
_running: dict["subprocess.Popen[Any]", EndableWork | None] = {}


def can_end() -> bool:
    """Say whether there is something that can end what this thread does."""
    return _current() is not None


def stop_if_over() -> None:
    """End what this thread does if it is over: with SystemExit, which no work handles."""
    work = _current()
    if work and work.is_over:
        raise SystemExit("the work was ended")


@contextmanager
def waiting_for(process: "subprocess.Popen[Any]") -> Iterator[None]:
    """Have a program be killed if the work ends while the block waits for it.

    Whatever the block makes of that, behind it comes SystemExit.
    """
    _running[process] = _current()
    try:
        # It may be over since somebody looked last: then nobody kills what came later.
        stop_if_over()
        yield
    finally:
        del _running[process]
        stop_if_over()
