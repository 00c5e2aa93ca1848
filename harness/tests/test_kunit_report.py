"""The forms of what suites came to."""

from harness.reports import kunit_report
from harness.reports.junit import JunitResult
from harness.results.kunit_log import read
from harness.results.suite_results import AROUND, SuiteResult
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
