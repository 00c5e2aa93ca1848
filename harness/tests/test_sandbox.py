"""The sandbox: what a program in it can see, change and use up. No guest is booted."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.base import processes, sandbox, tools
from harness.base.errors import SetupError
from harness.base.sandbox import Limits, Sandbox
from harness.runs import workshop

_SECRET = "do-not-tell-4711"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Return a file of the host's that nothing in the sandbox may read."""
    path = tmp_path / "host/secret"
    path.parent.mkdir()
    path.write_text(_SECRET)
    return path


def output_of(box: Sandbox, script: str, log: Path) -> str:
    """Run a script in the sandbox; return what it said."""
    sandbox.run(box, ["sh", "-c", script], log, "the script")
    return log.read_text()


def refusal_of(limits: Limits, script: str, log: Path) -> str:
    """Run a script that must be ended; return the reason."""
    with pytest.raises(SetupError) as error:
        sandbox.run(Sandbox(Path("/"), limits=limits), ["sh", "-c", script], log, "the script")
    return str(error.value)


def test_nothing_of_the_host_is_there_but_usr_and_what_is_named(
    secret: Path, tmp_path: Path
) -> None:
    named = tmp_path / "named"
    named.write_text("named")
    script = f"cat {named}; echo; ls /; ls /etc; cat {secret} 2>&1; :"
    said = output_of(Sandbox(Path("/"), read=(named,)), script, tmp_path / "log").split()
    assert said[0] == "named"
    # What is named has its own path: this project may lie below /home.
    hidden = {"home", "root", "var", "shadow", "passwd", "hostname", _SECRET} - {*named.parts}
    for name in hidden:
        assert name not in said, f"the sandbox shows {name} of the host"


def test_only_what_is_named_can_be_changed(tmp_path: Path) -> None:
    places = {name: tmp_path / name for name in ("read", "write", "scratch")}
    for path in places.values():
        path.mkdir()
    box = Sandbox(
        Path("/"),
        read=(places["read"],),
        write=(places["write"],),
        scratch=(places["scratch"],),
    )
    tried = ["/usr", "/etc", "/", "/dev", *map(str, places.values())]
    script = f"for path in {' '.join(tried)}; do touch $path/new 2>/dev/null && echo $path; done; :"
    said = output_of(box, script, tmp_path / "log").split()
    assert said == [str(places["write"]), str(places["scratch"])]
    assert [path.name for path in tmp_path.glob("*/new")] == ["new"], "scratch is memory"


def test_the_hosts_kernel_cannot_be_changed(tmp_path: Path) -> None:
    """Root owns the files in /proc/sys, and one of them names a program that is started."""
    script = "for file in $(find /proc/sys -perm -200); do [ ! -w $file ] || echo $file; done"
    assert output_of(Sandbox(Path("/")), script, tmp_path / "log") == ""


def test_what_is_read_only_cannot_be_made_writable(tmp_path: Path) -> None:
    script = (
        "mount -o remount,rw /usr; unshare -Urm mount -o remount,rw /usr; "
        "mkdir /tmp/p; unshare -Urpmf mount -t proc proc /tmp/p; touch /usr/new; "
        "grep -c '^Cap.*[1-9a-f]$' /proc/self/status; :"
    )
    said = output_of(Sandbox(Path("/")), script, tmp_path / "log")
    assert said.splitlines()[-1] == "0", f"it has rights of root: {said}"
    assert not Path("/usr/new").exists()


def test_there_is_no_network_and_no_other_process(tmp_path: Path) -> None:
    script = "cat /proc/net/dev; echo; ls /proc | grep -c '^[0-9]'"
    said = output_of(Sandbox(Path("/")), script, tmp_path / "log")
    assert [line.split(":")[0].strip() for line in said.splitlines() if ":" in line] == ["lo"]
    # bwrap, the shell, ls and grep.
    assert int(said.split()[-1]) <= 5


def test_the_callers_environment_stays_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", f"/{_SECRET}")
    assert _SECRET not in output_of(Sandbox(Path("/")), "env", tmp_path / "log")


def test_a_program_that_never_ends_is_ended(tmp_path: Path) -> None:
    assert "still running after 1 s" in refusal_of(Limits(seconds=1), "sleep 99", tmp_path / "log")


