"""Real boots: gdb on a lab."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from harness.base.paths import BUILD
from harness.tests.conftest import KMAPLAB, BreakLab, Kmaplab

pytestmark = pytest.mark.boot

# To where the lab has mapped its memory, and on to where it says which frame that is.
_SESSION = """
next
print 'lab_kmalloc.c'::lab.size
lab-frames
frame function lab_kmalloc_mmap
finish
lab-walk $mapped
lab-frames
delete
tbreak lab_kmalloc_translate
continue
set $page = page
finish
print/x $page->pfn
lab-walk $page->kernel_addr
break remap_pfn_range
"""


def frames_in(text: str) -> list[str]:
    """Return the frames to which walks have led."""
    return re.findall(r"^  frame (0x[0-9a-f]+),", text, re.MULTILINE)


@pytest.mark.parametrize("arch", ["x86_64", "arm64"])
def test_gdb_stops_in_mmap_and_the_page_tables_agree_with_the_lab(
    kmaplab: Kmaplab, arch: str
) -> None:
    outcome = kmaplab("debug", "--arch", arch, "--lab", "kmalloc", "--cmd", _SESSION).expect(0)
    said = outcome.out
    assert re.search(r"^Breakpoint 1, lab_kmalloc_mmap \(file=0x", said, re.M), said
    assert "\n$1 = 16384\n" in said, said
    before, after = said.split("(gdb) finish\n")[:2]
    assert before.count("not mapped yet") == 4, said
    assert re.findall(r"0x\S+  (the same|ANOTHER FRAME)", after) == ["the same"] * 4, said
    [pfn] = re.findall(r"^\$\d+ = (0x[0-9a-f]+)$", said.partition("$page->pfn\n")[2], re.M)
    assert frames_in(said) == [pfn, pfn], said
    assert "PGD  index" in said and "PTE  index" in said, said
    assert re.search(r"^Breakpoint \d+ at 0xffff", said, re.M), "the kernel's symbols are there"


def test_a_copy_is_debugged_with_its_own_source_and_another_frame_is_seen(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_kmalloc")
    lab.replace("first + vma->vm_pgoff,", "first + 1 + vma->vm_pgoff, /* by a student */")
    commands = "list 98,105; finish; lab-frames; info source"
    call = ("--labs", lab.directory, "--lab", "kmalloc", "--cmd", commands)
    outcome = kmaplab("debug", *call).expect(0)
    assert "by a student" in outcome.out, outcome.out
    assert outcome.out.count("ANOTHER FRAME") == 4, outcome.out
    assert f"Located in {lab.source}" in outcome.out, outcome.out


def test_a_crash_is_recorded_and_comes_again_at_the_same_place(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_kmalloc")
    line = "\tfirst = PHYS_PFN(virt_to_phys(lab->view.vaddr));"
    lab.replace(line, "\tif (vma->vm_pgoff)\n\t\t*(volatile int *)8 = 1;\n" + line)
    call = ("--labs", lab.directory, "--lab", "kmalloc", "--limit", "900")
    oops = kmaplab("record", *call).expect(3).out
    assert "lab_kmalloc pages=4: its kernel crashed" in oops, oops
    place = re.search(r"RIP: 0010:(lab_kmalloc_mmap\+0x[0-9a-f]+)/", oops)
    stack = re.search(r"RSP: 0018:([0-9a-f]+)", oops)
    assert place and stack, oops
    commands = f"delete; tbreak *({place[1]}); continue; print/x $rsp; print vma->vm_pgoff"
    again = kmaplab("replay", *call, "--cmd", commands).expect(0).out
    assert f"= 0x{stack[1]}\n" in again, f"{oops}\n{again}"
    assert "volatile int" in again, f"gdb shows the line that crashed:\n{again}"


def test_what_was_not_recorded_cannot_come_again(kmaplab: Kmaplab) -> None:
    shutil.rmtree(BUILD / "recordings/lab_pages-6.1-x86_64", ignore_errors=True)
    outcome = kmaplab("replay", "--lab", "pages", "--cmd", "quit").expect(2)
    assert "there is no recording of lab_pages: make record LAB=lab_pages" in outcome.err


def test_user_mode_linux_is_debugged_as_the_process_that_it_is(kmaplab: Kmaplab) -> None:
    commands = "print/x vma->vm_pgoff; finish; lab-walk 0"
    call = ("debug", "--arch", "um", "--lab", "pages", "--cmd", commands)
    outcome = kmaplab(*call).expect(1)
    assert "Breakpoint 1, lab_pages_mmap (" in outcome.out, outcome.out
    assert "Value returned is $2 = 0" in outcome.out, outcome.out
    assert "ARCH=um has no page tables of its own" in outcome.err, outcome.err


@pytest.mark.parametrize(
    ("commands", "status", "says"),
    [
        ("print nosuch", 1, 'No symbol "nosuch"'),
        ("lab-walk nosuch", 1, 'No symbol "nosuch"'),
        ("delete; continue", 3, "the guest was gone before gdb was done"),
        ("delete; python while True: pass", 3, "gdb was still running after 30 s"),
    ],
)
def test_commands_that_fail_or_never_end_are_said_to(
    kmaplab: Kmaplab, commands: str, status: int, says: str
) -> None:
    limit = "25" if "while" in commands else "120"
    call = ("debug", "--lab", "kmalloc", "--limit", limit, "--cmd", commands)
    assert says in kmaplab(*call).expect(status).err


def test_a_person_gets_a_prompt_and_nothing_outlives_a_kill() -> None:
    said, process = b"", None
    ours, its = pty.openpty()
    try:
        call = [str(KMAPLAB), "debug", "--lab", "kmalloc"]
        process = subprocess.Popen(call, stdin=its, stdout=its, stderr=its)
        os.close(its)
        said += _until(ours, b"(gdb) ")
        assert b"lab-walk ADDRESS" in said and b"not fetched" in said, said.decode()
        os.write(ours, b"print 6 * 7\n")
        said += _until(ours, b"= 42")
        # Ctrl-C is gdb's: it ends the loop, and not the session.
        os.write(ours, b"python while True: pass\n")
        said += _until(ours, b"pass")
        said += _until(ours, b"(gdb) ", key=b"\x03")
        assert _processes_in(process.pid), "QEMU runs below build/scratch"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143, said.decode()
        assert not _processes_in(process.pid), "QEMU or gdb was left behind"
    finally:
        if process and process.poll() is None:
            process.kill()
        os.close(ours)


def _until(terminal: int, text: bytes, key: bytes = b"") -> bytes:
    """Return what is said up to a text; fail if it does not come within five minutes.

    A ``key`` is pressed after each second in which nothing is said: the first may be too early.
    """
    heard, deadline = b"", time.monotonic() + 300
    while text not in heard:
        left = max(0, deadline - time.monotonic())
        ready, _, _ = select.select([terminal], [], [], min(left, 1) if key else left)
        assert ready or left, f"{text!r} did not come; what came was:\n{heard.decode()}"
        if ready:
            heard += os.read(terminal, 1 << 16)
        elif key:
            os.write(terminal, key)
    return heard


def _processes_in(kmaplab: int) -> list[str]:
    """Return the processes that work in the scratch directory of a kmaplab."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if str(path.readlink()).startswith(f"{BUILD}/scratch-{kmaplab}-"):
                found.append(path.parent.name)
        except OSError:
            continue
    return found
