"""Grading on other machines: a real cluster of two nodes, and hosts behind a real sshd.

Both run on this machine. They take longer than most tests: KMAPLAB_CLUSTER=1 runs them.
"""

import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness.base import tools
from harness.base.paths import ROOT
from harness.tests import museum
from harness.tests.conftest import KMAPLAB

pytestmark = [
    pytest.mark.boot,
    pytest.mark.skipif(
        os.environ.get("KMAPLAB_CLUSTER") != "1",
        reason="takes more than half a minute: KMAPLAB_CLUSTER=1 runs it",
    ),
]

_STUDENTS = ("ada", "ben", "cyd", "dan", "eve", "fay")

_SLURM = """\
ClusterName=kmaplab
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool-%n
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd-%n.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdTimeout=5
SlurmctldTimeout=5
MinJobAge=300
SchedulerParameters=sched_interval=2
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=1 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=1 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
"""


def need(packages: str, *programs: str) -> None:
    """Skip the test if a program is missing; the packages have them all."""
    path = tools.environment()["PATH"]
    missing = [program for program in programs if not shutil.which(program, path=path)]
    if missing:
        pytest.skip(f"{', '.join(missing)} not there: apt-get install {packages}")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    found = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return found


@contextmanager
def running(*command: str | Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the block lasts."""
    environment = tools.environment() | more
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for(what: str, limit: float, path: Path) -> None:
    """Wait until a file is there."""
    end = time.monotonic() + limit
    while not path.exists():
        assert time.monotonic() < end, f"{what} did not come within {limit} s"
        time.sleep(0.2)


@pytest.fixture
def handed(tmp_path: Path) -> Path:
    """Return a small class, one of whom has not done the lab."""
    for number, student in enumerate(_STUDENTS):
        museum.hand_in_honestly(tmp_path / "in" / student)
        source = tmp_path / "in" / student / museum.PAGES
        source.write_text(f"{source.read_text()}/* {student} */\n")
    source.write_text("#error nothing done\n")
    return tmp_path / "in"


def marks(out: Path) -> dict[str, int]:
    """Return the marks that there are."""
    found = {}
    for path in sorted(out.glob("students/*/result.json")):
        result = json.loads(path.read_text())
        found[result["student"]["key"]] = result["earned"]
    return found


_WANTED = dict.fromkeys(_STUDENTS, 20) | {"fay": 0}


@contextmanager
def cluster(home: Path) -> Iterator[tuple[dict[str, str], subprocess.Popen[bytes]]]:
    """Start two nodes; yield the environment of their users, and the second node's daemon."""
    for folder in ("state", "spool-n1", "spool-n2"):
        (home / folder).mkdir(parents=True)
    key = home / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    conf = home / "slurm.conf"
    host = socket.gethostname().split(".")[0]
    text = _SLURM.format(host=host, user=getpass.getuser(), ports=free_ports(3), home=home)
    conf.write_text(text)
    environment = {"SLURM_CONF": str(conf)}
    munge = ["munged", "--foreground", "--force", f"--key-file={key}"]
    munge += [f"--socket={home}/munge.socket", f"--pid-file={home}/munge.pid"]
    munge += [f"--log-file={home}/munge.log", f"--seed-file={home}/munge.seed"]
    with ExitStack() as stack:
        stack.enter_context(running(*munge))
        wait_for("munge", 10, home / "munge.socket")
        stack.enter_context(running("slurmctld", "-D", "-f", conf, **environment))
        stack.enter_context(running("slurmd", "-D", "-N", "n1", "-f", conf, **environment))
        second = stack.enter_context(running("slurmd", "-D", "-N", "n2", "-f", conf, **environment))
        end = time.monotonic() + 60
        while ask(environment, "sinfo", "-h", "-t", "idle", "-o", "%D") != "2":
            assert time.monotonic() < end, (home / "slurmctld.log").read_text()[-2000:]
            time.sleep(0.3)
        yield environment, second


def ask(environment: dict[str, str], *command: str) -> str:
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env=tools.environment() | environment,
        timeout=30,
        check=False,
    )
    return result.stdout.strip()


