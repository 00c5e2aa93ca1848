"""What runs inside gdb: attaches it to a guest, and adds two commands of the labs.

harness/runs/debugging.py starts gdb with this file, and with a file of JSON in the variable
KMAPLAB_SESSION of gdb's Python. gdb's own module is described in its manual, "Python API".
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gdb

from harness.base.errors import GuestError
from harness.guest import gdb_stub
from harness.guest.gdb_stub import MachineStub
from harness.guest.walks import PageRow, describe_frames, describe_walk
from harness.kernels.page_tables import PAGE_SIZE, PageTables, Translation
from harness.kernels.targets import ARCHES, EMULATED

# What gdb ends with if a command of CMD= fails, and if the guest was gone.
_COMMAND_FAILED = 1
_GUEST_GONE = 3

_INTRO = """
The check program of {lab} is about to map the lab's memory. It stands still, and so does the
whole guest.
    next, step, finish      one line; into a function; to the end of this one
    print *vma              what a variable holds
    lab-walk ADDRESS        the page table entries on the way to an address
    lab-frames              the page frames of the lab, and where the program maps them
    lab-walk $mapped        of the first address of that mapping
    continue                to the next call of mmap()
    quit                    ends the guest as well
"""


@dataclass(frozen=True)
class Session:
    """What to attach to. ``sections`` has for each module's file the address of each section.

    ``keyboard`` is the descriptor on which the guest waits for a line, or -1: then a recorded
    run comes again. ``commands`` are those of CMD=, None for a person at a terminal.
    """

    lab: str
    arch: str
    target: str
    symbols: dict[str, dict[str, int]]
    modules: dict[str, dict[str, int]]
    sources: dict[str, str]
    missing: list[str]
    keyboard: int
    commands: list[str] | None


class GdbStub(MachineStub):
    """QEMU's stub, by way of gdb's own connection to it."""

    def ask(self, packet: str) -> bytes:
        """Send a packet and return the answer."""
        connection = gdb.selected_inferior().connection
        if not hasattr(connection, "send_packet"):
            raise GuestError("gdb is not connected to a machine")
        return bytes(connection.send_packet(packet.encode()) or b"")


@contextmanager
def page_tables(session: Session) -> Iterator[PageTables]:
    """Give the page tables of the machine, which stands still."""
    qemu = ARCHES[session.arch].qemu
    if not qemu:
        raise gdb.GdbError(
            f"ARCH={session.arch} has no page tables of its own: its programs are processes of "
            f"this machine. Use ARCH={EMULATED}."
        )
    stub = GdbStub()
    try:
        registers = stub.registers(qemu.tables.registers)
        stub.see_ram()
        try:
            yield gdb_stub.tables_of(stub, qemu.tables, registers)
        finally:
            stub.see_ram(False)
    except GuestError as error:
        raise gdb.GdbError(str(error)) from error


class LabWalk(gdb.Command):  # type: ignore[misc]
    """lab-walk ADDRESS: the page table entries on the way to an address.

    The address may be any expression, of the kernel or of the program that called it:
    lab-walk vma->vm_start, lab-walk lab->view.vaddr"""

    def __init__(self, session: Session) -> None:
        super().__init__("lab-walk", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)
        self._session = session

    def invoke(self, argument: str, from_tty: bool) -> None:
        """Print the walk."""
        if not argument:
            raise gdb.GdbError("lab-walk needs an address, as: lab-walk vma->vm_start")
        with _complaining(argument):
            address = _number(gdb.parse_and_eval(argument))
        with page_tables(self._session) as tables:
            print(describe_walk(tables, address))


class LabFrames(gdb.Command):  # type: ignore[misc]
    """lab-frames [VMA]: the page frames of the lab, and where a program maps them.

    VMA is an expression, a pointer to struct vm_area_struct or struct vm_area_desc; without
    it, the one that a function had as vma or desc where the guest stopped last. Where that
    begins is in $mapped."""

    def __init__(self, session: Session) -> None:
        super().__init__("lab-frames", gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)
        self._session = session
        self._area: tuple[int, int, int] | None = None
        gdb.events.stop.connect(lambda _: self._note())

    def _note(self) -> None:
        """Note the VMA that the function has in which the guest has stopped."""
        for name in ("vma", "desc"):
            try:
                self._area = _extent(gdb.parse_and_eval(name))
                gdb.set_convenience_variable("mapped", self._area[0])
                return
            except gdb.error:
                continue

    def invoke(self, argument: str, from_tty: bool) -> None:
        """Print a line for each page."""
        if argument:
            with _complaining(argument):
                self._area = _extent(gdb.parse_and_eval(argument))
        with _complaining("the lab's memory"):
            kernel, pages = _view_of(self._session.lab)
        with page_tables(self._session) as tables:
            rows = list(_rows(tables, kernel, pages, self._area))
        print(describe_frames(rows))


@contextmanager
def _complaining(what: str) -> Iterator[None]:
    """Have gdb's errors about something be those of the command, in one line."""
    try:
        yield
    except gdb.error as error:
        raise gdb.GdbError(f"{what}: {error}") from error


