"""The forms of what suites came to."""

from harness.base.paths import LABS
from harness.reports import kunit_report
from harness.reports.junit import JunitResult
from harness.results.kunit_log import Case, read
from harness.results.suite_results import AROUND, LOADED, SuiteResult
from harness.tests.test_kunit_log import WELL, changed
from harness.tests.test_suite_results import judge


def test_ktap_is_numbered_and_says_why_something_was_skipped() -> None:
    skipped = SuiteResult("lab_y", skipped="needs more")
    assert kunit_report.as_ktap([judge(read(WELL)), skipped]).splitlines() == [
        "KTAP version 1",
        "1..2",
        "    KTAP version 1",
        "    # Subtest: lab_x pages=3",
        "    1..4",
        "    ok 1 one",
        "    ok 2 two",
        "    ok 3 three # SKIP there is no such thing",
        f"    ok 4 {AROUND}",
        "ok 1 lab_x pages=3",
        "ok 2 lab_y # SKIP needs more",
    ]


def test_junit_has_what_the_kernel_reported_and_how_long_the_suite_took() -> None:
    result = judge(read(changed("lab_x: something was refused", "BUG: KASAN: out of bounds")))
    result.seconds = 2.5
    skipped = SuiteResult("lab_y", skipped="needs more")
    suite, other = kunit_report.as_junit([result, skipped])
    assert (suite.name, suite.seconds) == ("lab_x pages=3", 2.5)
    assert [case.result for case in suite.cases] == [
        JunitResult.PASSED,
        JunitResult.FAILURE,
        JunitResult.SKIPPED,
        JunitResult.PASSED,
    ]
    assert "the kernel reported: BUG: KASAN" in suite.cases[1].message
    assert [case.result for case in other.cases] == [JunitResult.SKIPPED]


def test_what_is_wrong_with_a_lab_is_told_in_lines_of_our_own() -> None:
    said = ["    # the_case: EXPECTATION FAILED at x.c:1", "    Expected 1 == 2"]
    case = Case("offset_k_shows_the_memory_from_page_k_on", False, lines=said)
    result = SuiteResult("lab_kmalloc pages=5", [case, Case(AROUND, True)])
    lines = kunit_report.verdicts([result], LABS)
    assert lines[0].startswith("KUnit lab_kmalloc pages=5 breaks clause 1.6 A mapping at page")
    assert "lab_kmalloc_mmap in" in "\n".join(lines)


def test_a_lab_that_does_not_load_is_told_with_the_reason() -> None:
    case = Case(LOADED, False, lines=["modprobe: No such device", "lab_pages: not today"])
    lines = kunit_report.verdicts([SuiteResult("lab_pages", [case, Case(AROUND, True)])], LABS)
    assert lines[0] == "KUnit lab_pages: modprobe: No such device"
    assert lines[1] == "    kernel: lab_pages: not today"
    assert "lab_pages_init in" in lines[2]