def kill_node(daemon: subprocess.Popen[bytes], name: str, environment: dict[str, str]) -> None:
    """Kill a node: its daemon, and whatever jobs it has, as if its power had failed."""
    jobs = ask(environment, "squeue", "-h", "-t", "R", "-w", name, "-o", "%A").split()
    daemon.send_signal(signal.SIGKILL)
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            known = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        keeper = words.startswith("slurmstepd: [") and words.split("[")[1].split(".")[0] in jobs
        if keeper or f"SLURMD_NODENAME={name}\0" in known and environment["SLURM_CONF"] in known:
            os.kill(int(entry.name), signal.SIGKILL)


def test_a_cluster_gives_every_mark_once_though_a_node_dies(handed: Path, tmp_path: Path) -> None:
    need("munge slurmctld slurmd slurm-client", "munged", "slurmctld", "slurmd", "sbatch")
    out = tmp_path / "out"
    command: list[str | Path] = [KMAPLAB, "grade", "--submissions", handed, "--out", out]
    command += ["--lab", "pages", "--executor", "slurm"]
    with cluster(tmp_path / "slurm") as (environment, second):
        grading = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=tools.environment() | environment,
            cwd=ROOT,
        )
        # In a fresh tree kernel, modules and check programs come first.
        end = time.monotonic() + 900
        while len([*out.glob("work/*.result")]) < 2:
            assert time.monotonic() < end and grading.poll() is None, "no mark has come"
            time.sleep(0.2)
        kill_node(second, "n2", environment)
        said, _ = grading.communicate(timeout=500)
    assert grading.returncode == 0, f"not every submission has a mark:\n{said}"
    assert marks(out) == _WANTED, said
    assert said.count("/20") == 2 * len(_STUDENTS), f"a line for each student:\n{said}"


def test_hosts_give_every_mark_and_none_twice(handed: Path, tmp_path: Path) -> None:
    packages = "parallel rsync openssh-client openssh-server"
    need(packages, "parallel", "rsync", "ssh", "sshd", "ssh-keygen")
    home = tmp_path / "ssh"
    home.mkdir()
    for key in ("host", "user"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / key)]
        subprocess.run(make, check=True)
    (home / "known").write_text((home / "user.pub").read_text())
    [port] = free_ports(1)
    (home / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {home}/host\nAuthorizedKeysFile {home}/known\n"
        f"PidFile {home}/pid\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n"
        "PermitRootLogin prohibit-password\n"
    )
    (home / "config").write_text(
        f"Host h1 h2\nHostName 127.0.0.1\nPort {port}\nIdentityFile {home}/user\n"
        "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\nLogLevel ERROR\n"
    )
    (home / "hosts").write_text("1/h1\n1/h2\n")
    out = tmp_path / "out"
    command: list[str | Path] = [KMAPLAB, "grade", "--submissions", handed, "--out", out]
    command += ["--lab", "pages", "--executor", "ssh", "--hosts", home / "hosts"]
    environment = tools.environment() | {"PARALLEL_SSH": f"ssh -F {home}/config"}
    Path("/run/sshd").mkdir(exist_ok=True)
    sshd = shutil.which("sshd", path=environment["PATH"]) or "sshd"
    with running(sshd, "-D", "-f", home / "sshd_config"):
        result = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=500, check=False
        )
    log = (out / "work/parallel.log").read_text()
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}\n{log}"
    assert marks(out) == _WANTED
    [joblog] = out.glob("work/*.joblog")
    hosts = [line.split("\t")[1] for line in joblog.read_text().splitlines()[1:]]
    assert len(hosts) == len(_STUDENTS) and set(hosts) == {"h1", "h2"}, hosts