def test_one_that_multiplies_is_ended_also_if_root_started_it(tmp_path: Path) -> None:
    fork = "import os, time\nwhile True:\n    os.fork() or time.sleep(99)\n"
    (tmp_path / "fork.py").write_text(fork)
    box = Sandbox(Path("/"), read=(tmp_path / "fork.py",), limits=Limits(40, seconds=60))
    before = len(processes.below(os.getpid()))
    with pytest.raises(SetupError, match="more than 40 processes|failed"):
        command = ["/usr/bin/python3", str(tmp_path / "fork.py")]
        sandbox.run(box, command, tmp_path / "log", "the script")
    assert len(processes.below(os.getpid())) <= before + 1


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(memory=200 << 20, seconds=60), "more than 200 MiB of memory"),
        (Limits(address_space=200 << 20, seconds=60), "MemoryError"),
    ],
)
def test_one_that_takes_all_memory_is_ended(tmp_path: Path, limits: Limits, said: str) -> None:
    take = "import time; a = [b'x' * (50 << 20) for _ in range(20)]; time.sleep(60)"
    assert said in refusal_of(limits, f'/usr/bin/python3 -c "{take}"', tmp_path / "log")


def test_of_endless_output_only_the_beginning_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    sandbox.run(Sandbox(Path("/")), ["head", "-c", "50M", "/dev/zero"], log, "the script")
    assert log.stat().st_size == sandbox._MOST_OUTPUT


def test_the_memory_that_stands_for_disks_is_bounded(tmp_path: Path) -> None:
    script = "for d in /tmp /dev/shm; do head -c 999M /dev/zero >$d/x; done 2>&1; :"
    said = output_of(Sandbox(Path("/")), script, tmp_path / "log")
    assert said.count("No space left on device") == 2


def test_what_fails_there_is_told_in_its_own_words(tmp_path: Path) -> None:
    assert "not today" in refusal_of(Limits(), "echo not today; exit 3", tmp_path / "log")


def test_without_bubblewrap_nothing_strange_runs_and_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "environment", lambda: {"PATH": str(tmp_path)})
    with pytest.raises(SetupError, match="apt-get install bubblewrap"):
        sandbox.require.__wrapped__()


def test_where_the_sandbox_does_not_work_it_says_why_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(tools, "environment", lambda: {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SetupError, match="No permissions to create new namespace.*userns"):
        sandbox.require.__wrapped__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_has_the_same_sandbox() -> None:
    if not shutil.which("setpriv"):
        pytest.fail("setpriv is missing")
    nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    command = [*nobody, *Sandbox(Path("/")).command(["sh", "-c", "ls /; touch /usr/new"])]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "usr" in result.stdout.split() and "home" not in result.stdout.split(), result.stderr
    assert "Read-only file system" in result.stderr


def test_processes_are_found_with_what_they_started() -> None:
    with subprocess.Popen(["sh", "-c", "sh -c 'cat; :'; :"], stdin=subprocess.PIPE) as shell:
        found: list[int] = []
        while len(found) < 2:
            found = processes.below(shell.pid)
        assert set(found) < set(processes.below(os.getpid()))
        assert processes.memory_of(found) > 0 and processes.seconds_of([1 << 30]) == 0
    assert processes.below(shell.pid) == []


def test_what_is_asked_there_answers_or_is_ended() -> None:
    assert sandbox.ask(Sandbox(Path("/")), ["echo", "here"]).stdout == "here\n"
    box = Sandbox(Path("/"), limits=Limits(seconds=1))
    with pytest.raises(SetupError, match="sleep was ended: it took more than 1 s"):
        sandbox.ask(box, ["sleep", "1000"])
    with pytest.raises(SetupError, match="no-such-program is missing: run harness/setup"):
        sandbox.ask(None, ["no-such-program"])


def test_a_patch_of_strange_sources_changes_nothing_but_them(tmp_path: Path) -> None:
    """patch follows what the sources' directory has: a link, here, to a file of the host."""
    labs, host = tmp_path / "labs", tmp_path / "host"
    labs.mkdir()
    host.mkdir()
    patch = tmp_path / "one.patch"
    patch.write_text("--- a/there/x.c\n+++ b/there/x.c\n@@ -1 +1 @@\n-old\n+new\n")
    (host / "x.c").write_text("old\n")
    (labs / "there").symlink_to(host)
    with pytest.raises(workshop.DoesNotApply):
        workshop.apply(patch, labs, sandboxed=True)
    assert (host / "x.c").read_text() == "old\n"
    (labs / "there").unlink()
    (labs / "there").mkdir()
    (labs / "there/x.c").write_text("old\n")
    workshop.apply(patch, labs, sandboxed=True)
    assert (labs / "there/x.c").read_text() == "new\n"
