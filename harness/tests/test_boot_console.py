"""Real boots: the console verb."""

import os
import pty
import select
import subprocess
import time
from pathlib import Path

import pytest

from harness.base.paths import ROOT
from harness.tests.conftest import KMAPLAB, Kmaplab, call

pytestmark = pytest.mark.boot


def test_a_commands_output_and_status_come_back(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("console", "--cmd", "echo out; echo err >&2; exit 42").expect(42)
    assert outcome.out == "out\nerr\n"


def test_the_guest_is_the_kernel_that_was_asked_for(kmaplab: Kmaplab, series: str) -> None:
    outcome = kmaplab("console", "--kernel", series, "--cmd", "uname -r").expect(0)
    assert outcome.out.startswith(f"{series}.")


def test_a_loaded_lab_can_be_used_from_the_shell(kmaplab: Kmaplab) -> None:
    outcome = kmaplab(
        "console",
        "--cmd",
        "modprobe lab_reserved && dd if=/dev/lab_reserved bs=8 count=1 2>/dev/null; "
        "modprobe lab_remap pages=8 && wc -c </dev/lab_remap",
    ).expect(0)
    assert outcome.out == "abcdabcd32768\n"


def test_extra_appears_in_the_guest(kmaplab: Kmaplab, tmp_path: Path) -> None:
    (tmp_path / "run it").write_text("#!/bin/sh\necho ran with $1\nexit 5\n")
    (tmp_path / "run it").chmod(0o755)
    command = "'/extra/run it' this"
    outcome = kmaplab("console", "--extra", tmp_path, "--cmd", command).expect(5)
    assert outcome.out == "ran with this\n"


def test_make_console_passes_a_command_with_quotes_and_dollars() -> None:
    command = 'x="a  b"; echo "$x" \'$y\' $((6 * 7))'
    assert call("make", "console", f"CMD={command}").expect(0).out == "a  b $y 42\n"


def test_a_script_on_standard_input_is_run() -> None:
    result = subprocess.run(
        [KMAPLAB, "console"],
        input="echo one\nexit 9\n",
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert (result.returncode, result.stdout) == (9, "one\n")


def test_what_a_command_leaves_running_spoils_nothing(kmaplab: Kmaplab) -> None:
    command = "(while :; do printf bg; done) & sleep 1; exit 5"
    outcome = kmaplab("console", "--limit", "60", "--cmd", command).expect(5)
    assert set(outcome.out) == set("bg")


def test_bytes_of_any_kind_can_be_a_command(tmp_path: Path) -> None:
    script = tmp_path / "run"
    script.write_bytes(
        b"#!/bin/sh\nexec " + bytes(KMAPLAB) + b" console --cmd 'printf \xff | wc -c'"
    )
    script.chmod(0o755)
    assert call(script).expect(0).out == "1\n"


def test_printing_results_on_the_console_changes_nothing(kmaplab: Kmaplab) -> None:
    command = "echo '@0000000000000000 done 0' >/dev/ttyS0; echo 'done 0' >/dev/kmsg; exit 4"
    kmaplab("console", "--cmd", command).expect(4)


class Terminal:
    """A person at an interactive console."""

    def __init__(self, *arguments: str) -> None:
        self.said = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execv(KMAPLAB, [str(KMAPLAB), "console", *arguments])

    def wait_for(self, text: str, seconds: float = 600.0) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.said:
            left = deadline - time.monotonic()
            assert left > 0, f"no {text!r} in:\n{self.said}"
            if select.select([self.fd], [], [], left)[0]:
                try:
                    self.said += os.read(self.fd, 4096).decode(errors="replace")
                except OSError:  # EIO: nobody has the terminal open any more
                    raise AssertionError(
                        f"status {self.end()} before {text!r}:\n{self.said}"
                    ) from None

    def type(self, text: str) -> None:
        self.said = ""
        os.write(self.fd, text.encode())

    def end(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def test_a_person_gets_a_prompt_a_hint_history_and_the_shells_status() -> None:
    terminal = Terminal()
    terminal.wait_for("modprobe lab_kmalloc")
    terminal.wait_for("kmaplab 6.1 x86_64 # ")
    # The labs that there are for this kernel.
    assert "lab_reserved" in terminal.said and "lab_prepare" not in terminal.said
    terminal.type("echo $((40 + 2))\r")
    terminal.wait_for("\n42")
    terminal.type("\x1b[A\r")
    terminal.wait_for("\n42")
    terminal.type("exit 6\r")
    assert terminal.end() == 6


def test_a_hanging_machine_can_be_left() -> None:
    terminal = Terminal()
    terminal.wait_for("kmaplab 6.1 x86_64 # ")
    terminal.type("\x1dx")
    assert terminal.end() == 3
