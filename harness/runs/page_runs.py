"""Running the transcripts of a page: what a reader would type, in the reader's order.

Commands of the host run in a terminal of 80 columns, in the top directory. What stands
behind ``$ make console`` runs in one guest, as a script on the console's standard input.
The page's /tmp is a directory of our own.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.base import terminal, tools
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.paths import BUILD, ROOT
from harness.catalogue.pages import Block, Command, Page
from harness.results import transcript
from harness.results.transcript import Addresses, AddressPair

# Seconds of wall time for one command of the host, or one guest.
_LIMIT = 900.0
# What a command leaves in the background must have spoken before the next one does.
_BACKGROUND_SECONDS = 1
_TMP = "/tmp/"


@dataclass(frozen=True)
class Difference:
    """A line of a page that is not what came."""

    page: Path
    line: int
    expected: str
    found: str

    def __str__(self) -> str:
        where = f"{self.page.relative_to(ROOT)}:{self.line}"
        return f"{where}: expected {self.expected}\n{' ' * len(where)}     found {self.found}"


@dataclass(frozen=True)
class Ran:
    """A block that was run: what each of its commands printed."""

    block: Block
    printed: dict[Command, list[str]] = field(default_factory=dict)

    def differences(self) -> list[Difference]:
        """Return the first difference, if there is one: others may follow from it."""
        pairs: list[AddressPair] = []
        addresses = Addresses(self.block.addresses)
        for command, lines in self.printed.items():
            mismatch = transcript.compare(command.output, lines, addresses, pairs)
            if mismatch:
                line = command.output_line + mismatch.index
                return [Difference(self.block.page, line, mismatch.expected, mismatch.found)]
        return []

    def refreshed(self) -> list[str]:
        """Return the block's lines as the run would have them."""
        lines: list[str] = []
        for command in self.block.commands:
            lines.append(f"{'#' if command.in_guest else '$'} {command.text}")
            lines += transcript.refresh(command.output, self.printed[command])
        return "\n".join(lines).splitlines()


def run(page: Page) -> list[Ran]:
    """Run all transcripts of a page that can be run, in their order.

    A command of the host that fails, and a guest that dies, has printed a line that says
    so behind all others.
    """
    # Always the same directory: what is built from a copy in it is found again.
    directory = BUILD / "pages" / "-".join(page.path.relative_to(ROOT).with_suffix("").parts)
    with locked(directory.with_suffix(".lock"), f"what {page} shows"):
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        place = _Place(directory)
        ran = []
        for block in page.blocks:
            if block.kind == "c":
                place.write(block)
            if block.is_run:
                ran.append(Ran(block))
                for command in block.commands:
                    place.take(command, ran[-1].printed)
        place.end_session()
        return ran


def refresh(page: Page, ran: list[Ran]) -> None:
    """Write a page anew, with what came in the blocks that differ."""
    lines = page.path.read_text().splitlines()
    # From the last block up, since a block's length changes.
    for one in reversed([one for one in ran if one.differences()]):
        first = one.block.line
        fresh = [f"{one.block.indent}{line}".rstrip() for line in one.refreshed()]
        lines[first : first + len(one.block.lines)] = fresh
    page.path.write_text("\n".join(lines) + "\n")


@dataclass
class _Place:
    """Where a page's commands run, and the session of the guest that is open.

    ``session`` has its commands, each with where to put what it prints.
    """

    tmp: Path
    opened: Command | None = None
    session: list[tuple[Command, dict[Command, list[str]]]] = field(default_factory=list)

    def write(self, block: Block) -> None:
        """Put a program of the page into the file that it names."""
        file = Path(self._here(block.words[1]))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(block.lines) + "\n")

    def take(self, command: Command, printed: dict[Command, list[str]]) -> None:
        """Run a command of the host; keep one of the guest until its session ends."""
        printed[command] = []
        if command.in_guest:
            self.session.append((command, printed))
        elif command.opens_session:
            self.end_session()
            self.opened = command
        else:
            status, text = terminal.run(self._here(command.text), _environment(), ROOT, _LIMIT)
            printed[command] = [*self._there(text).splitlines(), *_failure(status)]

    def end_session(self) -> None:
        """Boot a guest for the commands of the session, and sort out what they print."""
        if not self.opened or not self.session:
            return
        mark = f"mark-{os.urandom(8).hex()}"
        typed = script([command.text for command, _ in self.session], mark)
        status, out, err = _feed(self._here(self.opened.text), typed)
        said = self._there(out)
        texts = said.replace("\r\n", "\n").split(f"{mark}\n")[1:]
        for (command, printed), text in zip(self.session, texts):
            printed[command] = text.splitlines()
        if status:
            # It is the last one that spoke that the guest did not survive.
            command, printed = self.session[max(len(texts), 1) - 1]
            printed[command] += [*err.splitlines(), *_failure(status)]
        self.opened, self.session = None, []

    def _here(self, text: str) -> str:
        return text.replace(_TMP, f"{self.tmp}/")

    def _there(self, text: str) -> str:
        return text.replace(f"{self.tmp}/", _TMP)


def _feed(command: str, typed: str) -> tuple[int, str, str]:
    """Run a shell command with text on its standard input; return its status and outputs.

    Raises SetupError if it takes longer than the limit; nothing of it is left then.
    """
    with subprocess.Popen(
        ["sh", "-c", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        cwd=ROOT,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(typed.encode(), timeout=_LIMIT)
        except subprocess.TimeoutExpired as error:
            raise SetupError(f"'{command}' takes longer than {_LIMIT:.0f} s") from error
        finally:
            tools.kill_group(process)
    return process.returncode, out.decode(errors="replace"), err.decode(errors="replace")


def script(commands: Iterable[str], mark: str) -> str:
    """Return a script of commands that prints a line of its own, the mark, before each."""
    lines = []
    for command in commands:
        wait = f"\nsleep {_BACKGROUND_SECONDS}" if command.endswith("&") else ""
        lines.append(f"printf '\\n%s\\n' {mark}\n{command}{wait}")
    return "\n".join([*lines, "exit 0", ""])


def _failure(status: int) -> list[str]:
    return [f"(it ended with status {status})"] if status else []


def _environment() -> dict[str, str]:
    """Return what a person's terminal has, without what makes rich draw in colours."""
    mirrors = {name: value for name, value in os.environ.items() if name.startswith("KMAPLAB_")}
    return tools.environment() | mirrors | {"TERM": "dumb"}
