"""The verb kunit: the KUnit suites in user-mode Linux, with the sanitizers on."""

from argparse import Namespace
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.base import paths
from harness.catalogue import suites
from harness.guest import guest, prepare
from harness.reports import kunit_report
from harness.results import kunit_log
from harness.guest.channel import Files, Line, LineReader, new_nonce
from harness.base.errors import GUEST_BROKEN, OK
from harness.guest.guest import Ending
from harness.guest.machine import Machine
from harness.build.initramfs import Job
from harness.reports.kunit_report import Printer, SuiteResult
from harness.base.paths import BUILD
from harness.base.progress import Step, say, step
from harness.catalogue.suites import SuiteLoad
from harness.kernels.request import Request

# kmemleak tells what is lost only when it has been for five seconds: in this
# mode of UML's a sleep costs none. KASAN is to report every case that errs, not
# only the first. And what the cases say must stand on the console, for the
# guest may not live to send it.
ARGUMENTS = ("time-travel=inf-cpu", "kasan_multi_shot", "loglevel=7")


@dataclass
class Part:
    """What the guest sent about one load."""

    load: SuiteLoad
    log: list[str] = field(default_factory=list)
    debugfs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    ended: bool = False


@dataclass
class Collector:
    """Takes in the result channel of a guest that runs suites."""

    reader: LineReader
    loads: list[SuiteLoad]
    parts: list[Part] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    done: bool = False
    nonsense: str | None = None

    def feed(self, data: bytes) -> bool:
        """Take in bytes; say whether there is nothing more to wait for."""
        for line in self.reader.feed(data):
            self._line(line)
        return self.done or self.nonsense is not None

    def _line(self, line: Line) -> None:
        current = self.parts[-1] if self.parts and not self.parts[-1].ended else None
        if line.word == "begin" and not current and len(self.parts) < len(self.loads):
            load = self.loads[len(self.parts)]
            if line.rest != str(load):
                self.nonsense = f"expected the suite '{load}', found '{line.rest}'"
            self.parts.append(Part(load))
        elif line.word == "leak" and not current:
            self.leaks.append(line.rest)
        elif line.word == "done" and len(self.parts) == len(self.loads) and not current:
            self.done = True
        elif line.word == "log" and current:
            current.log.append(line.rest)
        elif line.word == "result" and current:
            current.debugfs.append(line.rest)
        elif line.word == "error" and current:
            current.errors.append(line.rest)
        elif line.word == "end" and current:
            current.ended = True
        elif line.word != "booted":
            self.nonsense = f"the guest made no sense: '{line.word} {line.rest}'"


def main(request: Request, args: Namespace) -> int:
    """Run the suites and print kunit.py's report; return the exit status."""
    chosen = suites.choose(args.lab, request.suites)
    machine = prepare.machine(request)
    home = machine.kernel.root
    output = BUILD / "kunit" / f"{request.target}-{home.name}"
    printer = Printer(home.parent / "source", output)
    try:
        found = run(replace(machine, arguments=ARGUMENTS), chosen, request.seed)
        printer.show(kunit_report.ktap(found.results), args.format)
    finally:
        printer.stop()
    _tell(found, output)
    return found.status


@dataclass(frozen=True)
class Outcome:
    """What suites came to; ``trouble`` is what was wrong with the guest."""

    results: list[SuiteResult]
    trouble: str | None = None
    ending: Ending | None = None

    @property
    def status(self) -> int:
        """The exit status that it calls for."""
        worst = max((result.status for result in self.results), default=OK)
        return GUEST_BROKEN if self.trouble else worst


def run(
    machine: Machine, chosen: list[suites.Suite], seed: int, files: Files | None = None
) -> Outcome:
    """Run suites; return what they came to.

    With ``files`` the guest also sends what gcov has counted.
    """
    results = []
    loads = []
    for suite in chosen:
        reason = suite.why_not(machine.kernel.target)
        if reason:
            results.append(SuiteResult(suite.lab, skipped=reason))
        else:
            loads += [SuiteLoad(suite, modules) for modules in suite.loads]
    if not loads:
        return Outcome(results)
    nonce = new_nonce()
    collector = Collector(LineReader(nonce, files), loads)
    job = Job(
        {
            "env": f"NONCE={nonce}\nVERB=kunit\nCOVERAGE={int(files is not None)}\n"
            f"SEED=0x{seed:x}\nARCH=um\n",
            "plan": "".join(f"{load}\n" for load in loads),
        }
    )
    text = f"running {len(loads)} suite{'s' * (len(loads) > 1)} on {machine.kernel.release}"
    with step(f"{text}, SEED=0x{seed:x}") as progress, paths.scratch() as directory:
        ready = replace(machine, initrd=job.append_to(machine.initrd, directory))
        ending = guest.run(ready, lambda data: _listen(collector, progress, data))
    trouble = guest.what_went_wrong(collector.nonsense, ending, machine.limit)
    return Outcome(_judge(collector, ending, trouble) + results, trouble, ending)


def _listen(collector: Collector, progress: Step, data: bytes) -> bool:
    enough = collector.feed(data)
    if collector.parts:
        progress.detail = f"{len(collector.parts)}: {collector.parts[-1].load.name}"
    return enough


def _judge(collector: Collector, ending: Ending, trouble: str | None) -> list[SuiteResult]:
    leaks = [leak for leak in kunit_log.read_leaks(collector.leaks) if not leak.kunits_own]
    results = []
    for place, part in enumerate(collector.parts):
        if not part.ended:
            log = kunit_log.read(_console_of(part.load, ending))
            results.append(kunit_report.broken(part.load, log, trouble or "it did not end"))
            continue
        lines = _behind_the_mark(part)
        log = kunit_log.read(lines or [])
        # Numbers of processes go up: what was started before a suite's last case, and
        # after the suite before, is the suite's, like the modprobe of its lab.
        last = place == len(collector.parts) - 1
        end = max(log.pids, default=0)
        mine = [leak for leak in leaks if last or leak.pid <= end]
        leaks = [leak for leak in leaks if leak not in mine]
        debugfs = kunit_log.read_debugfs(part.debugfs)
        errors = part.errors + ([] if lines else ["the beginning of the kernel log is lost"])
        results.append(kunit_report.judge(part.load, log, debugfs, mine, errors))
    missing = collector.loads[len(collector.parts) :]
    return results + [
        SuiteResult(load.name, trouble="never began: the guest was gone before") for load in missing
    ]


def _behind_the_mark(part: Part) -> list[str] | None:
    """Return the log from where the guest has marked it on; None if that is lost."""
    mark = f"kmaplab: begin {part.load}"
    for place, line in enumerate(part.log):
        if kunit_log.plain(line) == mark:
            return part.log[place:]
    return None


def _console_of(load: SuiteLoad, ending: Ending) -> list[str]:
    text = ending.console.decode("utf-8", "replace").replace("\r", "")
    return text.rpartition(f"kmaplab: begin {load}\n")[2].splitlines()


def _tell(outcome: Outcome, output: Path) -> None:
    """Say what kunit.py's form has no place for; the console goes to ``output``."""
    for result in outcome.results:
        if result.skipped is not None:
            say(f"{result.name} skipped: {result.skipped}")
        if result.trouble:
            say(f"{result.name}: {result.trouble}")
    if not outcome.ending:
        return
    console = output / "console.log"
    console.write_bytes(outcome.ending.console)
    if outcome.trouble:
        say(f"{outcome.trouble}; the end of its console (all of it: {console})")
        for line in outcome.ending.last_lines():
            say(f"    {line}")
