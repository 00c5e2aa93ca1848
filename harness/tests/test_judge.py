"""From what guests showed to points: without a guest."""

from dataclasses import replace

import pytest

from harness.build import listing
from harness.catalogue import contract, exercises
from harness.catalogue.labs import Lab, Load, all_labs
from harness.grading import judge
from harness.grading.judge import Judging, LabTrouble, LabVerdict, _Unfinished
from harness.guest.guest import Ending
from harness.kernels.request import Request
from harness.results import load_results
from harness.results.clauses import ClauseVerdict, Evidence, Observation
from harness.results.crash import Crash, CrashFrame, ReportPart
from harness.results.ktap import Check, Ktap
from harness.results.load_results import LeftBehind, LoadResult, ProblemKind
from harness.results.witness import WITNESSED, Sighting
from harness.runs.check_loads import CheckedLoads, Order

LAB = all_labs()[0]
EXERCISES = exercises.read(LAB)
WHERE = "x86_64 6.1"


def result() -> LoadResult:
    """Return one with which nothing is wrong."""
    names = judge.counted(LAB)
    checks = [Check(name, True) for name in names]
    load = Load(LAB, LAB.loads[0])
    return LoadResult(load, Ktap(len(checks), checks), sightings={WITNESSED: Sighting()})


def without(found: LoadResult, *names: str) -> LoadResult:
    """Return a result for which some checks did not come."""
    kept = [check for check in found.ktap.checks if check.name not in names]
    return replace(found, ktap=Ktap(len(kept), kept))


def failing(
    found: LoadResult,
    name: str,
    *diagnostics: str,
    passed: bool = False,
    skipped: str | None = None,
) -> LoadResult:
    """Return a result in which a check came out otherwise."""
    other = Check(name, passed, skipped, diagnostics)
    checks = [other if check.name == name else check for check in found.ktap.checks]
    return replace(found, ktap=Ktap(len(checks), checks))


def verdict(*results: LoadResult, findings: Evidence | None = None) -> LabVerdict:
    judging = Judging(Request(seed=1), [LAB])
    judging.take_loads([*results], WHERE)
    if findings:
        judging.take_findings(findings, "um 6.1")
    [found] = judging.verdicts
    return found


def lost(found: LabVerdict) -> set[int]:
    """Return the numbers of the exercises that have earned nothing."""
    return {mark.exercise.number for mark in found.marks if not mark.earned}


def with_clause(number: str) -> set[int]:
    return {one.number for one in EXERCISES if number in one.clauses}


ALL = {one.number for one in EXERCISES}


def test_all_points_if_all_checks_have_come_and_passed() -> None:
    found = verdict(result())
    assert (found.earned, found.possible, found.others) == (20, 20, ())
    assert verdict(result(), result()).earned == 20


@pytest.mark.parametrize(
    "check",
    ["offset_k_shows_page_k", "fresh_contents_are_as_documented", "node_is_for_its_owner_only"],
)
@pytest.mark.parametrize("how", ["failed", "skipped", "missing", "in the second load"])
def test_a_check_that_fails_or_does_not_come_costs_its_exercise_and_no_other(
    check: str, how: str
) -> None:
    bad = failing(result(), check, "page 1: expected 2", "found 3")
    tried = {
        "failed": [bad],
        "skipped": [failing(result(), check, passed=True, skipped="no time")],
        "missing": [without(result(), check)],
        "in the second load": [result(), bad],
    }[how]
    found = verdict(*tried)
    clause = next(one for one in contract.read() if check in one.checks)
    assert lost(found) == with_clause(clause.number), f"{check} {how}"
    [mark] = [mark for mark in found.marks if not mark.earned]
    [failure] = mark.failures
    assert (failure.clause, failure.check, failure.where) == (clause.number, check, WHERE)
    if how == "failed":
        assert failure.text == "page 1: expected 2; found 3"
        assert failure.function == mark.exercise.function and failure.line


def test_a_check_may_be_skipped_only_where_the_solution_skips_it() -> None:
    check = "kernel_addresses_hold_the_contents"
    skipped = failing(result(), check, passed=True, skipped="no /proc/kcore")
    assert lost(verdict(skipped)) == with_clause("1.8")
    judging = Judging(Request(seed=1), [LAB])
    judging.take_loads([skipped], WHERE, {str(skipped.load): [check]})
    assert lost(judging.verdicts[0]) == set()


