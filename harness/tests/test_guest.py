"""The guest's process: bounded, and never left behind.

A script stands for QEMU: what is tested is what happens around it.
"""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.guest import guest
from harness.base.errors import SetupError
from harness.guest.guest import Ending
from harness.guest.machine import Machine
from harness.kernels.debian import Kernel
from harness.kernels.targets import Target
from harness.runs import listening


# How the fixture below is called, and what it takes to listen.
RunQemu = Callable[..., Ending]
Listens = Callable[[bytes], bool]


@pytest.fixture
def qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunQemu:
    """Return a function that runs a shell script in QEMU's place.

    $results names the file descriptor of the result channel.
    """

    def run(
        script: str,
        limit: float = 20.0,
        enough: Listens = lambda data: False,
        patience: Callable[[], float] | None = None,
    ) -> Ending:
        path = tmp_path / "qemu-system-x86_64"
        find = "results=$(echo \"$*\" | sed 's/.*fd=\\([0-9]*\\),set=1.*/\\1/')"
        # dash has file descriptors of one digit only.
        say = 'say() { echo "$*" >/proc/$$/fd/$results; }'
        path.write_text(f"#!/bin/sh\n{find}\n{say}\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        nowhere = tmp_path / "none"
        kernel = Kernel(Target(), "6.1", "6.1", nowhere, nowhere, nowhere, nowhere)
        return guest.run(Machine(kernel, nowhere, limit=limit), enough, patience)

    return run


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def test_both_outputs_are_heard_and_kept_apart(qemu: RunQemu) -> None:
    heard: list[bytes] = []
    ending = qemu("echo console; say results", enough=heard.append)
    assert (ending.console, heard) == (b"console\n", [b"results\n"])
    assert not ending.finished and not ending.stopped


def test_a_satisfied_listener_ends_the_guest_at_once(qemu: RunQemu) -> None:
    begun = time.monotonic()
    ending = qemu("say done; sleep 600", enough=lambda data: b"done" in data)
    assert ending.finished
    assert time.monotonic() - begun < 300


def test_a_guest_that_hangs_is_killed_with_all_that_it_started(
    qemu: RunQemu, tmp_path: Path
) -> None:
    ending = qemu(f"sleep 600 & echo $! >{tmp_path}/child; wait", limit=5.0)
    assert ending.stopped and not ending.finished
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not alive(child):
            break
        time.sleep(0.05)
    assert not alive(child)


def test_a_machine_that_is_off_may_end_as_it_likes(qemu: RunQemu) -> None:
    ending = qemu("echo '[ 0.4] reboot: System halted'; exit 134")
    assert not ending.finished and not ending.stopped


def test_a_guest_that_closes_its_outputs_and_stays_is_killed_too(qemu: RunQemu) -> None:
    begun = time.monotonic()
    qemu("say done; exec >/dev/null 2>&1; sleep 600", limit=2.0)
    assert time.monotonic() - begun < 300


def test_qemu_that_refuses_to_start_is_a_matter_of_set_up(qemu: RunQemu) -> None:
    with pytest.raises(SetupError, match="status 1. It said:\n *no such machine"):
        qemu("echo no such machine; exit 1")


def test_a_console_that_floods_does_not_fill_the_memory(qemu: RunQemu) -> None:
    ending = qemu("head -c 20000000 /dev/zero")
    assert len(ending.console) == 4 << 20


def test_qemu_that_dies_is_a_matter_of_set_up(qemu: RunQemu) -> None:
    with pytest.raises(SetupError, match="killed by signal 6"):
        qemu("kill -ABRT $$")


def test_a_guest_that_dies_of_what_it_has_destroyed_is_no_matter_of_set_up(qemu: RunQemu) -> None:
    ending = qemu("echo 'BUG: Bad page state in process lab_remap'; kill -ABRT $$")
    assert b"Bad page state" in ending.console and not ending.finished


def machine(arch: str) -> Machine:
    nowhere = Path("none")
    kernel = Kernel(Target("6.1", arch), "6.1", "6.1", nowhere, nowhere, nowhere, nowhere)
    return Machine(kernel, nowhere)


def test_each_uml_guest_has_a_processor_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "BUILD", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 5})
    with guest._processor(machine("um")) as first, guest._processor(machine("um")) as second:
        assert (first, second) == (3, 5)
        with guest._processor(machine("um")) as third:
            assert third in (3, 5)
    with guest._processor(machine("um")) as again:
        assert again == 3
        assert ["taskset", "-c", "3"] == machine("um").command(9, processor=again)[3:6]


