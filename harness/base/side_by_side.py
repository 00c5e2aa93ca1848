"""Several tasks at once, as guests that run, each in a thread of its own."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from harness.base.ending import EndableWork
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
    Whatever ends this early, an exception of the work among it, ends the guests and the other
    programs that the work waits for, and the work under way starts no others.
    """

    def quietly(task: Task) -> Answer:
        with hushed(), every.in_this_thread():
            return work(task)

    every = EndableWork()
    pool = ThreadPoolExecutor(max_workers=at_once or workers())
    futures = {pool.submit(quietly, task): task for task in tasks}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        every.end()
        raise
    finally:
        pool.shutdown()
