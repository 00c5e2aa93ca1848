"""What a person sees while something takes long.

Everything goes to standard error, so that standard output holds results only.
On a terminal one line counts the seconds; in a pipe, and on a terminal that has no
escape sequences, each step is one line when it begins, and another for each ten seconds
that it goes on.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_PIPE_INTERVAL = 10.0
_TERMINAL_INTERVAL = 0.5
# Steps shorter than this leave no line on a terminal.
_QUIET = 0.3


def say(text: str) -> None:
    """Print one line of progress at once."""
    if sys.stderr is not None:
        print(f"kmaplab: {text}", file=sys.stderr, flush=True)


def tell(text: str) -> None:
    """Print one line of progress, unless another thread shows how far it all is."""
    if not getattr(_hushed, "on", False):
        say(text)


@dataclass
class Step:
    """A step that is under way; ``detail`` says how far it is and may change."""

    text: str
    begun: float
    detail: str = ""

    def __str__(self) -> str:
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.text}{detail}, {time.monotonic() - self.begun:.0f} s"


_hushed = threading.local()


@contextmanager
def hushed() -> Iterator[None]:
    """Show no steps of this thread: another one shows how far it all is."""
    before = getattr(_hushed, "on", False)
    _hushed.on = True
    try:
        yield
    finally:
        _hushed.on = before


@contextmanager
def step(text: str) -> Iterator[Step]:
    """Show ``text`` while the block runs, and how long it took."""
    terminal = _has_moving_lines()
    current = Step(text, time.monotonic())
    if getattr(_hushed, "on", False):
        yield current
        return
    stop = threading.Event()
    if not terminal:
        say(text)
    thread = threading.Thread(target=_tick, args=(current, stop, terminal), daemon=True)
    thread.start()
    try:
        yield current
    finally:
        stop.set()
        thread.join()
        current.detail = ""
        if terminal and time.monotonic() - current.begun > _QUIET:
            sys.stderr.write(f"\r\x1b[Kkmaplab: {current}\n")
            sys.stderr.flush()


def _has_moving_lines() -> bool:
    """Say whether standard error is a terminal on which a line may be written over."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stderr is not None and sys.stderr.isatty() and not plain


def _tick(current: Step, stop: threading.Event, terminal: bool) -> None:
    wait = _QUIET if terminal else _PIPE_INTERVAL
    while not stop.wait(wait):
        if terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write("\r\x1b[K" + f"kmaplab: {current}"[:width])
            sys.stderr.flush()
            wait = _TERMINAL_INTERVAL
        else:
            say(f"still at it: {current}")
