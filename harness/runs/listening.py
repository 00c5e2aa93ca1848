"""Booting a guest with a job, and collecting what it answers."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from harness.base import paths
from harness.guest import guest
from harness.guest.channel import Line, LineReader
from harness.guest.guest import Ending
from harness.guest.machine import Machine
from harness.guest.job import Job

# Seconds of processor time that a guest may take for anything without a word: a case of a
# suite, or a search for leaks.
_PATIENCE = 60.0


# Room for what a lab says in hundreds of loads.
_LOG = "log_buf_len=1M"


def to_see_all(machine: Machine, *more: str) -> Machine:
    """Return the machine with arguments that let its kernel report everything.

    ``more`` are further ones.
    """
    thorough = machine.kernel.target.architecture.thorough_arguments
    return replace(machine, arguments=(_LOG, *thorough, *more))


@dataclass
class Collector(ABC):
    """Takes in the lines of a guest until all has come, or one makes no sense.

    ``now`` returns the time in seconds.
    """

    reader: LineReader
    now: Callable[[], float] = field(default=time.monotonic, kw_only=True)
    done: bool = field(default=False, kw_only=True)
    nonsense: str | None = field(default=None, kw_only=True)

    def feed(self, data: bytes) -> bool:
        """Take in bytes; say whether there is nothing more to wait for."""
        for line in self.reader.feed(data):
            self.take(line)
        return self.done or self.nonsense is not None

    def patience(self) -> float:
        """Return the seconds of processor time for which the guest may be silent just now."""
        return _PATIENCE

    def booted(self, machine: Machine) -> None:
        """Note the machine, with its job, that is about to be started."""

    @abstractmethod
    def take(self, line: Line) -> None:
        """Take in one line."""

    def no_sense(self, text: str) -> None:
        """Note a line that cannot be; the first one counts."""
        self.nonsense = self.nonsense or f"the guest made no sense: {text}"


def boot(
    machine: Machine, job: Job, collector: Collector, show: Callable[[], None]
) -> tuple[Ending, str | None]:
    """Run a guest until the collector has all; return its end, and what was wrong with it.

    ``show`` is called whenever something has come.
    """

    def take(data: bytes) -> bool:
        enough = collector.feed(data)
        show()
        return enough

    with paths.scratch() as directory:
        ready = job.give(machine, directory)
        collector.booted(ready)
        ending = guest.run(ready, take, collector.patience)
    return ending, guest.what_went_wrong(collector.nonsense, ending)
