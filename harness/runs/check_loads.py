"""Checking loads of the labs with their check programs, in one guest or in some at once."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path
from typing import Any

from harness.base import side_by_side
from harness.base.errors import GuestError
from harness.base.progress import Step, step
from harness.base.tools import printable
from harness.build import listing
from harness.build.listing import Listing
from harness.catalogue import contract
from harness.catalogue.contract import Clause
from harness.catalogue.labs import Lab, Load
from harness.catalogue.suites import CORE
from harness.guest.channel import Files, Line, LineReader
from harness.guest.guest import Ending
from harness.guest.machine import Machine
from harness.guest.job import Job
from harness.results import kernel_log, kmemleak, load_results
from harness.results.crash import Decoder
from harness.results.kmemleak import Leak
from harness.results.ktap import KtapError, KtapReader
from harness.results.load_results import (
    Expected,
    LeftBehind,
    LoadResult,
    LoadVerdict,
    ProblemKind,
)
from harness.results.witness import (
    ACCESSES_WITNESSED,
    CHECKS,
    CLOCK_WITNESSED,
    DIVISION_WITNESSED,
    WRITES_WITNESSED,
    MemorySighting,
)
from harness.runs import listening, two_looks, witness
from harness.runs.access_witness import TracedDevice
from harness.runs.clock_witness import Clock
from harness.runs.listening import Collector
from harness.runs.port_witness import CountingDevice
from harness.runs.two_looks import Device

# Seconds of processor time without a word: while the guest boots, loads a module or unloads
# it; and beyond that for a check, whose own limit is that of userspace/runner/run.c if its
# program's list has no other.
_BETWEEN_CHECKS = 20.0
_USUAL_CHECK = 60.0


# Enough for every kind of call, and for what rounds leave behind to show.
FEWER = ("--calls", "2000", "--rounds", "20")


# What else than memory is looked at, by the check that it decides.
_DEVICES: dict[str, Device[Any]] = {
    CLOCK_WITNESSED: Clock(),
    ACCESSES_WITNESSED: TracedDevice(),
    WRITES_WITNESSED: CountingDevice(),
}


@dataclass(frozen=True)
class Order:
    """What a guest is to check: loads that can run there, and how.

    ``options`` are the check programs'; if they choose among the tests, a load need
    not compare bytes both ways. ``leaks`` has kmemleak asked behind the last load.
    ``driver`` says that it is no lab that is loaded, but the modules in the folder ``extra``.
    One of the checks in ``enough`` that fails is all that is asked for: the guest is ended then,
    and what else it would have shown is not known.
    """

    loads: list[Load]
    seed: int
    options: tuple[str, ...] = ()
    leaks: bool = False
    driver: bool = False
    extra: Path | None = None
    enough: tuple[str, ...] = ()

    @property
    def witness_seed(self) -> int:
        """What the witness expects in the memory follows from this."""
        told = hashlib.sha256(f"witness {self.seed:x}".encode()).digest()
        return int.from_bytes(told[:8], "little")

    @property
    def expected(self) -> list[Expected]:
        """What must come of each load, as the check program itself says on this machine."""
        return [self._expected_of(listing.of(load.lab)) for load in self.loads]

    def _expected_of(self, listed: Listing) -> Expected:
        if "--only" in self.options:
            names = self.options[self.options.index("--only") + 1]
            return Expected(tuple(names.split(",")), partial=True)
        more = listed.thorough if "--thorough" in self.options else ()
        if "--also" in self.options:
            also = self.options[self.options.index("--also") + 1].split(",")
            more += tuple(name for name in also if name in listed.checks)
        # A driver that cannot be mapped at all is one as well.
        return Expected((*listed.usual, *more), partial=self.driver)


@dataclass(frozen=True)
class CheckedLoads:
    """A result for each load, what was leaked, and how the guest ended.

    ``leaks`` is None where kmemleak was not asked; ``trouble`` says what was wrong with
    the guest itself, and ``left`` are the loads that it did not come to.
    """

    results: list[LoadResult]
    leaks: list[Leak] | None
    trouble: str | None
    ending: Ending
    left: list[Load] = field(default_factory=list)

    def and_then(self, more: "CheckedLoads") -> "CheckedLoads":
        """Return both: this, and what became in another guest of the loads that are left."""
        begun = self.results[: len(self.results) - len(self.left)]
        ending = replace(self.ending, seconds=self.ending.seconds + more.ending.seconds)
        return replace(self, results=begun + more.results, ending=ending, left=more.left)

    def beside(self, more: "CheckedLoads") -> "CheckedLoads":
        """Return both: this, and what became of other loads in another guest meanwhile.

        What was wrong with a guest, and how it ended, is that of the first with trouble.
        """
        told = more if more.trouble and not self.trouble else self
        seconds = max(self.ending.seconds, more.ending.seconds)
        both = self.ending.console + more.ending.console
        console = told.ending.console if told.trouble else both
        ending = replace(told.ending, seconds=seconds, console=console)
        results, left = self.results + more.results, self.left + more.left
        return replace(told, results=results, ending=ending, left=left)


@dataclass
class LoadCollector(Collector):
    """Takes in what a guest says of its loads.

    ``expected`` has for each load what must come of it. ``leaks`` are kmemleak's lines,
    None until it was asked. ``look`` examines the machine while a check program waits,
    given the address of its box and the load. One of the checks in ``enough`` that fails is
    all that is to come.
    """

    loads: list[Load]
    expected: list[Expected]
    leaks: list[str] | None = None
    look: Callable[[Machine, int, Load], MemorySighting] | None = None
    enough: tuple[str, ...] = ()
    results: list[LoadResult] = field(default_factory=list)
    _ktap: KtapReader = field(default_factory=KtapReader)
    _began: float = 0
    _ended: int = 0
    _taint: int = 0
    _machine: Machine | None = None
    _has_enough: bool = False

    def patience(self) -> float:
        """Return the seconds of processor time for which the guest may be silent just now.

        A check that takes longer ends by itself, and says so.
        """
        if self._ended == len(self.loads):
            return super().patience()
        running = self._ktap.ktap.running if self._ended < len(self.results) else None
        if not running:
            return _BETWEEN_CHECKS
        listed = listing.of(self.results[-1].load.lab)
        return listed.seconds.get(running, _USUAL_CHECK) + _BETWEEN_CHECKS

    def booted(self, machine: Machine) -> None:
        """Note the machine that the witness looks at."""
        self._machine = machine

    def take(self, line: Line) -> None:
        """Take in one line."""
        if line.word == "begin":
            self._begin(line.rest)
        elif line.word == "done":
            self.done = True
        elif line.word == "booted" and line.rest.isdecimal():
            self._taint = int(line.rest)
        elif line.word == "leaks" and self._ended == len(self.loads):
            self.leaks = []
        elif line.word == "leak" and self.leaks is not None:
            self.leaks.append(printable(line.rest))
        elif self._ended == len(self.results):
            self.no_sense(f"'{line.word} {line.rest}' outside of a load")
        elif line.word == "log":
            self.results[-1].log.append(_without_level(line.rest))
        elif line.word == "lost":
            self.results[-1].log_lost = True
        elif line.word == "error":
            self.results[-1].add(ProblemKind.ERROR, printable(line.rest))
        elif line.word == "witness":
            self._witness(line.rest)
        elif line.word == "end":
            self._end(line.rest)
        else:
            self._check_line(printable(f"{line.word} {line.rest}".rstrip()))

    def _begin(self, rest: str) -> None:
        expected = self.loads[len(self.results)] if len(self.results) < len(self.loads) else None
        if expected is None or self._ended != len(self.results) or rest != str(expected):
            self.no_sense(f"expected the load '{expected}', found '{rest}'")
            return
        self._ktap = KtapReader(now=self.now)
        self._began = self.now()
        machine = self._machine if expected.lab.large_entries else None
        large = machine is not None and expected.has_large_entries(machine.kernel.target)
        self.results.append(LoadResult(expected, ktap=self._ktap.ktap, large_entries=large))

    def _check_line(self, text: str) -> None:
        try:
            self._ktap.feed(text)
        except KtapError as error:
            self.no_sense(f"{self.results[-1].load}: {error}")
        last = self._ktap.ktap.checks[-1:]
        if any(one.name in self.enough and not one.passed for one in last):
            self.done = self._has_enough = True

    def _witness(self, rest: str) -> None:
        result = self.results[-1]
        word, _, address = rest.rpartition(" ")
        check = CHECKS.get(word, "")
        if not self.look or not self._machine or not self._is_to_be_seen(check):
            self.no_sense(f"'witness {rest}', which was not asked for")
            return
        try:
            place, seen = int(address, 16), result.sightings.get(check)
            if device := _DEVICES.get(check):
                result.sightings[check] = two_looks.look(device, self._machine, place, seen)
            else:
                result.sightings[check] = self.look(self._machine, place, result.load)
        except (GuestError, OSError, ValueError) as error:
            self.no_sense(f"{result.load}: {error}")

    def _is_to_be_seen(self, check: str) -> bool:
        """Say whether the witness has something still to look at, for a check of this load."""
        result, expected = self.results[-1], self.expected[len(self.results) - 1]
        seen = result.sightings.get(check)
        possible = check != DIVISION_WITNESSED or result.large_entries
        return possible and check in expected.checks and (not seen or seen.is_begun)

    def _end(self, rest: str) -> None:
        numbers = rest.split()
        if len(numbers) != 2 or not all(number.isdigit() for number in numbers):
            self.no_sense(f"'end {rest}'")
            return
        status, taint = (int(number) for number in numbers)
        result = self.results[-1]
        result.seconds = self.now() - self._began
        load_results.note_taint(result, self._taint, taint)
        load_results.judge(result, self._ktap, status, self.expected[len(self.results) - 1])
        self._taint = taint
        self._ended += 1

    def finish(self, why_gone: str = "") -> list[LoadResult]:
        """Return a result for every load; what did not come is broken.

        ``why_gone`` says what became of a guest that is gone.
        """
        if self.results and self._ended < len(self.results) and not self._has_enough:
            result = self.results[-1]
            running = f", in {result.ktap.running}" if result.ktap.running else ""
            why = f": it {why_gone}" if why_gone else ""
            text = f"the guest was gone before the checks ended{running}{why}"
            load_results.hear_witness(result)
            result.add(ProblemKind.GUEST_GONE, text)
        missing = self.loads[len(self.results) :]
        return self.results + [load_results.never_began(load) for load in missing]


def _without_level(line: str) -> str:
    """Strip the "<6>" that dmesg -r puts before a line, and control characters."""
    level, found, rest = line.partition(">")
    return printable(rest if found and level.startswith("<") else line)


def options(clauses: list[Clause], lab: Lab) -> tuple[str, ...]:
    """Return the options that have a check program make the checks of some clauses.

    All of them, where a clause is about what the kernel says while all of them run; but
    never those that need two processors.
    """
    wanted = dict.fromkeys(check for clause in clauses for check in clause.checks)
    listed = listing.of(lab)
    chosen = [check for check in wanted if check in listed.checks and check not in listed.races]
    everything = contract.REPORTS in wanted or not chosen
    return ("--thorough",) if everything else ("--thorough", "--only", ",".join(chosen))


def why_no_races(machine: Machine) -> str:
    """Return why a machine cannot make the checks that need two processors; nothing if it can."""
    return "" if machine.qemu else f"{machine.name} has one processor: QEMU has two"


def race_options(clauses: list[Clause], lab: Lab) -> tuple[str, ...]:
    """Return the options for those checks of some clauses that need two processors.

    There are none if the lab has no such check.
    """
    wanted = {check for clause in clauses for check in clause.checks}
    races = [check for check in listing.of(lab).races if check in wanted]
    return ("--only", ",".join(races)) if races else ()


def run(
    machine: Machine,
    order: Order,
    files: Files | None = None,
    listen: Callable[[LoadCollector], None] = lambda collector: None,
) -> CheckedLoads:
    """Check loads in a guest. ``listen`` is called whenever something has come.

    With ``files`` the guest also sends what gcov has counted.
    """
    look = witness.looking_at(order.witness_seed)
    options = (*order.options, "--witness", f"0x{order.witness_seed:x}")
    job = Job(
        "run",
        settings={
            "SEED": f"0x{order.seed:x}",
            "OPTIONS": " ".join(options),
            "LEAKS": int(order.leaks),
            "COVERAGE": int(files is not None),
            "NO_LAB": int(order.driver),
        },
        plan=tuple(str(load) for load in order.loads),
        extra=order.extra,
    )
    reader = LineReader(job.nonce, files)
    collector = LoadCollector(reader, order.loads, order.expected, look=look, enough=order.enough)
    ready = replace(machine, debugger=True)
    ending, trouble = listening.boot(ready, job, collector, lambda: listen(collector))
    leaks = None if collector.leaks is None else kmemleak.read(collector.leaks)
    left = order.loads[len(collector.results) :]
    results = collector.finish(ending.why_gone)
    _decode_crashes(machine, results, ending, leaks or [])
    return CheckedLoads(results, leaks, trouble, ending, left)


def _decode_crashes(
    machine: Machine, results: list[LoadResult], ending: Ending, leaks: list[Leak]
) -> None:
    """Find the lines of labs that the kernel's reports are about, and its list of leaks."""
    assert machine.modules
    decoder = Decoder(machine.kernel.target.architecture, machine.modules, machine.sandboxed)
    for result in results:
        # What a guest that died could not send any more stands on its console.
        gone = result.began and any(one.kind is ProblemKind.GUEST_GONE for one in result.problems)
        result.panicked = gone and kernel_log.has_panic(ending.console)
        result.crash = decoder.decode([*result.log, *(ending.last_lines() if gone else ())])
    if leaks and results and not results[-1].crash:
        names = {result.load.lab.name for result in results}
        results[-1].crash = decoder.decode_leaks(leaks, {*names, CORE})


