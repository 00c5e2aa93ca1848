"""Trying right versions of the labs: whatever fails for one is a fault of the checks."""

from dataclasses import dataclass, replace

from harness.build import reach
from harness.catalogue import patches, suites
from harness.catalogue.other_ways import OtherWay
from harness.kernels.request import Request
from harness.results.clauses import Evidence
from harness.results.load_results import LoadVerdict
from harness.runs import check_loads, listening, proof, run_suites
from harness.runs.check_loads import Order
from harness.runs.workshop import Workshop

# Seconds for all checks of all labs in one guest.
_LIMIT = 900.0


@dataclass(frozen=True)
class OtherWaysTried:
    """What came of versions that were tried together: the loads, and what was not right."""

    loads: list[str]
    complaints: list[str]


def try_together(request: Request, ways: list[OtherWay]) -> OtherWaysTried:
    """Build versions of different labs in one copy, and check those that run on the target.

    Raises DoesNotApply or DoesNotBuild.
    """
    target = request.target
    able = [way for way in ways if not (way.lab.since and way.lab.since.why_not(target.series))]
    workshop = Workshop.open(replace(request, limit=_LIMIT), {target.arch})
    with workshop.in_use(), workshop.bench() as bench:
        changes = [(way.patch, patches.owner_of(way.patch)) for way in able]
        machine = listening.to_see_all(bench.build_all(changes, target.arch))
        runs = [way.lab for way in able if not way.lab.why_not(target)]
        loads = [load for lab in runs for load in lab.loads_on(target)]
        checked = check_loads.run(
            machine, Order(loads, request.seed, ("--thorough", *check_loads.FEWER), leaks=True)
        )
        evidence = proof.of_loads(checked)
        if target.architecture.has_kunit:
            names = {way.lab.name for way in able}
            chosen = [suite for suite in suites.all_suites() if suite.lab in names]
            ran = run_suites.run(machine, chosen, request.seed)
            evidence.add(proof.of_suites(ran))
    passed = [str(one.load) for one in checked.results if one.verdict is LoadVerdict.PASSED]
    assert machine.modules
    refused = reach.of_labs(machine.kernel, machine.modules)
    return OtherWaysTried(passed, [*refused.values(), *_complaints(evidence)])


def _complaints(evidence: Evidence) -> list[str]:
    return evidence.problems + [
        f"{one.where}: {one.check} failed: {one.text}" for one in evidence.failed
    ]
