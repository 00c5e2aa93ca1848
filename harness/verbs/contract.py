"""The verb contract: every clause of docs/contract.md, for every lab."""

import time
from argparse import Namespace

from harness.base.paths import LABS
from harness.catalogue import contract, labs
from harness.guest import prepare
from harness.kernels.request import Request
from harness.reports import kept_reports
from harness.reports.contract_report import ContractReport
from harness.reports.forms import Booted
from harness.results import clauses
from harness.runs import prove_clauses
from harness.runs.prove_clauses import Counts


def main(request: Request, args: Namespace) -> int:
    """Check the contract and print what was proved; return the exit status."""
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