def _run_all(
    machine: Machine,
    loads: list[Load],
    seed: int,
    listen: Callable[[LoadCollector], None],
    options: tuple[str, ...],
) -> CheckedLoads:
    """Check loads, behind one that has broken its guest in another guest.

    What was wrong with a guest, and how it ended, is that of the first.
    """

    def check(these: list[Load]) -> CheckedLoads:
        return run(machine, Order(these, seed, options), listen=listen)

    def ask(left: list[Load]) -> CheckedLoads:
        ran = check(left)
        if machine.sandboxed:
            _find_whose_fault(ran, check)
        return ran

    checked = ask(loads)
    asked = len(loads)
    while checked.trouble and 0 < len(checked.left) < asked:
        asked = len(checked.left)
        checked = checked.and_then(ask(checked.left))
    return checked


def _find_whose_fault(ran: CheckedLoads, again: Callable[[list[Load]], CheckedLoads]) -> None:
    """Try strange loads alone that had trouble, if another lab was in their guest before.

    What was there before may have left something behind, as a device, a timer that runs, a claim,
    or a notifier that the kernel calls when the next module is loaded. If the load is whole with
    no other lab before it that counts, and each other is tried with it, to see which one has it
    in trouble again.
    """
    begun = [result for result in ran.results if result.began]
    for place, last in enumerate(begun):
        own = [one.load for one in begun[:place] if one.load.lab == last.load.lab]
        before = [one for one in begun[:place] if one.load not in own]
        what = _trouble_of(last, ran)
        if not what or not before:
            continue
        tried = again([*own, last.load])
        alone = tried.results[-1]
        if _trouble_of(alone, tried) or not alone.began:
            continue
        ran.results[ran.results.index(last)] = alone
        behind = [again([result.load, last.load]) for result in before]
        sure = [one.results[-1].began and bool(_trouble_of(one.results[-1], one)) for one in behind]
        for result, guilty in zip(before, sure):
            if guilty or not any(sure):
                result.left_behind = result.left_behind or LeftBehind(str(last.load), what, guilty)


