"""What a person sees while something takes long.

Everything goes to standard error, so that standard output holds results only.
On a terminal one line counts the seconds; in a pipe each step is one line when
it begins, and another for each ten seconds that it goes on.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_PIPE_INTERVAL = 10.0
_TERMINAL_INTERVAL = 0.5
# Steps shorter than this leave no line on a terminal.
_QUIET = 0.3


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(f"kmaplab: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(text: str) -> Iterator[None]:
    """Show ``text`` while the block runs, and how long it took."""
    stop = threading.Event()
    terminal = sys.stderr.isatty()
    begun = time.monotonic()

    def seconds() -> str:
        return f"{time.monotonic() - begun:.0f} s"

    def tick() -> None:
        if terminal:
            wait = _QUIET
            while not stop.wait(wait):
                sys.stderr.write(f"\r\x1b[Kkmaplab: {text} ... {seconds()}")
                sys.stderr.flush()
                wait = _TERMINAL_INTERVAL
        else:
            while not stop.wait(_PIPE_INTERVAL):
                say(f"{text}: still at it after {seconds()}")

    if not terminal:
        say(text)
    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        if terminal and time.monotonic() - begun > _QUIET:
            sys.stderr.write(f"\r\x1b[Kkmaplab: {text}: {seconds()}\n")
            sys.stderr.flush()
