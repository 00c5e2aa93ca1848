"""Work side by side: what ends it all."""

import fcntl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.base import ending, side_by_side, tools
from harness.base.ending import EndableWork
from harness.base.errors import SetupError
from harness.base.lock import locked


def test_work_that_is_over_starts_no_more_guests() -> None:
    """A mistake that survives is tried ten times: not after somebody has had enough."""
    begun = threading.Event()
    tries = []

    def work(task: str) -> None:
        if task == "fails":
            begun.wait(10)
            raise SetupError("no more disk")
        for number in range(1000):
            ending.stop_if_over()
            tries.append(number)
            begun.set()
            time.sleep(0.01)

    with pytest.raises(SetupError, match="no more disk"):
        list(side_by_side.run(["goes on", "fails"], work, at_once=2))
    assert 0 < len(tries) < 1000
    # It holds for that work alone.
    ending.stop_if_over()
    assert [answer for _, answer in side_by_side.run(["a"], str.upper)] == ["A"]


def is_ended(wait: Callable[[threading.Event], object]) -> None:
    """Have one thread wait, and another fail; the first must end, and say nothing of its own."""
    begun = threading.Event()
    went_on: list[Exception | None] = []

    def work(task: str) -> None:
        if task == "fails":
            begun.wait(10)
            raise SetupError("no more disk")
        try:
            wait(begun)
        except Exception as error:  # as for one submission of many
            went_on.append(error)
        went_on.append(None)

    with pytest.raises(SetupError, match="no more disk"):
        list(side_by_side.run(["waits", "fails"], work, at_once=2))
    assert not went_on, "the work has gone on"


def test_a_compiler_that_somebody_waits_for_is_ended(tmp_path: Path) -> None:
    ready = tmp_path / "ready"

    def wait(begun: threading.Event) -> None:
        program = threading.Thread(target=until_there, args=(ready, begun))
        program.start()
        tools.run(["sh", "-c", f"touch {ready}; sleep 1000"], tmp_path / "log", "compiling")

    is_ended(wait)


def until_there(path: Path, begun: threading.Event) -> None:
    while not path.exists():
        time.sleep(0.01)
    begun.set()


def test_a_lock_that_somebody_waits_for_keeps_nobody(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        def wait(begun: threading.Event) -> None:
            begun.set()
            with locked(tmp_path / "lock", "the build"):
                pass

        is_ended(wait)


def test_a_program_that_was_started_just_when_all_was_over_is_ended() -> None:
    """Nobody would kill it: who ends all has been there already."""
    work = EndableWork()
    with work.in_this_thread(), subprocess.Popen(["sleep", "1000"]) as process:
        work.end()
        try:
            with pytest.raises(SystemExit), ending.waiting_for(process):
                pytest.fail("it would be waited for")
        finally:
            process.kill()


def test_work_that_others_do_in_its_turn_ends_with_it() -> None:
    """A submission that is graded among others has several guests itself, one after the other."""
    begun = threading.Event()
    tries = []

    def part(number: int) -> None:
        ending.stop_if_over()
        tries.append(number)
        begun.set()
        time.sleep(0.01)

    def work(task: str) -> None:
        if task == "fails":
            begun.wait(10)
            raise SetupError("no more disk")
        list(side_by_side.run(range(1000), part, 1))

    with pytest.raises(SetupError, match="no more disk"):
        list(side_by_side.run(["has others do it", "fails"], work, at_once=2))
    assert 0 < len(tries) < 1000


def test_what_ends_a_part_does_not_end_its_neighbours(tmp_path: Path) -> None:
    """QEMU that does not start for one submission must not cost another one its guest."""
    begun = tmp_path / "begun"

    def fail(task: int) -> None:
        while not begun.exists():
            time.sleep(0.01)
        raise SetupError("QEMU does not start")

    def work(task: str) -> None:
        if task == "fails":
            with pytest.raises(SetupError):
                list(side_by_side.run([1], fail))
            (tmp_path / "failed").touch()
        else:
            script = "touch begun; until [ -e failed ]; do sleep 0.01; done"
            tools.run(["sh", "-c", script], tmp_path / "log", "the neighbour", tmp_path)

    assert len(list(side_by_side.run(["fails", "neighbour"], work, at_once=2))) == 2
