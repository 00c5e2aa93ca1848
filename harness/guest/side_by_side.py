"""Several guests at once, each listened to by a thread of its own."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from harness.guest import guest
from harness.base.progress import hushed

Task = TypeVar("Task")
Answer = TypeVar("Answer")


def workers() -> int:
    """Return how many guests run at once: a guest uses one processor."""
    return os.cpu_count() or 1


def run(
    tasks: Iterable[Task], work: Callable[[Task], Answer], at_once: int | None = None
) -> Iterator[tuple[Task, Answer]]:
    """Do the work for each task; yield a task and what came of it as they end.

    The tasks are begun in their order, ``at_once`` of them at a time, by default workers().
    Whatever ends this early, an exception of the work among it, ends the guests as well, and
    the work under way starts no others.
    """

    def quietly(task: Task) -> Answer:
        with hushed(), guest.only_until(over):
            return work(task)

    over = threading.Event()
    pool = ThreadPoolExecutor(max_workers=at_once or workers())
    futures = {pool.submit(quietly, task): task for task in tasks}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        over.set()
        guest.kill_all()
        raise
    finally:
        pool.shutdown()