# What the kernel says to a load if somebody has what that asks for.
_IS_TAKEN = ("busy", "exists")


def _trouble_of(result: LoadResult, ran: CheckedLoads) -> str:
    """Say what became of a load that what was left behind may do; nothing if all is well."""
    if ran.trouble and result.verdict is LoadVerdict.BROKEN:
        return "the guest broke"
    if result.warned:
        return "the kernel warned"
    errors = [one.text for one in result.problems if one.kind is ProblemKind.ERROR]
    if any(word in text for text in errors for word in _IS_TAKEN) and not result.ktap.checks:
        return "it could not be loaded"
    return ""


def _deal(loads: list[Load], guests: int) -> list[list[Load]]:
    """Deal loads out as cards are, to guests of which each gets one at least."""
    return [loads[number::guests] for number in range(min(guests, len(loads)))] or [loads]


def _run_shares(
    machine: Machine,
    shares: list[list[Load]],
    seed: int,
    progress: Step,
    options: tuple[str, ...],
) -> CheckedLoads:
    """Check each share of the loads in a guest of its own, all at once."""
    begun: set[str] = set()

    def show(collector: LoadCollector) -> None:
        if collector.results:
            begun.update(str(result.load) for result in collector.results)
            progress.detail = f"{len(begun)}: {collector.results[-1].load}"

    def work(share: list[Load]) -> CheckedLoads:
        return _run_all(machine, share, seed, show, options)

    checked = [result for _, result in side_by_side.run(shares, work, len(shares))]
    return reduce(CheckedLoads.beside, checked)


def of_labs(
    machine: Machine,
    chosen: list[Lab],
    seed: int,
    files: Files | None = None,
    guests: int = 1,
    options: tuple[str, ...] = (),
) -> CheckedLoads:
    """Check the loads of labs as `make run` does; those that cannot run are skipped.

    ``options`` are more of the check programs'.
    With ``files`` the guest also sends what gcov has counted; then there is only one.
    ``guests`` is how many may share the loads, and run at once.
    """
    target = machine.kernel.target
    loads = [Load(lab, parameters) for lab in chosen for parameters in lab.loads]
    able = [load for load in loads if not load.why_not(target)]
    text = f"{len(able)} load{'' if len(able) == 1 else 's'}"
    with step(f"running {text} on {machine.kernel.release} ({machine.accel})") as progress:
        if files is None:
            checked = _run_shares(machine, _deal(able, guests), seed, progress, options)
        else:
            checked = run(machine, Order(able, seed, options), files)
    checked.results.sort(key=lambda result: able.index(result.load))
    checked.results.extend(
        load_results.skipped(load, reason) for load in loads if (reason := load.why_not(target))
    )
    return checked
