"""The pages, and the fenced blocks on them.

The first word behind a fence says what the block is:

    console TARGET [exact|any]   a transcript: commands behind ``$`` on the host and behind
                                 ``#`` in the guest that the last ``$ make console`` began,
                                 each with what it prints. TARGET is as x86_64-6.1. With
                                 ``exact`` addresses are compared as they stand, with
                                 ``any`` not at all: see results/transcript.py.
    c FILE                       a program that the commands below find in FILE
    report TARGET [exact|any]    part of the report on a change: see catalogue/changes.py
    sh                           commands without what they print
    text, diff, toml, ...        no commands at all

Blocks of commands that no test runs have the reason in a comment on the line before:

    <!-- not run: an editor waits for a person -->
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.base.paths import ROOT
from harness.kernels.series import DEFAULT_SERIES, SERIES
from harness.kernels.targets import ARCHES, DEFAULT_ARCH, KUNIT_ARCH, NEWEST_NAME

_KINDS = ("console", "c", "report", "sh", "text", "diff", "toml", "make", "python")
_ADDRESSES = ("exact", "any")

_NOT_RUN = re.compile(r"<!-- not run: (.+?) -->\s*", re.DOTALL)
_COMMAND = re.compile(r"([$#]) (\S.*)")
# Commands in a picture would never be run.
_LOOKS_LIKE_A_COMMAND = re.compile(r"\s*([$#] \w|make \w|harness/kmaplab )")
_VERB = re.compile(
    r"(?:make|harness/kmaplab) (run|console|debug|contract|kunit|coverage|mistakes)\b"
)
_UM_VERBS = ("kunit", "coverage", "mistakes")
_OPTION = re.compile(r"\b(?:--)?(ARCH|KERNEL|arch|kernel)[= ](\S+)")
_SESSION = re.compile(r"(make|harness/kmaplab) console\b(?!.*(CMD=|--cmd\b))")


@dataclass(frozen=True)
class Command:
    """A command of a transcript: its line on the page, and the lines that it prints."""

    line: int
    in_guest: bool
    text: str
    output: tuple[str, ...]

    @property
    def opens_session(self) -> bool:
        """Whether it is the console, in which the commands of the guest follow."""
        return not self.in_guest and bool(_SESSION.match(self.text))

    @property
    def output_line(self) -> int:
        """The line of the page where what it prints begins."""
        return self.line + 1 + self.text.count("\n")


@dataclass(frozen=True)
class Block:
    """A fenced block: the line of its fence, the words behind it, and its lines.

    ``indent`` is what stands before each line on the page. ``not_run`` is the reason, or
    None for a block that is run.
    """

    page: Path
    line: int
    words: tuple[str, ...]
    lines: tuple[str, ...]
    indent: str = ""
    not_run: str | None = None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def kind(self) -> str:
        """The first word, "" if there is none."""
        return self.words[0] if self.words else ""

    @property
    def target(self) -> str:
        """The target of a transcript as the page writes it, "" if there is none."""
        return self.words[1] if len(self.words) > 1 else ""

    @property
    def addresses(self) -> str:
        """How addresses are compared: equal, exact or any."""
        return next((word for word in self.words[2:] if word in _ADDRESSES), "equal")

    @property
    def is_run(self) -> bool:
        """Whether it is a transcript that can be run."""
        return self.kind == "console" and self.not_run is None

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """The commands of a transcript, in order."""
        commands: list[Command] = []
        for number, line in enumerate(self.lines, self.line + 1):
            last = commands[-1] if commands else None
            if last and not last.output and last.text.endswith("\\"):
                commands[-1] = Command(last.line, last.in_guest, f"{last.text}\n{line}", ())
            elif match := _COMMAND.fullmatch(line):
                commands.append(Command(number, match[1] == "#", match[2], ()))
            elif last:
                output = (*last.output, line)
                commands[-1] = Command(last.line, last.in_guest, last.text, output)
        return tuple(commands)

    def faults(self) -> list[str]:
        """Return what is wrong with the words and with the lines."""
        if self.kind not in _KINDS:
            return [f"{self}: says nothing of its kind: choose from {', '.join(_KINDS)}"]
        if self.kind == "sh":
            return [] if self.not_run else [f"{self}: commands need a reason why they are not run"]
        if self.kind == "c" and len(self.words) != 2:
            return [f"{self}: needs the name of the file that this program is in"]
        if self.kind in ("console", "report"):
            return self._faults_of_a_transcript()
        looks = [line for line in self.lines if _LOOKS_LIKE_A_COMMAND.match(line)]
        return [f"{self}: commands need a block of kind console or sh: {line}" for line in looks]

    def _faults_of_a_transcript(self) -> list[str]:
        unknown = [word for word in self.words[2:] if word not in _ADDRESSES]
        if unknown or not series_and_arch(self.target):
            example = f"{DEFAULT_ARCH}-{DEFAULT_SERIES}"
            return [f"{self}: needs a target, as {example}, and {' or '.join(_ADDRESSES)}"]
        if self.kind == "console" and not (self.lines and _COMMAND.fullmatch(self.lines[0])):
            return [f"{self}: a transcript begins with a command, behind $ or #"]
        return []


@dataclass(frozen=True)
class Page:
    """A page and its blocks, in order."""

    path: Path
    blocks: tuple[Block, ...]
    # Lines of code that are indented and not fenced: nothing says what they are.
    unfenced: tuple[int, ...]

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    def faults(self) -> list[str]:
        """Return what keeps the page from being tested, each with file and line."""
        found = [f"{self}:{line}: code needs a fence that says its kind" for line in self.unfenced]
        found += [fault for block in self.blocks for fault in block.faults()]
        session = None
        for block in self.blocks:
            for command in block.commands if block.kind == "console" else ():
                if command.opens_session:
                    session = command
                if command.in_guest and not session:
                    found.append(f"{self}:{command.line}: no $ make console stands before it")
                wanted = _target_named(session if command.in_guest else command)
                if wanted and wanted != block.target:
                    found.append(f"{self}:{command.line}: is of {wanted}, not {block.target}")
        return found


def all_pages() -> list[Page]:
    """Return the pages that people read, lessons in teaching order."""
    patterns = ("*.md", "docs/*.md", "labs/*/lesson.md")
    return [read(path) for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def read(path: Path) -> Page:
    """Return a page's blocks, also those within lists."""
    from markdown_it import MarkdownIt

    text = path.read_text()
    lines = text.splitlines()
    blocks: list[Block] = []
    unfenced: list[int] = []
    reason = None
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "fence" and token.map:
            fence = lines[token.map[0]]
            indent = fence[: len(fence) - len(fence.lstrip())]
            words, content = tuple(token.info.split()), tuple(token.content.splitlines())
            blocks.append(Block(path, token.map[0] + 1, words, content, indent, reason))
        elif token.type == "code_block" and token.map:
            unfenced.append(token.map[0] + 1)
        comment = _NOT_RUN.fullmatch(token.content) if token.type == "html_block" else None
        reason = " ".join(comment[1].split()) if comment else None
    return Page(path, tuple(blocks), tuple(unfenced))


def series_and_arch(target: str) -> tuple[str, str] | None:
    """Return series and architecture of a target as pages write it, or None if none is so."""
    arch, _, series = target.rpartition("-")
    known = arch in ARCHES and series in (*SERIES, NEWEST_NAME)
    return (series, arch) if known else None


def _target_named(command: Command | None) -> str | None:
    """Return the target of a command that builds or boots something, or None."""
    match = _VERB.match(command.text) if command else None
    if not match or not command:
        return None
    named = {name.lower(): value for name, value in _OPTION.findall(command.text)}
    arch = named.get("arch", KUNIT_ARCH if match[1] in _UM_VERBS else DEFAULT_ARCH)
    return f"{arch}-{named.get('kernel', DEFAULT_SERIES)}"