def test_a_load_that_the_kernel_cannot_have_says_nothing() -> None:
    left_out = load_results.skipped(result().load, "runs from Linux 6.12 on")
    assert verdict(result(), left_out).earned == 20


def test_what_is_forged_or_makes_no_sense_earns_nothing() -> None:
    for kind in (ProblemKind.NO_SENSE, ProblemKind.OTHER_CHECKS, ProblemKind.NOTHING_COMPARED):
        forged = result()
        forged.add(kind, "forged")
        found = verdict(forged)
        assert lost(found) == ALL, kind
        assert found.trouble is LabTrouble.NO_SENSE


def test_nothing_that_passes_elsewhere_earns_points() -> None:
    names = [check.name for check in result().ktap.checks]
    shown = [Observation(LAB.name, "um", name, ClauseVerdict.PROVED) for name in names]
    refused = without(result(), *names)
    refused.add(ProblemKind.ERROR, "modprobe: no memory")
    found = verdict(refused, findings=Evidence(shown))
    assert lost(found) == ALL and found.trouble is LabTrouble.NOT_LOADED


def in_guests(*gone_in: str | None) -> tuple[set[str], list[tuple[str, ...]]]:
    """Have a load checked in guests that are gone in the middle of a check, or are not (None).

    Return the checks that failed, and those that each guest was asked for.
    """
    asked: list[tuple[str, ...]] = []

    def run(order: Order) -> CheckedLoads:
        [expected] = order.expected
        last = gone_in[len(asked)]
        asked.append(expected.checks)
        made = expected.checks[: expected.checks.index(last)] if last else expected.checks
        checks = [Check(name, True) for name in made]
        found = LoadResult(order.loads[0], Ktap(len(checks), checks, running=last))
        ending = Ending(not last, None, 1.0, b"")
        return CheckedLoads([found], [], "the guest is gone" if last else None, ending)

    found = judge.find(Order([Load(LAB, LAB.loads[0])], 1), run)
    return {one.check for one in found.failed}, asked


def test_where_sanitizers_look_each_check_must_come() -> None:
    names = listing.of_programs()[LAB.name].usual
    assert in_guests(None) == (set(), [names])
    # A check that breaks its guest costs itself, and the others have another guest.
    assert in_guests(names[2], None) == ({names[2]}, [names, names[3:]])
    # Nobody hides by breaking every guest.
    failed, asked = in_guests(*names[1:5])
    assert failed == {*names[1:]} and len(asked) < 5


def test_a_load_that_only_qemu_can_make_earns_nothing() -> None:
    refused = LoadResult(Load(LAB, LAB.loads[0]))
    refused.add(ProblemKind.ERROR, "modprobe: no memory")
    ending = Ending(True, None, 1.0, b"")
    order = Order([Load(LAB, LAB.loads[0])], 1)
    found = judge.find(order, lambda _: CheckedLoads([refused], [], None, ending))
    assert lost(verdict(result(), findings=found)) == ALL


@pytest.mark.parametrize("lab", all_labs(), ids=[lab.name for lab in all_labs()])
def test_of_a_module_that_does_not_load_even_a_silent_kernel_earns_nothing(lab: Lab) -> None:
    refused = LoadResult(Load(lab, lab.loads[0]))
    refused.add(ProblemKind.ERROR, "modprobe: no memory")
    judging = Judging(Request(seed=1), [lab])
    judging.take_loads([refused], WHERE)
    marks = judging.verdicts[0].marks
    assert marks and not any(mark.earned for mark in marks)
    assert all(mark.failures for mark in marks), "points were lost, and nothing says why"


def test_what_is_found_elsewhere_takes_points_and_what_belongs_to_no_exercise_is_told() -> None:
    names = ("mmap_fails_cleanly", "region_is_reserved_and_claimed")
    wrong = [Observation(LAB.name, "um", name, ClauseVerdict.FAILED, "so") for name in names]
    found = verdict(result(), findings=Evidence(wrong))
    assert lost(found) == with_clause("7.2")
    assert [(one.clause, one.check) for one in found.others] == [("5.4", names[1])]


def test_what_fails_since_another_part_is_still_missing_costs_no_other_exercise() -> None:
    checks = ("mmap_fails_cleanly", "load_survives_every_failed_allocation")
    [maps] = with_clause("7.2")
    [gets] = with_clause("7.1")
    judging = Judging(Request(seed=1), [LAB])
    judging.take_loads([result()], WHERE)
    wrong = [Observation(LAB.name, "um", name, ClauseVerdict.FAILED, "so") for name in checks]
    judging.take_findings(Evidence(wrong), "um 6.1")
    assert lost(judging.verdicts[0]) == {maps, gets}
    judging._shown[LAB.name].unfinished = _Unfinished((f"kmalloc/{gets}",), checks)
    assert lost(judging.verdicts[0]) == {gets}
    judging._shown[LAB.name].unfinished = _Unfinished((f"kmalloc/{gets}",), checks[1:])
    assert lost(judging.verdicts[0]) == {maps, gets}


