"""From what guests showed to evidence."""

from harness.catalogue.contract import LEAKS, REPORTS
from harness.catalogue.labs import Load, all_labs
from harness.guest.guest import Ending
from harness.results.clauses import ClauseVerdict, Evidence
from harness.results.kmemleak import Leak
from harness.results.ktap import Check
from harness.results.kunit_log import Case
from harness.results.load_results import LoadResult, LoadVerdict, ProblemKind
from harness.results.suite_results import AROUND, LOADED, SuiteResult
from harness.runs import proof
from harness.runs.check_loads import CheckedLoads
from harness.runs.run_suites import SuitesRun

LAB = all_labs()[0]
LOAD = Load(LAB, ("pages=4",))


def checked(
    *checks: Check,
    log: tuple[str, ...] = (),
    leaks: list[Leak] | None = None,
    trouble: str | None = None,
    running: str | None = None,
) -> CheckedLoads:
    result = LoadResult(LOAD, log=list(log), verdict=LoadVerdict.PASSED)
    result.ktap.checks += checks
    result.ktap.running = running
    return CheckedLoads([result], leaks, trouble, Ending(not trouble, None, 1.0, b""))


def verdicts(evidence: Evidence) -> dict[str, ClauseVerdict]:
    return {one.check: one.verdict for one in evidence.observations}


def test_checks_and_what_the_kernel_says_become_findings() -> None:
    found = verdicts(
        proof.of_loads(
            checked(
                Check("good", True),
                Check("bad", False, diagnostics=("expected 1",)),
                Check("absent", True, skipped="no such thing here"),
                leaks=[],
            )
        )
    )
    assert found == {
        "good": ClauseVerdict.PROVED,
        "bad": ClauseVerdict.FAILED,
        "absent": ClauseVerdict.SKIPPED,
        REPORTS: ClauseVerdict.PROVED,
        LEAKS: ClauseVerdict.PROVED,
    }


def test_reports_and_leaks_of_the_kernel_are_failures() -> None:
    leak = Leak(42, ("unreferenced object", "  lab_kmalloc_get+0x1"))
    evidence = proof.of_loads(checked(log=("BUG: KASAN: use-after-free",), leaks=[leak]))
    assert verdicts(evidence) == {REPORTS: ClauseVerdict.FAILED, LEAKS: ClauseVerdict.FAILED}
    assert any("lab_kmalloc_get" in one.text for one in evidence.observations)


def test_a_kernel_without_kmemleak_is_not_taken_for_one_without_leaks() -> None:
    assert verdicts(proof.of_loads(checked()))[LEAKS] is ClauseVerdict.SKIPPED


def test_a_guest_that_dies_fails_the_check_that_was_running() -> None:
    evidence = proof.of_loads(checked(trouble="the guest's kernel crashed", running="last"))
    assert verdicts(evidence)["last"] is ClauseVerdict.FAILED
    assert evidence.broken


def test_cases_of_a_suite_become_findings() -> None:
    suite = SuiteResult(
        "lab_kmalloc pages=5",
        [Case("good", True), Case("bad", False, lines=["# expected 1"]), Case(AROUND, True)],
    )
    evidence = proof.of_suites(SuitesRun([suite]))
    assert {one.lab for one in evidence.observations} == {"lab_kmalloc"}
    assert verdicts(evidence) == {
        "good": ClauseVerdict.PROVED,
        "bad": ClauseVerdict.FAILED,
        REPORTS: ClauseVerdict.PROVED,
        LEAKS: ClauseVerdict.PROVED,
    }


def test_a_guest_that_dies_behind_its_last_suite_is_broken_and_says_why() -> None:
    suite = SuiteResult("lab_kmalloc", [Case("good", True), Case(AROUND, True)])
    console = b"good\n[ 1.0] Kernel panic - not syncing: no room\n"
    ran = SuitesRun([suite], "the guest's kernel crashed", Ending(False, None, 1.0, console))
    evidence = proof.of_suites(ran)
    assert evidence.broken
    assert evidence.problems == ["the guest's kernel crashed"]
    assert any("no room" in line for line in evidence.log)


def test_a_suite_on_a_kernel_without_kmemleak_says_nothing_of_leaks() -> None:
    suite = SuiteResult("lab_kmalloc", [Case(AROUND, True)])
    assert LEAKS not in verdicts(proof.of_suites(SuitesRun([suite]), has_kmemleak=False))


def test_a_warning_is_an_observation_whatever_its_text_says() -> None:
    result = LoadResult(LOAD)
    result.add(ProblemKind.KERNEL_WARNED, "in other words")
    result.add(ProblemKind.ERROR, "the kernel warned, says a program")
    ending = Ending(True, None, 1.0, b"")
    evidence = proof.of_loads(CheckedLoads([result], None, None, ending))
    assert verdicts(evidence)[REPORTS] is ClauseVerdict.FAILED
    assert evidence.problems == ["lab_kmalloc pages=4: the kernel warned, says a program"]


def test_a_lab_that_does_not_load_fails_no_check_of_a_clause() -> None:
    """So no mistake counts as caught by it."""
    case = Case(LOADED, False, lines=["modprobe: No such device", "lab_x: not today"])
    evidence = proof.of_suites(SuitesRun([SuiteResult("lab_kmalloc", [case, Case(AROUND, True)])]))
    assert not evidence.failed
    assert evidence.problems == [
        "KUnit lab_kmalloc: modprobe: No such device / lab_x: not today",
    ]


def test_a_kernel_is_not_silent_where_no_check_ran_or_its_log_is_lost() -> None:
    result = LoadResult(LOAD)
    ending = Ending(True, None, 1.0, b"")
    assert REPORTS not in verdicts(proof.of_loads(CheckedLoads([result], None, None, ending)))
    result.ktap.checks.append(Check("good", True))
    result.log_lost = True
    evidence = proof.of_loads(CheckedLoads([result], None, None, ending))
    assert verdicts(evidence)[REPORTS] is ClauseVerdict.SKIPPED
