"""The pages: each block says what it is, and each command on them exists."""

import re
import time
from pathlib import Path

import pytest

from harness.base import terminal
from harness.base.errors import SetupError
from harness.base.paths import ROOT
from harness.catalogue import changes, pages
from harness.catalogue.pages import Block, Command, Page
from harness.runs import page_runs
from harness.runs.page_runs import Ran
from harness.tests.conftest import KMAPLAB, call

PAGES = pages.all_pages()
# Its figures are written by make bench.
SPEED = ROOT / "docs/speed.md"
# What make mutants writes.
MUTANTS = ROOT / "docs/mutants.md"

TEXT = """\
# A page

Some words.

<!-- not run: an editor
     waits for a person -->
```console x86_64-6.1
$ vi file
```

- In a list:

  ```console um-6.1 exact
  $ make console ARCH=um \\
       EXTRA=/tmp/extra
  # echo a; echo
  a

  # exit
  ```

```c /tmp/extra/try.c
int main(void) { return 0; }
```
"""


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Page:
    return a_page(TEXT, monkeypatch, tmp_path)


def a_page(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Page:
    """Return a page of the project with this text."""
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    monkeypatch.setattr(page_runs, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text(text)
    return pages.read(tmp_path / "page.md")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_block_says_what_it_is_and_why_it_is_not_run(page: Page) -> None:
    assert not page.faults()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_what_a_page_kills_is_waited_for(page: Page) -> None:
    """Until it is gone it still has its mapping, and the next command may count that."""
    for block in page.blocks:
        for one in block.commands:
            killed = re.search(r"\bkill \$!(.*)", one.text)
            assert not killed or "wait" in killed[1], f"{page}:{one.line}: {one.text}"


def test_the_pages_that_people_read_are_there() -> None:
    names = {str(page) for page in PAGES}
    assert {"README.md", "docs/contract.md", "labs/01_kmalloc/lesson.md"} <= names


def test_blocks_have_line_indent_and_reason(page: Page) -> None:
    vi, session, program = page.blocks
    assert (vi.line, vi.indent, vi.is_run) == (7, "", False)
    assert vi.not_run == "an editor waits for a person"
    assert (session.line, session.indent, session.is_run) == (13, "  ", True)
    assert (session.addresses, vi.addresses) == ("exact", "equal")
    assert (program.kind, program.words[1]) == ("c", "/tmp/extra/try.c")
    assert not page.faults()


def test_commands_have_what_they_print(page: Page) -> None:
    console, echo, leave = page.blocks[1].commands
    assert console.opens_session and console.text.splitlines()[1] == "     EXTRA=/tmp/extra"
    assert (echo.line, echo.output_line, echo.output) == (16, 17, ("a", ""))
    assert echo.in_guest and not echo.opens_session
    assert (leave.line, leave.text, leave.output) == (19, "exit", ())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("words\n\n    $ make run\n", "page.md:3: code needs a fence"),
        ("```\nint a;\n```\n", "page.md:1: says nothing of its kind"),
        ("```text\n$ make run\n```\n", "commands need a block of kind console or sh: $ make run"),
        ("```text\nmake run\n```\n", "commands need a block of kind console or sh: make run"),
        ("```sh\nmake run\n```\n", "page.md:1: commands need a reason"),
        ("```console\n$ make run\n```\n", "page.md:1: needs a target"),
        ("```console x86_64\n$ make run\n```\n", "page.md:1: needs a target"),
        ("```console vax-6.1\n$ make run\n```\n", "page.md:1: needs a target"),
        ("```console x86_64-6.1 loose\n$ make run\n```\n", "exact or any"),
        ("```console x86_64-6.1\nmake run\n```\n", "a transcript begins with a command"),
        ("```console x86_64-6.1\n# uname\n```\n", "page.md:2: no $ make console stands before"),
        ("```console um-6.1\n$ make run\n```\n", "page.md:2: is of x86_64-6.1, not um-6.1"),
        ("```console x86_64-6.1\n$ make kunit\n```\n", "is of um-6.1, not x86_64-6.1"),
        (
            "```console x86_64-6.1\n$ harness/kmaplab console --arch um\n```\n"
            "```console x86_64-6.1\n# uname\n```\n",
            "page.md:5: is of um-6.1, not x86_64-6.1",
        ),
        ("```c\nint a;\n```\n", "page.md:1: needs the name of the file"),
    ],
)
def test_what_could_go_stale_unseen_is_a_fault(
    text: str, fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert fault in "\n".join(a_page(text, monkeypatch, tmp_path).faults())


def printed_by(block: Block, lines: list[str]) -> dict[Command, list[str]]:
    """Return what the second command of a block has printed; the others print nothing."""
    printed: dict[Command, list[str]] = {command: [] for command in block.commands}
    return printed | {block.commands[1]: lines}


def test_a_difference_names_file_and_line(page: Page) -> None:
    block = page.blocks[1]
    _, echo, _ = block.commands
    ran = Ran(block, printed_by(block, ["a"]))
    assert not ran.differences()
    ran.printed[echo] = ["b"]
    text = "page.md:17: expected a\n               found b"
    assert [str(difference) for difference in ran.differences()] == [text]


def test_a_page_is_refreshed_where_it_differs(page: Page) -> None:
    block = page.blocks[1]
    ran = Ran(block, printed_by(block, ["b", "c"]))
    page_runs.refresh(page, [ran])
    expected = TEXT.replace("  a\n\n", "  b\n  c\n")
    assert page.path.read_text() == expected
    page_runs.refresh(page, [])
    assert page.path.read_text() == expected


def test_commands_of_the_host_run_in_order_with_a_tmp_of_their_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = """\
```c /tmp/kmaplab-test/file
one
```
```console x86_64-6.1
$ cat /tmp/kmaplab-test/file; echo /tmp/
one
/tmp/
$ test -t 1 && echo two >/tmp/kmaplab-test/file
$ cat /tmp/kmaplab-test/file && false
two
```
"""
    [ran] = page_runs.run(a_page(text, monkeypatch, tmp_path))
    assert not Path("/tmp/kmaplab-test").exists()
    [difference] = ran.differences()
    assert difference.line == 11 and difference.found == "(it ended with status 1)"


def test_commands_of_the_guest_are_one_script_on_the_consoles_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A shell stands in for the guest."""
    (tmp_path / "harness").mkdir()
    console = tmp_path / "harness/kmaplab"
    console.write_text("#!/bin/sh\necho booting >&2\nsh 2>&1\n")
    console.chmod(0o755)
    text = """\
```console x86_64-6.1
$ harness/kmaplab console
# a=1; echo no newline | tr -d '\\n'
no newline
```
```console x86_64-6.1
# (sleep 0.2; echo ready) &
ready
# echo $a; nosuch
1
...nosuch...
# exit 3
```
"""
    first, second = page_runs.run(a_page(text, monkeypatch, tmp_path))
    assert not first.differences()
    [difference] = second.differences()
    assert (difference.line, difference.expected) == (13, "(no more lines)")
    assert second.printed[second.block.commands[-1]] == ["booting", "(it ended with status 3)"]


def test_a_terminal_shows_what_is_left_at_the_end(tmp_path: Path) -> None:
    command = r"tput cols; printf 'one\rtwo\033[K\n\033[1mbold\033[0m\n'; exit 5"
    environment = {"PATH": "/usr/bin:/bin", "TERM": "xterm"}
    assert terminal.run(command, environment, tmp_path, 60) == (5, "80\ntwo\nbold\n")


# How many there are of what grows, or passed: "33 of 34" was wrong within a day.
_FIGURE = re.compile(
    r"\b(\d+|(?:two|thir|for|fif|six|seven|eigh|nine)ty) "
    r"(of \d+|clauses|mistakes|checks|cases|suites|labs|tests)\b"
)


def _prose(page: Page) -> list[tuple[int, str]]:
    """Return the lines outside of blocks and of changes, which are compared elsewhere."""
    compared: set[int] = set()
    for block in page.blocks:
        compared |= set(range(block.line, block.line + len(block.lines) + 2))
    for change in changes.of_lesson(page):
        compared |= set(range(change.line, change.line + len(change.text.splitlines())))
    lines = enumerate(page.path.read_text().splitlines(), 1)
    return [(number, line) for number, line in lines if number not in compared]


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.path not in (SPEED, MUTANTS)], ids=str
)
def test_no_figure_in_the_prose_goes_stale(page: Page) -> None:
    assert not [where for where in _prose(page) if _FIGURE.search(where[1])]


def _verbs_of_make() -> dict[str, set[str]]:
    """Return each verb of the Makefile, and the variables that it passes on."""
    text = (ROOT / "Makefile").read_text()
    passed = re.findall(r"^(\w+):\n\t@harness/kmaplab \w+ \$\(call pass,([A-Z ]+)\)", text, re.M)
    others = re.search(r"^\.PHONY: (.*)", text, re.M)
    assert passed and others
    verbs: dict[str, set[str]] = {verb: set() for verb in others[1].split()}
    return verbs | {verb: set(names.split()) for verb, names in passed}


def _commands() -> list[tuple[str, str]]:
    """Return each command on a page, in blocks and in the prose, with where it stands."""
    found = []
    for page in PAGES:
        for number, line in enumerate(page.path.read_text().splitlines(), 1):
            for text in re.findall(r"(?:^\s*(?:\$ )?|`)((?:make|harness/kmaplab) [^`#|]*)", line):
                if not line.lstrip().startswith("make the "):
                    found.append((f"{page}:{number}", text))
    assert found
    return found


def test_every_verb_and_variable_of_make_exists() -> None:
    verbs = _verbs_of_make()
    for where, text in _commands():
        match = re.match(r"make ([a-z_]+)\b(?!-)", text)
        if match:
            assert match[1] in verbs, f"{where}: {text}"
            unknown = set(re.findall(r"\b([A-Z]+)=", text)) - verbs[match[1]]
            assert not unknown, f"{where}: {text}"


def test_every_option_of_the_command_line_exists() -> None:
    helps: dict[str, str] = {}
    for where, text in _commands():
        match = re.match(r"harness/kmaplab ([a-z_]+)", text)
        if match:
            verb = match[1]
            helps[verb] = helps.get(verb) or call(KMAPLAB, verb, "--help").expect(0).out
            for option in re.findall(r"--\w+", text.partition("--cmd")[0]):
                assert option in helps[verb], f"{where}: {text}"


def test_a_session_is_fed_and_ends_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page_runs._feed("cat; echo two >&2; exit 3", "one") == (3, "one", "two\n")
    monkeypatch.setattr(page_runs, "_LIMIT", 0.5)
    numbers = tmp_path / "numbers"
    with pytest.raises(SetupError, match="takes longer than"):
        page_runs._feed(f"sleep 60 & echo $! >{numbers}; wait", "")
    # Nobody need have waited for it yet: then it has an entry, but no command line.
    left = Path(f"/proc/{numbers.read_text().strip()}/cmdline")
    for _ in range(500):
        if not left.exists() or not left.read_bytes():
            break
        time.sleep(0.01)
    else:
        pytest.fail("what it started in the background is still there")
