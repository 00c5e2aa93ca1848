"""Building user-mode Linux: what can be said without building it."""

import threading
from pathlib import Path

from harness import uml


def test_objects_are_counted_while_make_makes_and_removes_folders(tmp_path: Path) -> None:
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel/fork.o").touch()
    stop = threading.Event()

    def make() -> None:
        while not stop.is_set():
            for number in range(50):
                (tmp_path / f".tmp_{number}").mkdir()
            for number in range(50):
                (tmp_path / f".tmp_{number}").rmdir()

    thread = threading.Thread(target=make)
    thread.start()
    try:
        assert {uml._objects(tmp_path) for _ in range(300)} == {1}
    finally:
        stop.set()
        thread.join()
