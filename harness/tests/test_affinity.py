"""Emulated processors are spread over those of this machine."""

import os
import subprocess
import sys

from harness.guest import affinity

# Two threads with the names that QEMU gives to emulated processors, and one with another,
# below a process that only starts them.
_THREADS = """
import threading, time
def wait(name):
    open("/proc/thread-self/comm", "w").write(name)
    ready.wait()
    time.sleep(60)
ready = threading.Barrier(4)
for name in ("CPU 0/TCG", "CPU 1/TCG", "worker"):
    threading.Thread(target=wait, args=(name,), daemon=True).start()
ready.wait()
print("ready", flush=True)
time.sleep(60)
"""


def allowed(process: int) -> dict[str, set[int]]:
    """Return the processors that each thread may use, by its name."""
    found = {}
    for thread in os.listdir(f"/proc/{process}/task"):
        with open(f"/proc/{process}/task/{thread}/comm") as comm:
            found[comm.read().strip()] = os.sched_getaffinity(int(thread))
    return found


def test_each_stays_on_one_and_no_two_on_the_same_while_there_are_enough() -> None:
    command = [sys.executable, "-c", _THREADS]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        affinity.spread(process.pid)
        found = allowed(process.pid)
        process.kill()
    able = os.sched_getaffinity(0)
    first, second = found["CPU 0/TCG"], found["CPU 1/TCG"]
    assert len(first) == len(second) == 1
    assert first != second or len(able) == 1
    assert found["worker"] == able
