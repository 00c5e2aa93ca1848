"""Who grades: this machine, a cluster that Slurm runs, or some hosts that ssh reaches.

The others are given each task as a file, and leave its marks in a file beside it. Whoever
gets a task twice leaves the same marks.
"""

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.base import digest, side_by_side, tools
from harness.base.errors import RequestError
from harness.base.paths import ROOT
from harness.grading import grade, marking, outcome, tasks
from harness.grading.graded import Graded
from harness.grading.outcome import MarksFolder
from harness.grading.tasks import GradingTask

NAMES = ("local", "slurm", "ssh")

_KMAPLAB = ROOT / "harness/kmaplab"

# Programs, and the packages that they are in.
_SSH_NEEDS = {"parallel": "parallel", "ssh": "openssh-client", "rsync": "rsync"}

# Seconds from one look for new marks to the next.
_LOOK = 0.5

# Where Slurm's configuration is, and seconds in which it answers.
_SLURM_CONF = ("/etc/slurm/slurm.conf", "/run/slurm/conf/slurm.conf")
_PATIENCE = 15.0

# Jobs that Slurm may run at once, if JOBS= does not say it: so many wait for no disk.
_MOST_AT_ONCE = 1000

# What a caller's environment says of Slurm, of parallel and of its ssh.
_PASSED = ("SLURM_", "SQUEUE_", "SBATCH_", "PARALLEL", "SSH_AUTH_SOCK", "KMAPLAB_")

TaskEnd = tuple[GradingTask, Graded | str]


def choose(name: str, place: MarksFolder, jobs: int | None, hosts: Path | None) -> grade.Executor:
    """Return an executor by its name. Raises RequestError if it is not there."""
    if name not in NAMES:
        raise RequestError(f"EXECUTOR={name} is unknown: choose from {', '.join(NAMES)}")
    if name == "slurm":
        return Slurm(place, jobs)
    if name == "ssh":
        return Ssh(place, jobs, hosts)
    return Local(jobs)


def _need(program: str, executor: str, package: str) -> None:
    if not shutil.which(program, path=tools.environment()["PATH"]):
        raise RequestError(
            f"EXECUTOR={executor} needs {program}, which is not there: "
            f"install Debian's package {package}"
        )


@dataclass(frozen=True)
class Local:
    """This machine, ``jobs`` submissions side by side."""

    jobs: int | None

    def __call__(self, todo: list[GradingTask]) -> Iterator[TaskEnd]:
        def work(task: GradingTask) -> Graded | str:
            return grade.attempt(marking.mark, task)

        yield from side_by_side.run(todo, work, self.jobs)


def do_task(path: Path) -> str | None:
    """Grade the task in a file, and leave the marks beside it; say why there are none."""
    task = tasks.read(path)
    done = outcome.load(path.with_suffix(".result"))
    if done and done.digest == task.digest:
        return None
    answer = grade.attempt(marking.mark, task)
    if isinstance(answer, str):
        return answer
    outcome.save(answer, path.with_suffix(".result"))
    return None


@dataclass
class _Elsewhere:
    """Tasks that are done by others, who leave their marks in files."""

    place: MarksFolder
    todo: dict[str, GradingTask]

    @staticmethod
    def of(place: MarksFolder, todo: list[GradingTask]) -> "_Elsewhere":
        """Write the tasks where others find them."""
        for task in todo:
            task.write(place.task_file(task.student))
        return _Elsewhere(place, {task.student.key: task for task in todo})

    @property
    def files(self) -> list[Path]:
        return [self.place.task_file(task.student) for task in self.todo.values()]

    def wait(self, is_over: Callable[[], bool]) -> Iterator[TaskEnd]:
        """Yield what has come, as long as something may yet come, and each only once."""
        while self.todo:
            # Asked first: what comes between the two is found all the same.
            over = is_over()
            yield from self.come()
            if over:
                break
            time.sleep(_LOOK)
        for task in self.todo.values():
            log = self.place.task_file(task.student).with_suffix(".log")
            yield task, f"its job has ended without a mark: {_last_line(log)}"

    def come(self) -> Iterator[TaskEnd]:
        """Yield what is there, each once."""
        for task in [*self.todo.values()]:
            path = self.place.task_file(task.student).with_suffix(".result")
            found = outcome.load(path)
            if found and found.digest == task.digest:
                del self.todo[task.student.key]
                yield task, found


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").split("\n")
    except OSError:
        return "it has said nothing"
    said = [line for line in lines if line.strip()]
    return tools.printable(said[-1])[:300] if said else "it has said nothing"


def _environment() -> dict[str, str]:
    passed = {name: value for name, value in os.environ.items() if name.startswith(_PASSED)}
    return tools.environment() | passed


# What each job of an array runs: the number of a line is that of the job. A file's name has no
# newline, since it is a student's key.
_JOB = """\
#!/bin/sh
file=$(sed -n "${{SLURM_ARRAY_TASK_ID}}p" {list})
exec >"${{file%.task}}.log" 2>&1
exec {kmaplab} grade --one "$file"
"""


