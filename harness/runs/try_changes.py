"""Trying the changes that lessons propose: each must get the verdict that is foretold."""

from dataclasses import dataclass, field

from harness.base.errors import SetupError
from harness.base.progress import step
from harness.catalogue import contract, patches
from harness.catalogue.changes import Change
from harness.catalogue.labs import Load
from harness.guest import side_by_side
from harness.kernels.request import Request
from harness.results import transcript
from harness.results.load_results import LoadResult
from harness.results.transcript import Addresses
from harness.runs import check_loads
from harness.runs.check_loads import Order
from harness.runs.workshop import DoesNotApply, DoesNotBuild, Workshop


@dataclass(frozen=True)
class ChangeResult:
    """What became of a change: the checks that failed in each load.

    ``said`` is all that a report has to say of its loads, and ``trouble`` what kept it from
    being tried.
    """

    change: Change
    failed: dict[Load, frozenset[str]] = field(default_factory=dict)
    said: str = ""
    builds: bool = True
    trouble: str | None = None

    def complaints(self) -> list[str]:
        """Return where this is not what was foretold."""
        change = self.change
        if self.trouble:
            return [f"{change}: {self.trouble}"]
        if not self.builds or change.fails is None:
            as_foretold = self.builds == (change.fails is not None)
            return [] if as_foretold else [f"{change}: {'builds' if self.builds else self.said}"]
        found = []
        for load, failed in self.failed.items():
            expected = change.fails_with(load.parameters)
            found += [f"{change}: {name} passes in {load}" for name in sorted(expected - failed)]
            found += [f"{change}: {name} fails in {load}" for name in sorted(failed - expected)]
        for quote in change.quotes:
            if not transcript.is_quoted(quote.lines, self.said, Addresses(quote.addresses)):
                found.append(f"{quote}: the report has no such lines; it says\n{self.said}")
        return found


def try_all(request: Request, changes: list[Change]) -> list[ChangeResult]:
    """Make changes that are shown on the request's series; return what became of each."""
    if not changes:
        return []
    workshop = Workshop.open(request, {change.arch for change in changes})
    text = f"making {len(changes)} change{'' if len(changes) == 1 else 's'} of a lesson"
    with step(text) as progress, workshop.in_use():
        results = []
        for change, result in side_by_side.run(changes, lambda one: _try(workshop, one)):
            results.append(result)
            progress.detail = f"{len(results)}: {change.patch.stem}"
    return sorted(results, key=lambda one: changes.index(one.change))


def _try(workshop: Workshop, change: Change) -> ChangeResult:
    loads = [Load(change.lab, parameters) for parameters in change.lab.loads]
    with workshop.bench() as bench:
        try:
            machine = bench.build(change.patch, patches.owner_of(change.patch), change.arch)
            checked = check_loads.run(machine, Order(loads, workshop.request.seed))
        except DoesNotApply as error:
            return ChangeResult(change, trouble=f"does not apply: {error}")
        except DoesNotBuild as error:
            return ChangeResult(change, said=str(error), builds=False)
        except SetupError as error:
            return ChangeResult(change, trouble=str(error))
    if checked.trouble:
        return ChangeResult(change, trouble=checked.trouble)
    failed = {result.load: _failed(result) for result in checked.results}
    said = "\n".join(line for result in checked.results for line in _said(result))
    return ChangeResult(change, failed, said)


def _failed(result: LoadResult) -> frozenset[str]:
    """Return the checks that failed in a load, the kernel's silence among them."""
    failed = {check.name for check in result.failed_checks}
    return frozenset(failed | ({contract.REPORTS} if result.warned else set()))


def _said(result: LoadResult) -> list[str]:
    """Return what a report has of a load, with each check by itself."""
    lines = [str(problem) for problem in result.problems]
    for check in result.failed_checks:
        lines += [f"{check.name} failed", *check.diagnostics]
    return [*lines, *result.log]
