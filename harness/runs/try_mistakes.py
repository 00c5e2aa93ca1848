"""Trying mistakes: wrong versions of the labs are built, and run until a check notices."""

import time

from harness.base import side_by_side
from harness.base.errors import SetupError
from harness.base.progress import step
from harness.catalogue import contract, suites
from harness.catalogue.mistakes import Mistake
from harness.guest.machine import Machine
from harness.kernels.request import Request
from harness.kernels.targets import ARCHES
from harness.results.clauses import ClauseVerdict, Evidence, Observation
from harness.results.mistake_results import Caught, MistakeResult
from harness.runs import check_loads, listening, proof, run_suites
from harness.runs.check_loads import Order
from harness.runs.workshop import DoesNotApply, DoesNotBuild, Workshop

# A race is a matter of chance, and on a busy machine of a rare one: a mistake that two
# processors must meet has so many chances to be noticed, a right lab none to fail.
_MOST_RACES = 20


def try_all(
    request: Request, able: list[Mistake], everything: bool = False
) -> tuple[list[MistakeResult], float]:
    """Make mistakes that can be shown on the series.

    With ``everything`` all checks are made of each, not only those of its clause. Returns what
    became of each, in their order, and the seconds that it took.
    """
    workshop = Workshop.open(request, {mistake.arch for mistake in able})
    begun = time.monotonic()
    series = request.target.series
    results = []
    text = f"making {len(able)} mistake{'' if len(able) == 1 else 's'} on {series}"
    with step(text) as progress, workshop.in_use():
        for mistake, result in side_by_side.run(
            _longest_first(able), lambda one: _judge(workshop, one, everything)
        ):
            results.append(result)
            progress.detail = f"{len(results)}: {mistake.name} {result.caught.value}"
    in_order = sorted(results, key=lambda one: able.index(one.mistake))
    return in_order, time.monotonic() - begun


def _longest_first(able: list[Mistake]) -> list[Mistake]:
    """Put those that boot QEMU first: the last ones are to be short."""
    return sorted(able, key=lambda mistake: not ARCHES[mistake.arch].qemu)


def _judge(workshop: Workshop, mistake: Mistake, everything: bool) -> MistakeResult:
    """Make a mistake, and see which checks notice."""
    others = None
    with workshop.bench() as bench:
        begun = time.monotonic()
        try:
            needs_suites = everything or mistake.suite is not None
            machine = bench.build(mistake.patch, mistake.owner, mistake.arch, needs_suites)
            caught, text, by = _look(mistake, machine, workshop.request.seed)
            if everything and caught is Caught.CAUGHT:
                others = _others(mistake, machine, workshop.request.seed)
        except DoesNotApply as error:
            caught, text, by = Caught.DOES_NOT_APPLY, str(error), []
        except DoesNotBuild as error:
            caught, text, by = Caught.DOES_NOT_BUILD, str(error), []
        return MistakeResult(mistake, caught, text, by, time.monotonic() - begun, others)


def _others(mistake: Mistake, machine: Machine, seed: int) -> list[Observation]:
    """Return what the checks of all other clauses notice, and those of none.

    Those that need two processors are not among them: they take minutes.
    """
    order = Order([mistake.load], seed, ("--thorough", *check_loads.FEWER), leaks=True)
    evidence = proof.of_loads(check_loads.run(listening.to_see_all(machine), order))
    if machine.kernel.target.architecture.has_kunit:
        ran = run_suites.run(machine, suites.of_contract([mistake.load.lab]), seed)
        evidence.add(proof.of_suites(ran))
    return [one for one in evidence.failed if one.check not in mistake.clause.checks]


def _look(mistake: Mistake, machine: Machine, seed: int) -> tuple[Caught, str, list[Observation]]:
    """See which checks notice a mistake. Where two processors race, they have some chances."""
    for _ in range(_MOST_RACES if _races(mistake, machine) else 1):
        caught, text, by = _look_once(mistake, machine, seed)
        if caught is Caught.CAUGHT:
            break
    return caught, text, by


def _races(mistake: Mistake, machine: Machine) -> tuple[str, ...]:
    """Return the options for checks that need two processors, if the clause has such."""
    if mistake.suite or not machine.qemu:
        return ()
    return check_loads.race_options([mistake.clause], mistake.load.lab)


def _look_once(
    mistake: Mistake, machine: Machine, seed: int
) -> tuple[Caught, str, list[Observation]]:
    try:
        evidence = _try(mistake, machine, seed)
    except SetupError as error:
        # The program that runs the guest failed, and not the guest's kernel.
        evidence = Evidence(problems=[str(error)], broken=True)
    noticed = [one for one in evidence.failed if one.check in mistake.clause.checks]
    if noticed:
        return Caught.CAUGHT, "", noticed
    return Caught.SURVIVED, _what_happened(evidence), []


def _try(mistake: Mistake, machine: Machine, seed: int) -> Evidence:
    if mistake.suite:
        ran = run_suites.run(machine, suites.choose(mistake.suite), seed)
        return proof.of_suites(ran)
    lab = mistake.load.lab
    races = _races(mistake, machine)
    options = races or check_loads.options([mistake.clause], lab)
    if "--only" not in options:
        options += check_loads.FEWER
    leaks = contract.LEAKS in mistake.clause.checks
    ready = listening.to_see_all(machine)
    # Some mistakes have a device wait for ten seconds, and that in each check.
    order = Order([mistake.load], seed, options, leaks, enough=mistake.clause.checks)
    return proof.of_loads(check_loads.run(ready.racing() if races else ready, order))


def _what_happened(evidence: Evidence) -> str:
    """Say what the guest did instead, for the author of the mistake or of the check."""
    others = [one.check for one in evidence.failed]
    ran = sum(one.verdict is not ClauseVerdict.SKIPPED for one in evidence.observations)
    said = [f"{ran} checks ran"]
    if others:
        said.append(f"other clauses' checks failed: {', '.join(others)}")
    return "; ".join([*said, *evidence.problems, *evidence.log[:5]])
