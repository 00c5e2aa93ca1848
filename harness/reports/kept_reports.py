"""What of a report is kept for the site, so that it can say what the last run has shown."""

from collections.abc import Iterable
from typing import Any

from harness.base import digest
from harness.base.paths import LABS
from harness.catalogue.mistakes import Mistake
from harness.kernels.targets import Target
from harness.reports.run_report import RunReport
from harness.results import kept_runs
from harness.results.clauses import ClauseResult, ClauseVerdict
from harness.results.mistake_results import MistakeResult

RUNS = "runs"
CLAUSES = "clauses"
MISTAKES = "mistakes"


def keep_run(target: Target, report: RunReport) -> None:
    """Keep of each lab what became of its loads."""
    found: dict[str, dict[str, Any]] = {}
    for one in report.results:
        entry = found.setdefault(one.load.lab.name, {"kernel": report.booted.release, "loads": []})
        parameters = " ".join(one.load.parameters) or "without parameters"
        entry["loads"].append(
            f"{parameters}: {one.verdict.name.lower()}, {len(one.ktap.checks)} checks"
        )
    kept_runs.keep(RUNS, str(target), found)


def keep_clauses(target: Target, results: Iterable[ClauseResult]) -> None:
    """Keep of each clause its result for each lab."""
    found: dict[str, dict[str, Any]] = {}
    for one in results:
        verdicts = {seen.lab: one.verdict(seen.lab) for seen in one.observations}
        shown = {lab: is_so.value for lab, is_so in verdicts.items() if is_so is not _NONE}
        if shown:
            found[one.clause.number] = {"labs": shown}
    kept_runs.keep(CLAUSES, str(target), found)


_NONE = ClauseVerdict.NONE


def keep_mistakes(series: str, results: Iterable[MistakeResult]) -> None:
    """Keep of each mistake what became of it, and what noticed it first."""
    found = {
        one.mistake.name: {
            "patch": digest_of(one.mistake),
            "result": one.caught.value,
            "arch": one.mistake.arch,
            "text": one.text,
            "by": [{"where": by.where, "check": by.check, "text": by.text} for by in one.by[:1]],
        }
        for one in results
    }
    kept_runs.keep(MISTAKES, series, found)


def digest_of(one: Mistake) -> str:
    """Return what changes when a mistake, or what it is made in, does."""
    return digest.of([one.patch, *sorted((LABS / one.owner).glob("*.[ch]"))])
