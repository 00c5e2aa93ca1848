"""The verb contract: every clause of docs/contract.md, for every lab, or for any driver."""

import time
from argparse import Namespace
from pathlib import Path

from harness.base.errors import RequestError
from harness.base.paths import LABS
from harness.catalogue import contract, drivers, labs
from harness.guest import prepare
from harness.kernels.request import Request
from harness.reports import kept_reports
from harness.reports.contract_report import ContractReport
from harness.reports.driver_report import DriverReport
from harness.reports.forms import Booted
from harness.results import clauses
from harness.runs import any_driver, prove_clauses
from harness.runs.any_driver import Asked
from harness.runs.prove_clauses import Counts


def main(request: Request, args: Namespace) -> int:
    """Check the contract and print what was proved; return the exit status."""
    if args.module or args.device:
        return _check_driver(request, args)
    if args.source or args.profile:
        raise RequestError("SOURCE= and PROFILE= are for a driver: MODULE= and DEVICE= name it")
    chosen = labs.choose(args.lab)
    wanted = contract.choose(args.clause)
    machine = prepare.machine(request)
    begun = time.monotonic()
    counts = Counts(args.calls, args.rounds, not args.usual_loads)
    evidence = prove_clauses.prove(machine, chosen, wanted, request, counts)
    report = ContractReport(
        booted=Booted.of(machine, request.seed, time.monotonic() - begun),
        chosen=chosen,
        skipped={lab.name: why for lab in chosen if (why := lab.why_not(request.target))},
        results=clauses.by_clause(
            wanted, evidence.observations, prove_clauses.concerned(wanted, request)
        ),
        evidence=evidence,
        source=request.labs,
    )
    if request.labs == LABS:
        kept_reports.keep_clauses(request.target, report.results)
    report.print(args.format)
    return report.status


def _check_driver(request: Request, args: Namespace) -> int:
    """Check what the contract says of any driver, for the one that is named."""
    if not args.device:
        raise RequestError("MODULE= needs DEVICE=, as /dev/NAME: the node that the module makes")
    if args.lab:
        raise RequestError("LAB= is for labs, and MODULE= and DEVICE= for a driver that is none")
    asked = Asked(
        args.device,
        args.module,
        Path(args.source).resolve() if args.source else None,
        drivers.read_profile(Path(args.profile)) if args.profile else drivers.Profile(),
    )
    wanted = contract.choose(args.clause)
    machine = prepare.machine(request)
    begun = time.monotonic()
    options = Counts(args.calls, args.rounds).options(False)
    proof = any_driver.prove(machine, asked, wanted, request.seed, options)
    report = DriverReport(Booted.of(machine, request.seed, time.monotonic() - begun), proof)
    report.print(args.format)
    return report.status
