"""The verb watch: the verdict on a lab each time that one of its sources is saved."""

import os
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace

from harness.base.errors import BAD_SETUP, KmaplabError
from harness.base.progress import say, step
from harness.catalogue import exercises
from harness.catalogue.labs import Lab
from harness.grading import saves
from harness.grading import work as grading_work
from harness.grading.judge import Judging, of_solutions, skipped_by_solutions
from harness.grading.saves import Saves
from harness.grading.work import Work
from harness.kernels.request import Request
from harness.reports.check_report import CheckReport

# Seconds in which a verdict that is no longer wanted ends by itself.
_PATIENCE = 5.0


def main(request: Request, args: Namespace) -> int:
    """Judge the labs in WORK=, and each again when it is saved; return the exit status."""
    work = Work.open(args.work)
    chosen = work.choose(args.lab)
    request = replace(request, labs=work.directory)
    watched = Saves(work.directory, chosen)
    running = Verdict(lambda labs: _judge(request, work, labs, args.quick))
    _import_ahead()
    skipped_by_solutions(of_solutions(request), chosen)
    try:
        if not args.once:
            running.begin(chosen)
        say(f"watching {work.directory}: save a source to have its lab checked; Ctrl-C ends")
        while True:
            if saved := watched.saved():
                running.begin(saved)
                if args.once:
                    return running.wait()
            running.look()
            time.sleep(saves.PAUSE)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        running.end()


class Verdict:
    """A verdict in a process of its own, which has all loaded that it needs.

    So it can be ended at any moment, with its guests, when the next save comes.
    """

    def __init__(self, work: Callable[[list[Lab]], int]) -> None:
        self._work = work
        self._process: int | None = None
        self._unfinished: list[Lab] = []

    def begin(self, labs: list[Lab]) -> None:
        """Begin a verdict on some labs, in place of one that is under way.

        Of what that one was about nothing is forgotten.
        """
        if self._process is not None:
            labs = [*labs, *(lab for lab in self._unfinished if lab not in labs)]
        self.end()
        sys.stdout.flush()
        self._unfinished = labs
        self._process = os.fork()
        if self._process == 0:
            os._exit(self._do(labs))

    def _do(self, labs: list[Lab]) -> int:
        """Be the process; return its exit status."""
        # The terminal sends Ctrl-C to both; the other one says how this ends.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            status = self._work(labs)
        except KmaplabError as error:
            say(str(error))
            status = error.status
        except SystemExit:
            status = BAD_SETUP
        sys.stdout.flush()
        return status

    def look(self) -> None:
        """Note it if the verdict has come."""
        if self._process is not None and os.waitpid(self._process, os.WNOHANG)[0]:
            self._process = None

    def wait(self) -> int:
        """Wait for the verdict; return its exit status."""
        assert self._process is not None
        _, status = os.waitpid(self._process, 0)
        self._process = None
        return os.waitstatus_to_exitcode(status)

    def end(self) -> None:
        """End a verdict that is under way."""
        begun = time.monotonic()
        if self._process is not None:
            os.kill(self._process, signal.SIGTERM)
        while self._process is not None:
            self.look()
            if self._process is not None and time.monotonic() - begun > _PATIENCE:
                os.kill(self._process, signal.SIGKILL)
            time.sleep(saves.PAUSE)


def _judge(request: Request, work: Work, labs: list[Lab], quick: bool) -> int:
    """Print the verdict on some labs as soon as QEMU gives it, and then what else is found."""
    judging = Judging(request, labs)
    judging.look()
    report = _print(request, work, judging, clear=True)
    if quick or not judging.can_look_further:
        return report.status
    with step("looking further: sanitizers, suites, failing allocations") as progress:
        for name in judging.look_further():
            progress.detail = name
    if judging.verdicts == report.verdicts:
        print("Nothing more was found by sanitizers, suites and failing allocations.")
        return report.status
    return _print(request, work, judging, clear=False).status


def _print(request: Request, work: Work, judging: Judging, clear: bool) -> CheckReport:
    """Print what is known by now, and remember it."""
    before = work.progress
    verdicts = judging.verdicts
    work.remember_marks(verdicts)
    every = exercises.all_of(work.labs)
    report = CheckReport(
        work.directory,
        verdicts,
        request.seed,
        before.hints,
        before.earned,
        grading_work.next_of(every, work.progress),
    )
    if clear and sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        sys.stdout.write("\x1b[H\x1b[2J")
    elif clear:
        print(f"\n--- {time.strftime('%H:%M:%S')} {', '.join(one.lab.name for one in verdicts)}")
    report.print_table()
    sys.stdout.flush()
    return report


def _import_ahead() -> None:
    """Load what takes long to load, before there is somebody who waits for a verdict."""
    import rich.console
    import rich.padding
    import rich.text

    assert rich.console and rich.padding and rich.text
