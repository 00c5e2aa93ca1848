"""Several guests at once, each listened to by a thread of its own."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from harness.guest import guest
from harness.base.progress import hushed

Job = TypeVar("Job")
Result = TypeVar("Result")


def workers() -> int:
    """Return how many guests run at once: a guest uses one processor."""
    return os.cpu_count() or 1


def run(jobs: Iterable[Job], work: Callable[[Job], Result]) -> Iterator[tuple[Job, Result]]:
    """Do the work for each job; yield a job and what came of it as they end.

    The jobs are begun in their order. Whatever ends this early, an exception of the
    work among it, ends the guests as well.
    """

    def quietly(job: Job) -> Result:
        with hushed():
            return work(job)

    pool = ThreadPoolExecutor(max_workers=workers())
    futures = {pool.submit(quietly, job): job for job in jobs}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        guest.kill_all()
        raise
    finally:
        pool.shutdown()