def test_qemu_runs_where_it_likes() -> None:
    with guest._processor(machine("x86_64")) as processor:
        assert processor is None
    assert "taskset" not in machine("x86_64").command(9)


def patient(seconds: float) -> Callable[[], float]:
    return lambda: seconds


def test_a_guest_that_works_without_a_word_is_ended_and_one_that_speaks_is_not(
    qemu: RunQemu,
) -> None:
    silent = qemu("while :; do :; done", limit=60.0, patience=patient(0.5))
    assert silent.stopped and silent.stopped.startswith("said nothing for")
    speaks = "for i in $(seq 30); do say alive; timeout 0.1 sh -c 'while :; do :; done'; done; :"
    assert qemu(speaks, limit=60.0, patience=patient(3.0)).stopped is None


@pytest.mark.parametrize("is_timeless", (True, False))
def test_a_guest_that_does_nothing_may_wait_for_something_if_that_takes_time(
    is_timeless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "_LOOK", 0.1)
    monkeypatch.setattr(guest, "_DEAD", 0.5)
    with subprocess.Popen(["sleep", "1000"]) as process:
        watch = guest._Watch(process.pid, None, None, patient(1000.0), is_timeless)
        stopped = None
        for _ in range(20):
            time.sleep(0.1)
            stopped = stopped or watch.why_not()
        process.kill()
    assert (stopped or "").startswith("did nothing for") == is_timeless


def test_a_guest_that_needs_no_time_to_wait_is_known_by_its_argument() -> None:
    for arch, is_timeless in (("um", True), ("x86_64", False), ("arm64", False)):
        assert listening.to_see_all(machine(arch)).is_timeless == is_timeless
        assert not machine(arch).is_timeless


def test_a_guest_that_fills_the_hosts_memory_is_ended(
    qemu: RunQemu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "_MOST_MEMORY", 32 << 20)
    script = "much=$(head -c 60000000 /dev/zero | tr '\\0' a); while :; do :; done"
    fills = qemu(script, patience=patient(1000.0))
    assert fills.stopped and "of memory" in fills.stopped


def test_little_patience_is_had_with_a_kernel_that_is_broken(
    qemu: RunQemu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "_PATIENCE_WITH_THE_BROKEN", 0.5)
    script = "printf 'BUG: Bad'; sleep 0.1; echo ' page state'; while :; do :; done"
    silent = qemu(script, limit=60.0, patience=patient(1000.0))
    assert silent.stopped and silent.stopped.startswith("said nothing for")


def test_a_kernel_that_only_says_that_it_hangs_is_silent(qemu: RunQemu) -> None:
    stall = "echo 'watchdog: BUG: soft lockup - CPU#0 stuck for 26s!'"
    script = f"while :; do {stall}; timeout 0.1 sh -c 'while :; do :; done'; done"
    ending = qemu(script, limit=60.0, patience=patient(0.5))
    assert ending.stopped and ending.stopped.startswith("said nothing for")
    # A mark must be the same each time.
    assert ending.why_gone == "said nothing for too long and was killed"


def test_results_without_end_are_not_kept_for_ever(
    qemu: RunQemu, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "_MOST_RESULT_BYTES", 1 << 20)
    ending = qemu("while :; do say $(head -c 50000 /dev/zero | tr '\\0' x); done")
    assert ending.stopped and "sent more than" in ending.stopped
