"""Runs of a lab that are kept, and come again instruction by instruction.

QEMU writes down what comes to the machine from outside, and counts its time in instructions
(docs/replay.txt of QEMU). The machine boots, has one processor and no disks: what it needs is
in its initramfs, and nobody types anything.

    build/recordings/<lab>-<target>/    the last recording of a lab: events, facts.json,
                                        the initramfs and the modules
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK, GuestError, RequestError
from harness.base.paths import BUILD
from harness.base.progress import say, step
from harness.build import symbols
from harness.build.modules import Modules
from harness.guest import consoles, guest
from harness.guest.channel import Files, LineReader
from harness.guest.guest import Ending
from harness.guest.machine import Rewind
from harness.kernels.request import Request
from harness.kernels.targets import EMULATED
from harness.results import kernel_log
from harness.runs.debugging import DebugCollector, Debugging, RunningGuest

_EVENTS, _FACTS = "events", "facts.json"

_MOST_CRASH_LINES = 30


def require_emulated(request: Request) -> None:
    """Raise RequestError for a guest that QEMU does not run."""
    if not request.target.architecture.qemu:
        raise RequestError(f"ARCH={request.target.arch} cannot be recorded: use ARCH={EMULATED}")


def _place_of(session: Debugging) -> Path:
    """Return the directory for a lab's recording."""
    target = session.machine.kernel.target
    return BUILD / "recordings" / f"{session.load.lab.name}-{target}"


def record(session: Debugging) -> int:
    """Run the lab's check program, and keep the run; return the exit status.

    Raises GuestError for a run that does not end by itself.
    """
    where = _place_of(session)
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)
    kernel = session.machine.kernel
    wants_symbols = not symbols.is_known(kernel)
    job = session.job(wants_symbols, waits=False)
    files = Files()
    collector = DebugCollector(LineReader(job.nonce, files), files, ends_itself=True)
    machine = replace(session.machine, boots=True, rewind=Rewind(where / _EVENTS))
    with step(f"recording {session.load} on {kernel.release}"):
        ending = guest.run(job.give(machine, where), collector.feed)
    consoles.keep("record", machine, ending)
    if ending.stopped or not collector.sections:
        lines = "\n".join(f"    {line}" for line in ending.last_lines())
        why = "; ".join(collector.errors) or f"the guest {ending.stopped or 'was gone'}"
        raise GuestError(f"there is nothing to replay: {why}; its console:\n{lines}")
    if wants_symbols:
        symbols.keep(kernel, files.contents().get("kallsyms", b""), session.files[0])
    for path in session.files:
        symbols.copy_of_module(path, where)
    facts = {
        "text": collector.text,
        "sections": collector.sections,
        "built": str(session.built.directory),
    }
    (where / _FACTS).write_text(json.dumps(facts))
    return _tell_of(session, ending, collector.status, (where / _EVENTS).stat().st_size)


def _tell_of(session: Debugging, ending: Ending, status: int | None, size: int) -> int:
    """Say how a recorded run has ended; return the exit status."""
    crash = kernel_log.has_panic(ending.console)
    how = "its kernel crashed" if crash else f"the check program ended with status {status}"
    print(f"{session.load}: {how}")
    say(f"{size / 1e6:.1f} MB of events are kept for make replay")
    if crash:
        print("\n".join(f"    {line}" for line in ending.last_lines()[:_MOST_CRASH_LINES]))
        return GUEST_BROKEN
    return OK if status == 0 else CHECK_FAILED


def replay(session: Debugging) -> int:
    """Have a kept run come again under gdb; return the exit status.

    Raises RequestError if there is none.
    """
    where = _place_of(session)
    name = session.load.lab.name
    if not (where / _FACTS).is_file():
        raise RequestError(f"there is no recording of {name}: make record LAB={name}")
    facts = json.loads((where / _FACTS).read_text())
    files = tuple(where / f"{module}.ko" for module in (name, "lab_core"))
    machine = replace(
        session.machine,
        initrd=where / "initrd.cpio",
        before=(),
        boots=True,
        debugger=True,
        rewind=Rewind(where / _EVENTS, replays=True),
    )
    again = replace(session, machine=machine, built=Modules(Path(facts["built"]), files, ""))
    collector = DebugCollector(LineReader(""), Files(), facts["sections"], facts["text"])
    running = RunningGuest(machine, collector)
    running.start()
    try:
        running.wait_for_debugger(where)
        return again.gdb(running, where)
    finally:
        running.end()
