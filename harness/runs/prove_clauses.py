"""Proving clauses of the contract: a guest for each load of a lab, and one for the suites.

Checks that need two processors have guests of their own, one for each lab.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from harness.base import side_by_side
from harness.base.progress import step
from harness.build import listing
from harness.catalogue import contract, suites
from harness.catalogue.contract import Clause
from harness.catalogue.labs import Lab, Load
from harness.catalogue.suites import Suite
from harness.guest import prepare
from harness.guest.machine import RACING_PROCESSORS, Machine
from harness.kernels.request import Request
from harness.results.clauses import ClauseVerdict, Evidence, Observation
from harness.runs import check_loads, listening, proof, run_suites
from harness.runs.check_loads import Order

# A load with a size that is no power of two, or none of the usual, runs the same checks,
# those that count with a tenth of the rounds.
_SHORTER = 10


@dataclass(frozen=True)
class Counts:
    """How many random calls, how many rounds of load and unload, and of which loads.

    Without ``more_loads`` only those of `make run` are proved.
    """

    calls: int
    rounds: int
    more_loads: bool = True

    def options(self, shorter: bool) -> tuple[str, ...]:
        """Return the check programs' options for them."""
        part = _SHORTER if shorter else 1
        calls, rounds = max(1, self.calls // part), max(1, self.rounds // part)
        return ("--calls", str(calls), "--rounds", str(rounds))


@dataclass(frozen=True)
class _GuestTask:
    """What one guest does, under the name that the progress line shows."""

    name: str
    work: Callable[[], Evidence]

    def do(self) -> Evidence:
        """Do it."""
        return self.work()


def prove(
    machine: Machine, chosen: list[Lab], clauses: list[Clause], request: Request, counts: Counts
) -> Evidence:
    """Have guests make the checks of some clauses; return what they showed."""
    races = _race_tasks(machine, chosen, clauses, request, counts) if machine.qemu else []
    tasks = _tasks(machine, chosen, clauses, request, counts)
    evidence = Evidence() if machine.qemu else _without_races(machine, chosen, clauses)
    text = f"proving {len(clauses)} clauses on {machine.kernel.release} ({machine.accel})"
    with step(text) as progress:
        pairs = max(1, side_by_side.workers() // RACING_PROCESSORS)
        raced = side_by_side.run(races, _GuestTask.do, at_once=pairs)
        done = side_by_side.run(tasks, _GuestTask.do)
        for number, (task, shown) in enumerate(chain(raced, done), 1):
            evidence.add(shown)
            all_guests = len(races) + len(tasks)
            progress.detail = f"{number} of {all_guests} guests, the last one {task.name}"
    return evidence


def concerned(clauses: list[Clause], request: Request) -> dict[str, tuple[str, ...]]:
    """Return the labs that have a check of each clause, by the clause's number.

    A lab's checks are those of its check program and, where KUnit runs, of its suite;
    the core counts as a lab there, which has a suite only. What is seen while other checks
    run concerns every lab.
    """
    checks = {name: listed.checks for name, listed in listing.of_programs().items()}
    if request.target.architecture.has_kunit:
        checks[suites.CORE] = set()
        built = prepare.built(request)
        for suite in suites.all_suites(request.suites):
            if suite.lab in checks:
                checks[suite.lab] |= listing.cases_of(suite, built)
    return {
        clause.number: tuple(
            lab
            for lab, its_checks in checks.items()
            if its_checks.intersection(clause.checks) or contract.is_observed(clause)
        )
        for clause in clauses
    }


def _tasks(
    machine: Machine, chosen: list[Lab], clauses: list[Clause], request: Request, counts: Counts
) -> list[_GuestTask]:
    """Return what the guests are to do, the longest first."""
    wanted = {check for clause in clauses for check in clause.checks}
    observed = bool(wanted & set(contract.OBSERVED))
    able = [
        lab
        for lab in chosen
        if not lab.why_not(machine.kernel.target) and (observed or wanted & _one_processors(lab))
    ]
    tasks = []
    for shorter in (False, True) if counts.more_loads else (False,):
        for lab in able:
            options = (*check_loads.options(clauses, lab), *counts.options(shorter))
            loads_on = lab.more_loads_on if shorter else lab.loads_on
            for load in loads_on(machine.kernel.target):
                order = Order([load], request.seed, options, leaks=True)
                tasks.append(_check_task(machine, order))
    its_suites = suites.of_contract(chosen, request.suites)
    if machine.kernel.target.architecture.has_kunit and its_suites:
        built = prepare.built(request)
        cases = {case for suite in its_suites for case in listing.cases_of(suite, built)}
        if observed or wanted & cases:
            tasks.insert(len(tasks) // 2, _suites_task(machine, its_suites, request.seed))
    return tasks


def _one_processors(lab: Lab) -> set[str]:
    """Return the checks of a lab for which one processor is enough."""
    listed = listing.of_programs()[lab.name]
    return listed.checks - set(listed.races)


def _races(machine: Machine, chosen: list[Lab], clauses: list[Clause]) -> Iterator[Load]:
    """Yield the first load of each lab that has checks which need two processors."""
    for lab in chosen:
        if check_loads.race_options(clauses, lab) and not lab.why_not(machine.kernel.target):
            yield Load(lab, lab.loads[0])


def _race_tasks(
    machine: Machine, chosen: list[Lab], clauses: list[Clause], request: Request, counts: Counts
) -> list[_GuestTask]:
    """Return what the guests with two processors are to do, one for each lab."""
    ready = listening.to_see_all(machine).racing()

    def task(load: Load) -> _GuestTask:
        options = (*check_loads.race_options(clauses, load.lab), *counts.options(False))
        order = Order([load], request.seed, options)
        return _GuestTask(
            f"{load} on {RACING_PROCESSORS} processors",
            lambda: proof.of_loads(check_loads.run(ready, order)),
        )

    return [task(load) for load in _races(machine, chosen, clauses)]


def _without_races(machine: Machine, chosen: list[Lab], clauses: list[Clause]) -> Evidence:
    """Return why there is nothing of checks that need two processors."""
    found = []
    for load in _races(machine, chosen, clauses):
        names = check_loads.race_options(clauses, load.lab)[1].split(",")
        reason = check_loads.why_no_races(machine)
        found += [
            Observation(load.lab.name, str(load), name, ClauseVerdict.SKIPPED, reason)
            for name in names
        ]
    return Evidence(found)


def _check_task(machine: Machine, order: Order) -> _GuestTask:
    ready = listening.to_see_all(machine)
    return _GuestTask(str(order.loads[0]), lambda: proof.of_loads(check_loads.run(ready, order)))


def _suites_task(machine: Machine, its_suites: list[Suite], seed: int) -> _GuestTask:
    has_kmemleak = machine.kernel.has("DEBUG_KMEMLEAK")

    def work() -> Evidence:
        ran = run_suites.run(machine, its_suites, seed)
        return proof.of_suites(ran, has_kmemleak)

    return _GuestTask("the KUnit suites", work)
