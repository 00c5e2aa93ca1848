"""Trying the changes that lessons propose: each must get the verdict that is foretold."""

from dataclasses import dataclass, field

from harness.base import side_by_side
from harness.base.errors import SetupError
from harness.base.progress import step
from harness.catalogue import contract, patches
from harness.catalogue.changes import Change
from harness.kernels.request import Request
from harness.results import transcript
from harness.results.load_results import LoadResult
from harness.results.transcript import Addresses
from harness.runs import check_loads
from harness.runs.check_loads import Order
from harness.runs.workshop import DoesNotApply, DoesNotBuild, Workshop

# How many lines of a report are shown for a quote that is not in it.
_MOST_LINES = 40


@dataclass(frozen=True)
class ChangeResult:
    """What became of a change: a result for each load, if it builds.

    ``said`` is all that the compiler, or a report, has to say; ``trouble`` what kept the
    change from being tried.
    """

    change: Change
    results: list[LoadResult] = field(default_factory=list)
    said: str = ""
    builds: bool = True
    trouble: str | None = None

    def complaints(self) -> list[str]:
        """Return where this is not what was foretold."""
        change = self.change
        if self.trouble:
            return [f"{change}: {self.trouble}"]
        if self.builds != change.forecast.builds:
            return [f"{change}: {'builds' if self.builds else self.said}"]
        found = []
        for result in self.results:
            failed = _failed(result)
            expected = change.fails_in(result.load, frozenset(_names(result)))
            found += [f"{change}: {one} passes in {result.load}" for one in expected - failed]
            found += [f"{change}: {one} fails in {result.load}" for one in failed - expected]
        for quote in change.quotes:
            if not transcript.is_quoted(quote.lines, self.said, Addresses(quote.addresses)):
                said = "\n".join(self.said.splitlines()[:_MOST_LINES])
                found.append(f"{quote}: the report has no such lines; it says\n{said}")
        return sorted(found)

    def other_checks(self) -> frozenset[str] | None:
        """Return the checks that fail where others were foretold.

        None if the forecast is right, names no checks, or is wrong in another way.
        """
        change = self.change
        failed = [(result.load, _failed(result)) for result in self.results]
        expected = {checks for load, checks in failed if change.concerns(load)}
        elsewhere = {checks for load, checks in failed if not change.concerns(load)}
        if not change.forecast.names_checks or len(expected) != 1 or elsewhere - {frozenset()}:
            return None
        [checks] = expected
        return None if self.trouble or checks == change.forecast.checks else checks


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
    with workshop.bench() as bench:
        try:
            machine = bench.build(
                change.patch, patches.owner_of(change.patch), change.arch, suites=False
            )
            checked = check_loads.run(machine, Order(change.loads, workshop.request.seed))
        except DoesNotApply as error:
            return ChangeResult(change, trouble=f"does not apply: {error}")
        except DoesNotBuild as error:
            return ChangeResult(change, said=str(error), builds=False)
        except SetupError as error:
            return ChangeResult(change, trouble=str(error))
    said = "\n".join(line for result in checked.results for line in _said(result))
    return ChangeResult(change, checked.results, said, trouble=checked.trouble)


def _names(result: LoadResult) -> list[str]:
    return [check.name for check in result.ktap.checks]


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
