"""Running KUnit suites in one guest, and judging what they and the kernel said."""

from dataclasses import dataclass, field

from harness.base.errors import GUEST_BROKEN, OK
from harness.base.progress import step
from harness.catalogue.suites import CORE, Suite, SuiteLoad
from harness.guest.channel import Files, Line, LineReader
from harness.guest.guest import Ending
from harness.guest.machine import Machine
from harness.guest.job import Job
from harness.results import kmemleak, kunit_log, suite_results
from harness.results.crash import Decoder
from harness.results.suite_results import SuiteResult
from harness.runs import listening
from harness.runs.listening import Collector


@dataclass
class SuiteAnswer:
    """What the guest sent about one load of a suite; ``began`` is a time in seconds."""

    load: SuiteLoad
    began: float
    log: list[str] = field(default_factory=list)
    debugfs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    seconds: float | None = None

    @property
    def ended(self) -> bool:
        """Whether all of it came."""
        return self.seconds is not None


@dataclass
class SuiteCollector(Collector):
    """Takes in what a guest says of its suites."""

    loads: list[SuiteLoad]
    answers: list[SuiteAnswer] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    def take(self, line: Line) -> None:
        """Take in one line."""
        current = self.answers[-1] if self.answers and not self.answers[-1].ended else None
        complete = len(self.answers) == len(self.loads)
        if line.word == "begin" and not current and not complete:
            self._begin(line.rest)
        elif line.word == "leak" and not current:
            self.leaks.append(line.rest)
        elif line.word == "done" and complete and not current:
            self.done = True
        elif line.word == "log" and current:
            current.log.append(line.rest)
        elif line.word == "result" and current:
            current.debugfs.append(line.rest)
        elif line.word == "error" and current:
            current.errors.append(line.rest)
        elif line.word == "end" and current:
            current.seconds = self.now() - current.began
        elif line.word != "booted":
            self.no_sense(f"'{line.word} {line.rest}'")

    def _begin(self, rest: str) -> None:
        load = self.loads[len(self.answers)]
        if rest != str(load):
            self.no_sense(f"expected the suite '{load}', found '{rest}'")
        self.answers.append(SuiteAnswer(load, self.now()))


@dataclass(frozen=True)
class SuitesRun:
    """What suites came to; ``trouble`` is what was wrong with the guest."""

    results: list[SuiteResult]
    trouble: str | None = None
    ending: Ending | None = None

    @property
    def status(self) -> int:
        """The exit status that it calls for."""
        worst = max((result.status for result in self.results), default=OK)
        return GUEST_BROKEN if self.trouble else worst


def run(machine: Machine, chosen: list[Suite], seed: int, files: Files | None = None) -> SuitesRun:
    """Run suites; return what they came to.

    With ``files`` the guest also sends what gcov has counted.
    """
    target = machine.kernel.target
    skipped = [
        SuiteResult(suite.lab, skipped=reason)
        for suite in chosen
        if (reason := suite.why_not(target))
    ]
    able = [suite for suite in chosen if not suite.why_not(target)]
    loads = [SuiteLoad(suite, modules) for suite in able for modules in suite.loads]
    if not loads:
        return SuitesRun(skipped)
    job = Job(
        "kunit",
        settings={"SEED": f"0x{seed:x}", "COVERAGE": int(files is not None)},
        plan=tuple(str(load) for load in loads),
    )
    collector = SuiteCollector(LineReader(job.nonce, files), loads)
    text = f"running {len(loads)} suite{'s' * (len(loads) > 1)} on {machine.kernel.release}"
    with step(f"{text}, SEED=0x{seed:x}") as progress:

        def show() -> None:
            if collector.answers:
                progress.detail = f"{len(collector.answers)}: {collector.answers[-1].load.name}"

        # What the cases say must stand on the console: the guest may not live to send it.
        ready = listening.to_see_all(machine, "loglevel=7")
        ending, trouble = listening.boot(ready, job, collector, show)
    results = _judge(collector, ending, trouble)
    assert machine.modules
    decoder = Decoder(machine.kernel.target.architecture, machine.modules, machine.sandboxed)
    for result in results:
        said = [line for case in result.cases if not case.passed for line in case.lines]
        result.crash = decoder.decode([*said, *(ending.last_lines() if result.trouble else ())])
        loaded = {result.name.split()[0], CORE}
        result.crash = result.crash or decoder.decode_leaks(kmemleak.read(said), loaded)
    return SuitesRun(results + skipped, trouble, ending)


def _judge(collector: SuiteCollector, ending: Ending, trouble: str | None) -> list[SuiteResult]:
    leaks = [leak for leak in kmemleak.read(collector.leaks) if not leak.kunits_own]
    results = []
    for place, answer in enumerate(collector.answers):
        if not answer.ended:
            log = kunit_log.read(_console_of(answer.load, ending))
            results.append(suite_results.broken(answer.load, log, trouble or "it did not end"))
            continue
        # What a suite says at length is longer than the log's buffer, not than the console.
        lines = _behind_the_mark(answer) or _console_of(answer.load, ending)
        log = kunit_log.read(lines or [])
        # Numbers of processes go up: what was started before a suite's last case, and
        # after the suite before, is the suite's, like the modprobe of its lab.
        last = place == len(collector.answers) - 1
        end = max(log.pids, default=0)
        mine = [leak for leak in leaks if last or leak.pid <= end]
        leaks = [leak for leak in leaks if leak not in mine]
        debugfs = kunit_log.read_debugfs(answer.debugfs)
        errors = answer.errors + ([] if lines else ["the beginning of the kernel log is lost"])
        result = suite_results.judge(answer.load, log, debugfs, mine, errors)
        result.seconds = answer.seconds
        results.append(result)
    missing = collector.loads[len(collector.answers) :]
    return results + [suite_results.never_began(load) for load in missing]


def _behind_the_mark(answer: SuiteAnswer) -> list[str] | None:
    """Return the log from where the guest has marked it on; None if that is lost."""
    mark = f"kmaplab: begin {answer.load}"
    for place, line in enumerate(answer.log):
        if kunit_log.plain(line) == mark:
            return answer.log[place:]
    return None


def _console_of(load: SuiteLoad, ending: Ending) -> list[str]:
    """Return what stands on the console behind a load's mark, up to the next one's."""
    text = ending.console.decode("utf-8", "replace").replace("\r", "")
    _, mark, rest = text.rpartition(f"kmaplab: begin {load}\n")
    return rest.partition("kmaplab: begin ")[0].splitlines() if mark else []