def _number(value: Any) -> int:
    """Return an address from a number or a pointer."""
    if value.type.strip_typedefs().code == gdb.TYPE_CODE_ARRAY:
        value = value.address
    return int(value) & (1 << 64) - 1


def _extent(area: Any) -> tuple[int, int, int]:
    """Return start, end and first page of a struct vm_area_struct or vm_area_desc."""
    try:
        return int(area["vm_start"]), int(area["vm_end"]), int(area["vm_pgoff"])
    except gdb.error:
        return int(area["start"]), int(area["end"]), int(area["pgoff"])


def _view_of(name: str) -> tuple[int, int]:
    """Return the kernel's address of a lab's memory, and the number of its pages.

    Raises gdb.error if the module has no variable ``lab``, as those of this project do.
    """
    for objfile in gdb.objfiles():
        if Path(objfile.filename or "").stem == name:
            symbol = objfile.lookup_static_symbol("lab") or objfile.lookup_global_symbol("lab")
            if symbol:
                lab = symbol.value()
                return _number(lab["view"]["vaddr"]), int(lab["size"]) // PAGE_SIZE
    raise gdb.error(f"{name} has no variable lab")


def _rows(
    tables: PageTables, kernel: int, pages: int, area: tuple[int, int, int] | None
) -> Iterator[PageRow]:
    """Yield what leads to each page of a lab."""
    for page in range(pages):
        user = None
        if area and area[2] <= page < area[2] + (area[1] - area[0]) // PAGE_SIZE:
            user = area[0] + (page - area[2]) * PAGE_SIZE
        own = kernel + page * PAGE_SIZE
        yield PageRow(page, own, _frame(tables.translate(own)), user, _user_frame(tables, user))


def _user_frame(tables: PageTables, user: int | None) -> int | None:
    return None if user is None else _frame(tables.translate(user))


def _frame(found: Translation | None) -> int | None:
    return found.physical // PAGE_SIZE if found else None


def _read_session(path: str) -> Session:
    return Session(**json.loads(Path(path).read_text()))


def _attach(session: Session) -> None:
    """Connect to the guest, and say where everything is."""
    for setting in ("pagination off", "confirm off", "filename-display basename"):
        gdb.execute(f"set {setting}")
    if session.keyboard < 0:
        # There is no code in the machine's memory yet: gdb reads that of the modules' files.
        gdb.execute("set trust-readonly-sections on")
    for origin, shown in session.sources.items():
        gdb.execute(f"set substitute-path {origin} {shown}")
    with _silence():
        gdb.execute(session.target)
    for path, sections in {**session.symbols, **session.modules}.items():
        where = " ".join(f"-s {name} {address:#x}" for name, address in sections.items())
        gdb.execute(f"add-symbol-file {path} {where}", to_string=True)


@contextmanager
def _silence() -> Iterator[None]:
    """Have gdb say nothing; to_string=True does not catch warnings and where a program is."""
    gdb.flush()
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        yield
        gdb.flush()
    finally:
        for descriptor, copy in zip((1, 2), kept):
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)


def _stop_in_mmap(session: Session) -> None:
    """Let the guest go on until the lab is about to map its memory."""
    names = [f"{session.lab}_mmap", f"{session.lab}_mmap_prepare"]
    found = [symbol for symbol in map(_function, names) if symbol]
    for symbol in found:
        # By its name alone gdb would also stop at its symbol, before the arguments are there.
        source = Path(symbol.symtab.filename).name
        gdb.execute(f"break -source {source} -function {symbol.name}", to_string=True)
    if not found:
        print(f"{session.lab} has no function {' or '.join(names)}: no breakpoint is set")
    if session.keyboard < 0:
        gdb.execute("hbreak panic", to_string=True)
    else:
        os.write(session.keyboard, b"\n")
    if found or session.keyboard < 0:
        said = gdb.execute("continue", to_string=True)
        print(said[said.index("Breakpoint") :] if "Breakpoint" in said else said, end="")


def _function(name: str) -> Any:
    return gdb.lookup_static_symbol(name) or gdb.lookup_global_symbol(name)


def _run_commands(commands: list[str]) -> int:
    """Run the commands of CMD=; return what gdb ends with."""
    for command in commands:
        print(f"(gdb) {command}", flush=True)
        try:
            gdb.execute(command)
        except gdb.error as error:
            print(error, file=sys.stderr)
            return _COMMAND_FAILED if gdb.selected_inferior().pid else _GUEST_GONE
    return 0


def _kill() -> None:
    """End the guest, if it is still there."""
    try:
        with _silence():
            gdb.execute("kill")
    except gdb.error:
        pass


def _begin(session: Session) -> None:
    LabWalk(session)
    LabFrames(session)
    if session.commands is None:
        for text in session.missing:
            print(text)
    try:
        _attach(session)
        _stop_in_mmap(session)
    except gdb.error as error:
        print(error, file=sys.stderr)
        gdb.execute(f"quit {_GUEST_GONE}")
    if session.commands is None:
        print(_INTRO.format(lab=session.lab))
    else:
        status = _run_commands(session.commands)
        _kill()
        gdb.execute(f"quit {status}")


if __name__ == "__main__":
    _begin(_read_session(globals()["KMAPLAB_SESSION"]))