@dataclass(frozen=True)
class Slurm:
    """A cluster whose nodes see this project and OUT where this machine does."""

    place: MarksFolder
    jobs: int | None

    def __post_init__(self) -> None:
        for program in ("sbatch", "squeue"):
            _need(program, "slurm", "slurm-client")
        # Slurm's own programs try for a minute to find what is not there.
        places = [os.environ.get("SLURM_CONF"), *_SLURM_CONF]
        if not any(place and Path(place).is_file() for place in places[: 1 if places[0] else None]):
            raise RequestError("EXECUTOR=slurm does not work here: there is no slurm.conf")
        self._ask("squeue", "--noheader", "--me", tries=1)

    def __call__(self, todo: list[GradingTask]) -> Iterator[TaskEnd]:
        others = _Elsewhere.of(self.place, todo)
        yield from others.come()
        if not others.todo:
            return
        work = self.place.work
        listed = work / "array"
        listed.write_text("".join(f"{path}\n" for path in others.files))
        script = work / "array.sh"
        quoted = shlex.quote(str(listed))
        script.write_text(_JOB.format(list=quoted, kmaplab=shlex.quote(str(_KMAPLAB))))
        at_once = self.jobs or _MOST_AT_ONCE
        job = self._ask(
            *("sbatch", "--parsable", "--requeue", "--job-name=kmaplab-grade"),
            *(
                f"--array=1-{len(others.todo)}%{at_once}",
                "--output=/dev/null",
                "--open-mode=append",
            ),
            str(script),
        ).split(";")[0]
        try:
            yield from others.wait(lambda: not self._ask("squeue", "--noheader", f"--job={job}"))
        finally:
            # There is nothing left of it unless grading was interrupted: then somebody waits.
            self._ask("scancel", "--quiet", job, tries=2)

    def _ask(self, *command: str, tries: int = 5) -> str:
        """Return what Slurm answers. Raises RequestError if it does not."""
        said = ""
        for left in reversed(range(tries)):
            try:
                result = subprocess.run(
                    command,
                    capture_output=True,
                    text=True,
                    env=_environment(),
                    timeout=_PATIENCE,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                said = f"no answer in {_PATIENCE:.0f} s"
                continue
            # A job that has ended long ago is not known any more.
            if not result.returncode or "Invalid job id" in result.stderr:
                return result.stdout.strip()
            said = (result.stderr.strip().splitlines() or ["it said nothing"])[0]
            time.sleep(min(left, 1))
        raise RequestError(f"EXECUTOR=slurm does not work here: {command[0]}: {said}")


@dataclass(frozen=True)
class Ssh:
    """Hosts that ssh reaches, one on each line of a file, as GNU parallel reads them.

    Each has this project at the same path. They need not see OUT: tasks and marks are copied.
    """

    place: MarksFolder
    jobs: int | None
    hosts: Path | None

    def __post_init__(self) -> None:
        for program, package in _SSH_NEEDS.items():
            _need(program, "ssh", package)
        if self.hosts is None:
            raise RequestError("EXECUTOR=ssh needs HOSTS=file, with a host on each line")
        if not self.hosts.is_file() or not self.hosts.read_text().strip():
            raise RequestError(f"HOSTS={self.hosts} names no host")

    def __call__(self, todo: list[GradingTask]) -> Iterator[TaskEnd]:
        others = _Elsewhere.of(self.place, todo)
        yield from others.come()
        if not others.todo:
            return
        work = self.place.work
        what = digest.of([task.digest for task in others.todo.values()])[:16]
        listed = work / f"hosts-{what}.tasks"
        listed.write_text("".join(f"{path.stem}\n" for path in others.files))
        with (work / "parallel.log").open("ab") as log:
            process = subprocess.Popen(
                self._command(work, listed),
                cwd=work,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,
            )
            try:
                yield from others.wait(lambda: process.poll() is not None)
                # All marks are there: what is left to do is to write that down.
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_PATIENCE)
            finally:
                tools.kill_group(process)

    def _command(self, work: Path, listed: Path) -> list[str]:
        # --resume counts the lines of the list: each list has a log of its own.
        joblog = listed.with_suffix(".joblog")
        grade_one = f"{shlex.quote(str(_KMAPLAB))} grade --one {{}}.task"
        return [
            *(
                "parallel",
                "--will-cite",
                "--sshloginfile",
                str(self.hosts and self.hosts.resolve()),
            ),
            *("--joblog", str(joblog), "--resume", "--retries", "3", "--workdir", "..."),
            *("--transferfile", "{}.task", "--return", "{}.result", "--cleanup"),
            *(("--jobs", str(self.jobs)) if self.jobs else ()),
            *("--arg-file", str(listed), grade_one),
        ]