def test_a_case_of_a_suite_is_told_only_where_nothing_else_says_what_is_wrong() -> None:
    case = Observation(LAB.name, "um", "case_of_a_suite", ClauseVerdict.FAILED, "so")
    clause = replace(case, check="mmap_fails_cleanly")
    assert [one.check for one in verdict(result(), findings=Evidence([case])).others] == [
        case.check
    ]
    assert verdict(result(), findings=Evidence([case, clause])).others == ()


def test_a_crash_costs_what_it_kept_from_being_checked_and_has_its_line() -> None:
    gone = without(result(), "small_object_shares_its_page")
    frame = CrashFrame("f", f"{LAB.directory.name}/{LAB.name}.c", 57, "*p = 1;", ReportPart.CRASHED)
    gone.crash = Crash("BUG: kernel NULL pointer", (frame,))
    gone.add(ProblemKind.GUEST_GONE, "the guest was gone before the checks ended")
    found = verdict(gone)
    assert lost(found) == with_clause("2.5") | with_clause("8.2")
    assert found.trouble is LabTrouble.CRASHED and found.crash is gone.crash
    lines = {one.line for mark in found.marks for one in mark.failures if one.clause == "8.2"}
    assert lines == {57}
    # Nobody knows of a crash: so it hung.
    gone.crash = None
    assert verdict(gone).trouble is LabTrouble.HUNG


def test_what_a_lab_may_have_left_behind_is_told_and_costs_nothing() -> None:
    """Of several labs in a guest nobody knows which it was."""
    left = result()
    left.left_behind = LeftBehind("lab_remap pages=4", "the guest broke", is_sure=False)
    found = verdict(left)
    assert not lost(found) and found.earned == found.possible
    [told] = found.others
    assert told.check == judge.LEFT_BEHIND and "lab_remap pages=4" in told.text
    wrong = without(result(), "small_object_shares_its_page")
    wrong.left_behind = left.left_behind
    assert judge.LEFT_BEHIND in [one.check for one in verdict(wrong).others]


def test_what_a_lab_has_left_behind_costs_the_clause_of_the_kernels_reports() -> None:
    left = result()
    left.left_behind = LeftBehind("lab_remap pages=4", "the guest broke", is_sure=True)
    found = verdict(left)
    assert lost(found) == with_clause("8.2") and not found.others
    texts = [one.text for mark in found.marks for one in mark.failures]
    assert all("lab_remap pages=4" in text and "after it was removed" in text for text in texts)


def test_a_module_that_cannot_be_removed_loses_that_clause_only() -> None:
    kept = result()
    kept.add(ProblemKind.ERROR, "rmmod: busy")
    assert lost(verdict(kept)) == with_clause("5.2")
    # It is not there to be removed.
    gone = failing(kept, "large_memory_is_given_back", "cannot be loaded: File exists")
    assert lost(verdict(gone)) == with_clause("5.3")


def test_nobody_is_told_the_function_of_a_mistake_that_is_to_be_found() -> None:
    [hunt] = [one for one in EXERCISES if one.mistake]
    checks = {
        check for one in contract.read() if one.number in hunt.clauses for check in one.checks
    }
    check = next(name for name in listing.of_programs()[LAB.name].usual if name in checks)
    found = verdict(failing(result(), check))
    told = {(one.function, one.line) for one in found.marks[hunt.number - 1].failures}
    assert told == {("", None)}


def test_the_witness_is_heard_also_if_the_guest_ends_otherwise() -> None:
    unseen = replace(result(), sightings={})
    load_results.hear_witness(unseen)
    assert WITNESSED in {check.name for check in unseen.failed_checks}


def test_a_lab_that_cannot_run_there_has_no_points_to_lose() -> None:
    [lab] = [lab for lab in all_labs() if lab.since]
    judging = Judging(Request(seed=1), [lab])
    judging._shown[lab.name].add_problem(LabTrouble.SKIPPED, "runs from Linux 7.2 on")
    assert (judging.verdicts[0].earned, judging.verdicts[0].possible) == (0, 0)
