"""Trying mutants: each is built, and tried until a check notices, the cheapest checks first."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from harness.base import kept, paths, side_by_side
from harness.base.errors import SetupError
from harness.base.paths import KUNIT, LABS, USERSPACE
from harness.base.progress import say, step
from harness.build import initramfs, mutants, one_module
from harness.build.mutants import RulePlace
from harness.build.one_module import DoesNotCompile, OneModule
from harness.catalogue import contract, labs, suites
from harness.catalogue.labs import MAPPINGS, Lab, Load
from harness.catalogue.mutants import Equivalent, Mutant
from harness.catalogue.patches import CORE_FOLDER
from harness.catalogue.suites import Suite
from harness.guest.machine import Machine
from harness.kernels.request import Request
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import DEFAULT_ARCH, DEVICE_TREE_ARCH, KUNIT_ARCH, Target
from harness.results.clauses import Evidence
from harness.results.mutant_results import Attempt, Fate, MutantResult
from harness.runs import check_loads, listening, proof, run_suites
from harness.runs.check_loads import Order
from harness.runs.workshop import Bench, Workshop

# In the long trials: fewer random calls and rounds than `make contract` makes, since what
# those alone notice shows within the first thousands. So many rounds leak more than the kernel's
# own use varies by, if each leaks a buffer of four pages (userspace/contract/rounds.c).
_COUNTS = ("--calls", "5000", "--rounds", "100")

# So many seconds a long trial may take, as a multiple of a short one's limit.
_LONGER = 3

# The core's own lab in the reports, and the name of its suite.
CORE_NAME = "lab_core"


@dataclass(frozen=True)
class Trial:
    """One way to try a mutant: where, and which checks. ``sources`` are those of the checks."""

    name: str
    target: Target
    sources: Path
    work: Callable[[Machine, int], Evidence]


def trials(owner: str) -> list[Trial]:
    """Return the ways to try the mutants of a directory below labs/, the cheapest first.

    What all labs share is tried with one lab of each kind of mapping, and with one lab
    that needs a newer series.
    """
    found = []
    for series, shown in _shown_by(owner).items():
        um, qemu = Target(series, KUNIT_ARCH), Target(series, DEFAULT_ARCH)
        on_um = [lab for lab in shown if not lab.why_not(um)]
        names = {lab.name for lab in shown} | ({CORE_NAME} if owner == CORE_FOLDER else set())
        its_suites = [suite for suite in suites.all_suites() if suite.lab in names]
        if on_um:
            found.append(_of_checks("checks", um, [Load(lab, lab.loads[0]) for lab in on_um], ()))
        if its_suites:
            found.append(_of_suites(um, its_suites))
        able = [lab for lab in shown if qemu.has_image and not lab.why_not(qemu)]
        if not found and able:
            found.append(_of_checks("checks", qemu, [Load(lab, lab.loads[0]) for lab in able], ()))
        for target, its_labs in ((um, on_um), (qemu, able)):
            for load in _loads(its_labs, owner, target):
                found.append(_of_contract(target, load))
        if not on_um:
            # The machine of another architecture has other devices.
            found += _of_its_own(Target(series, DEVICE_TREE_ARCH), shown)
        # Of the labs that show what all share, one is enough: these take minutes.
        for lab in able[:1]:
            found.append(_of_races(qemu, Load(lab, lab.loads[0])))
    return found + _of_large_entries(owner)


def _of_contract(target: Target, load: Load) -> Trial:
    return _of_checks(f"contract of {load}", target, [load], ("--thorough", *_COUNTS))


def _of_its_own(target: Target, shown: list[Lab]) -> list[Trial]:
    """Return the ways to try what only one architecture does, of labs that need a machine."""
    able = [lab for lab in shown if target.has_image and not lab.why_not(target)]
    return [_of_contract(target, Load(lab, lab.loads[0])) for lab in able]


def _of_large_entries(owner: str) -> list[Trial]:
    """Return the ways to try what only newer kernels do: to map 2 MiB by one entry."""
    found = []
    for lab in (lab for lab in labs.all_labs() if lab.directory.name == owner):
        if lab.large_entries:
            target = Target(lab.large_entries.since.series, DEFAULT_ARCH)
            its_loads = [load for load in lab.loads_on(target) if load.has_large_entries(target)]
            found += [_of_contract(target, load) for load in its_loads]
    return found


def _loads(shown: list[Lab], owner: str, target: Target) -> list[Load]:
    """Return the loads for the long trials: what all labs share needs one of each lab."""
    most = 1 if owner == CORE_FOLDER else None
    return [load for lab in shown for load in lab.loads_on(target)[:most]]


def _shown_by(owner: str) -> dict[str, list[Lab]]:
    """Return the labs that show a mutant of a directory, by the series that they run on."""
    every = labs.all_labs()
    mine = [lab for lab in every if lab.directory.name == owner]
    if owner == CORE_FOLDER:
        old = [lab for lab in every if not lab.since and not lab.cannot_run]
        kinds = (next((lab for lab in old if lab.mapping == kind), None) for kind in MAPPINGS)
        mine = [lab for lab in kinds if lab] + [lab for lab in every if lab.since][:1]
    shown: dict[str, list[Lab]] = {}
    for lab in mine:
        shown.setdefault(lab.since.series if lab.since else DEFAULT_SERIES, []).append(lab)
    return shown


def _of_checks(name: str, target: Target, loads: list[Load], options: tuple[str, ...]) -> Trial:
    def work(machine: Machine, seed: int) -> Evidence:
        ready = listening.to_see_all(machine)
        if options and machine.limit:
            ready = replace(ready, limit=_LONGER * machine.limit)
        order = Order(loads, seed, options, leaks=bool(options))
        return proof.of_loads(check_loads.run(ready, order))

    return Trial(f"{name} on {target}", target, USERSPACE, work)


def _of_races(target: Target, load: Load) -> Trial:
    def work(machine: Machine, seed: int) -> Evidence:
        options = check_loads.race_options(list(contract.read()), load.lab)
        if not options:
            return Evidence()
        limit = _LONGER * machine.limit if machine.limit else machine.limit
        ready = replace(listening.to_see_all(machine).racing(), limit=limit)
        order = Order([load], seed, options)
        return proof.of_loads(check_loads.run(ready, order))

    return Trial(f"races of {load} on {target}", target, USERSPACE, work)


def _of_suites(target: Target, chosen: list[Suite]) -> Trial:
    def work(machine: Machine, seed: int) -> Evidence:
        ran = run_suites.run(machine, chosen, seed)
        return proof.of_suites(ran)

    return Trial(f"suites on {target}", target, KUNIT, work)


@dataclass
class Stand:
    """Where one worker builds and tries the mutants for a target."""

    target: Target
    bench: Bench
    seed: int
    _ready: Any = None
    _codes: dict[str, bytes] = field(default_factory=dict)
    _named: set[Trial] = field(default_factory=set)

    def judge(self, mutant: Mutant, trial: Trial) -> Attempt | None:
        """Try a mutant; return what it showed, or None if its code is that of the lab.

        Raises DoesNotCompile, and SetupError if the lab itself does not come through the trial.
        """
        useless = self._checks_that_fail_anyway(mutant.file, trial)
        inputs = self._inputs(mutant.text, mutant.file, trial)
        said = kept.answer("mutants/verdicts", inputs, lambda: self._try(mutant, trial))
        if said == "same":
            return None
        if "compiler" in said:
            raise DoesNotCompile(said["compiler"])
        checks = tuple(check for check in said["checks"] if check not in useless)
        return Attempt(checks, said["trouble"])

    def _inputs(self, text: str, file: str, trial: Trial) -> list[str | Path]:
        """Return what a verdict follows from."""
        place = LABS / file
        others = [LABS / "include", LABS / CORE_FOLDER, place.parent]
        sources = [path for one in others for path in sorted(one.glob("*.[ch]")) if path != place]
        kernel = self.bench.workshop.kernels[self.target.arch]
        return [text, trial.name, *sources, trial.sources, kernel.version]

    def _checks_that_fail_anyway(self, file: str, trial: Trial) -> frozenset[str]:
        """Return the checks that the lab itself fails: from a mutant they mean nothing.

        Raises SetupError if the lab fails in another way.
        """
        inputs = self._inputs((LABS / file).read_text(), file, trial)

        def work() -> dict[str, Any]:
            _, machine = self._machine()
            return _as_data(_attempt(trial, machine, self.seed))

        said = kept.answer("mutants/verdicts", inputs, work)
        if said["trouble"]:
            raise SetupError(f"the lab itself fails, {file}, {trial.name}: {said['trouble']}")
        if said["checks"] and trial not in self._named:
            self._named.add(trial)
            say(f"the lab itself fails in {trial.name}: {', '.join(said['checks'])}")
        return frozenset(said["checks"])

    def _machine(self) -> tuple[Any, Machine]:
        if self._ready is None:
            self._ready = self.bench.build_pristine(self.target.arch)
        built, machine = self._ready
        return built, machine

    def _try(self, mutant: Mutant, trial: Trial) -> Any:
        built, machine = self._machine()
        kernel = machine.kernel
        with one_module.find(kernel, built, mutant.file) as module:
            try:
                pristine = self._code(mutant.file, module)
                if module.build(mutant.text) == pristine:
                    return "same"
            except DoesNotCompile as error:
                return {"compiler": str(error)}
            with paths.scratch() as directory:
                one = initramfs.write_module(directory, kernel, module.module)
                archive = initramfs.join((machine.initrd, one), directory)
                ready = replace(machine, initrd=archive)
                return _as_data(_attempt(trial, ready, self.seed))

    def _code(self, file: str, module: OneModule) -> bytes:
        """Return the code that the compiler makes of the lab itself."""
        if file not in self._codes:
            self._codes[file] = module.build((LABS / file).read_text())
        return self._codes[file]


def _attempt(trial: Trial, machine: Machine, seed: int) -> Attempt:
    """Have a guest make the checks of a trial."""
    try:
        evidence = trial.work(machine, seed)
    except SetupError as error:
        # The program that runs the guest failed, and not the guest's kernel.
        return Attempt(trouble=str(error))
    checks = tuple(dict.fromkeys(one.check for one in evidence.failed))
    trouble = evidence.problems[0] if evidence.problems else ""
    return Attempt(checks, trouble)


def _as_data(attempt: Attempt) -> dict[str, Any]:
    return {"checks": attempt.checks, "trouble": attempt.trouble}


def try_all(
    places: list[RulePlace], known: list[Equivalent], request: Request, jobs: int | None
) -> tuple[list[MutantResult], float]:
    """Make a mutant at each place, and try it.

    Returns what became of each, in the order of the places, and the seconds that it took.
    """
    begun = time.monotonic()
    results: dict[RulePlace, MutantResult] = {}
    owners = {place.source.parent.name for place in places}
    at_once = jobs or side_by_side.workers()
    with step(f"trying mutants at {len(places)} places") as progress, _stands(
        owners, request, at_once
    ) as stands:

        def work(place: RulePlace) -> MutantResult | None:
            mutant = mutants.make(place)
            return _judge(mutant, stands, known) if mutant else None

        tasks = side_by_side.run(places, work, at_once)
        for number, (place, result) in enumerate(tasks, 1):
            left = (time.monotonic() - begun) / number * (len(places) - number) / 60
            if result:
                results[place] = result
                progress.detail = (
                    f"{number} of {len(places)}, about {left:.0f} min left; "
                    f"{result.mutant.name} {result.fate.value}"
                )
    in_order = {results[place].mutant.text: results[place] for place in places if place in results}
    return list(in_order.values()), time.monotonic() - begun


Stands = SimpleQueue[dict[Target, Stand]]


@contextmanager
def _stands(owners: set[str], request: Request, at_once: int) -> Iterator[Stands]:
    """Give each worker a stand for each target that the mutants of some directories need."""
    targets = {trial.target for owner in owners for trial in trials(owner)}
    free: Stands = SimpleQueue()
    with ExitStack() as stack:
        workshops = {}
        for series in sorted({target.series for target in targets}):
            arches = {target.arch for target in targets if target.series == series}
            one = replace(request, target=Target(series, KUNIT_ARCH))
            workshops[series] = Workshop.open(one, arches, "mutants")
            stack.enter_context(workshops[series].in_use(at_once))
        for _ in range(at_once):
            mine = {}
            for series, workshop in workshops.items():
                bench = stack.enter_context(workshop.bench())
                for target in targets:
                    if target.series == series:
                        mine[target] = Stand(target, bench, request.seed)
            free.put(mine)
        yield free


def _judge(mutant: Mutant, stands: Stands, known: list[Equivalent]) -> MutantResult:
    lab = _name_of(mutant.owner)
    reason = next((one.reason for one in known if one.is_of(mutant)), None)
    if reason:
        return MutantResult(mutant, lab, Fate.EQUIVALENT, text=reason)
    mine = stands.get()
    try:
        return _try_each(mutant, lab, mine)
    finally:
        stands.put(mine)


def _try_each(mutant: Mutant, lab: str, stands: dict[Target, Stand]) -> MutantResult:
    """Try a mutant in one way after another, until it is killed."""
    fate = Fate.SAME_CODE
    same: set[Target] = set()
    for trial in trials(mutant.owner):
        if trial.target in same:
            continue
        try:
            attempt = stands[trial.target].judge(mutant, trial)
        except DoesNotCompile as error:
            return MutantResult(mutant, lab, Fate.DOES_NOT_BUILD, trial.name, text=str(error))
        if attempt is None:
            same.add(trial.target)
            continue
        if attempt.killed:
            return MutantResult(mutant, lab, Fate.KILLED, trial.name, attempt)
        fate = Fate.SURVIVED
    return MutantResult(mutant, lab, fate)


def _name_of(owner: str) -> str:
    named = (lab.name for lab in labs.all_labs() if lab.directory.name == owner)
    return next(named, CORE_NAME)


def sample(places: list[RulePlace], count: int | None, seed: int) -> list[RulePlace]:
    """Return some of the places, chosen by a seed; all of them without a count."""
    if count is None or count >= len(places):
        return places
    chosen = set(random.Random(seed).sample(range(len(places)), count))
    return [place for number, place in enumerate(places) if number in chosen]
