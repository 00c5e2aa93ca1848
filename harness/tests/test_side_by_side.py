"""Guests side by side: what ends them all."""

import threading
import time

import pytest

from harness.base.errors import SetupError
from harness.guest import guest, side_by_side


def test_work_that_is_over_starts_no_more_guests() -> None:
    """A mistake that survives is tried ten times: not after somebody has had enough."""
    begun = threading.Event()
    tries = []

    def work(task: str) -> None:
        if task == "fails":
            begun.wait(10)
            raise SetupError("no more disk")
        for number in range(1000):
            guest.stop_if_over()
            tries.append(number)
            begun.set()
            time.sleep(0.01)

    with pytest.raises(SetupError, match="no more disk"):
        list(side_by_side.run(["goes on", "fails"], work, at_once=2))
    assert 0 < len(tries) < 1000
    # It holds for that work alone.
    guest.stop_if_over()
    assert [answer for _, answer in side_by_side.run(["a"], str.upper)] == ["A"]
