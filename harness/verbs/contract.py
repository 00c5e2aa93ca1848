"""The verb contract: every clause of docs/contract.md, for every lab."""

import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from harness.build import listing
from harness.catalogue import contract, labs
from harness.guest import prepare, side_by_side
from harness.results import proof
from harness.runs import checks
from harness.verbs import kunit as verb_kunit
from harness.catalogue import suites as kunit_suites
from harness.runs.checks import Order
from harness.catalogue.contract import Clause
from harness.guest.machine import Machine
from harness.catalogue.labs import Lab, Load
from harness.base.progress import step
from harness.results.proof import Evidence
from harness.reports.contract_report import ContractReport
from harness.kernels.request import Request
from harness.kernels.targets import Target

# A load with a size that is no power of two, or none of the usual, runs the same checks,
# those that count with a tenth of the rounds.
_SHORTER = 10

# What one guest does, under the name that the progress line shows.
_Job: TypeAlias = tuple[str, Callable[[], Evidence]]


@dataclass(frozen=True)
class _Counts:
    """How many random calls, and how many rounds of load and unload."""

    calls: int
    rounds: int

    def options(self, shorter: bool) -> tuple[str, ...]:
        part = _SHORTER if shorter else 1
        calls, rounds = max(1, self.calls // part), max(1, self.rounds // part)
        return ("--calls", str(calls), "--rounds", str(rounds))


def main(request: Request, args: Namespace) -> int:
    """Check the contract and print what was proved; return the exit status."""
    chosen = labs.choose(args.lab)
    clauses = contract.choose(args.clause)
    machine = prepare.machine(request)
    begun = time.monotonic()
    jobs = _jobs(machine, chosen, clauses, request, _Counts(args.calls, args.rounds))
    evidence = Evidence()
    text = f"proving {len(clauses)} clauses on {machine.kernel.release} ({machine.accel})"
    with step(text) as progress:
        for number, (job, shown) in enumerate(side_by_side.run(jobs, lambda job: job[1]()), 1):
            evidence.add(shown)
            progress.detail = f"{number} of {len(jobs)} guests, the last one {job[0]}"
    report = ContractReport(
        release=machine.kernel.release,
        arch=request.target.arch,
        accel=machine.accel,
        seed=request.seed,
        seconds=time.monotonic() - begun,
        labs=[lab.name for lab in chosen],
        skipped=_skipped(chosen, request.target),
        results=proof.by_clause(clauses, evidence.findings),
        evidence=evidence,
    )
    report.print(args.format)
    return report.status


def _skipped(chosen: list[Lab], wanted: Target) -> dict[str, str]:
    """Return why a lab's check program cannot run, for each whose cannot."""
    return {lab.name: reason for lab in chosen if (reason := lab.why_not(wanted))}


def _jobs(
    machine: Machine,
    chosen: list[Lab],
    clauses: list[Clause],
    request: Request,
    counts: _Counts,
) -> list[_Job]:
    """Return what the guests shall do, the longest first: one load each, and the suites."""
    wanted = {check for clause in clauses for check in clause.checks}
    observed = bool(wanted & set(contract.OBSERVED))
    able = [
        lab
        for lab in chosen
        if not lab.why_not(machine.kernel.target)
        and (observed or wanted & listing.of_programs()[lab.name].checks)
    ]
    jobs = []
    for shorter in (False, True):
        for lab in able:
            for parameters in lab.more_loads if shorter else lab.loads:
                load = Load(lab, parameters)
                options = (*checks.options(clauses, lab), *counts.options(shorter))
                order = Order([load], request.seed, options, leaks=True)
                jobs.append(_check_job(machine, order))
    names = {lab.name for lab in chosen}
    its_suites = [one for one in kunit_suites.all_suites(request.suites) if one.lab in names]
    has_cases = observed or wanted & contract.kunit_cases(request.suites)
    if machine.kernel.target.architecture.has_kunit and its_suites and has_cases:
        jobs.insert(len(jobs) // 2, _kunit_job(machine, its_suites, request.seed))
    return jobs


def _check_job(machine: Machine, order: Order) -> _Job:
    ready = replace(machine, arguments=machine.kernel.target.architecture.thorough_arguments)
    return (str(order.loads[0]), lambda: proof.of_loads(checks.run(ready, order)))


def _kunit_job(machine: Machine, its_suites: list[kunit_suites.Suite], seed: int) -> _Job:
    ready = replace(machine, arguments=verb_kunit.ARGUMENTS)
    has_kmemleak = machine.kernel.has("DEBUG_KMEMLEAK")

    def run() -> Evidence:
        outcome = verb_kunit.run(ready, its_suites, seed)
        return proof.of_suites(outcome.results, outcome.trouble, has_kmemleak)

    return ("the KUnit suites", run)
