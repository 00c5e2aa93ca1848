"""The verdict on a suite, and where the reader sees why."""

from harness.base.errors import CHECK_FAILED, GUEST_BROKEN, OK
from harness.reports import kunit_report
from harness.results import suite_results
from harness.results.kmemleak import Leak
from harness.results.kunit_log import SuiteLog, read
from harness.results.suite_results import AROUND, LOADED, SuiteResult
from harness.catalogue.suites import Suite, SuiteLoad
from harness.tests.test_kunit_log import WELL, changed

LOAD = SuiteLoad(Suite("lab_x_kunit", "lab_x", ()), ("lab_x pages=3",))
LOST = ("unreferenced object 0x1 (size 16):", "  some more")


def judge(
    log: SuiteLog, debugfs: dict[str, bool] | None = None, leaks: list[Leak] | None = None
) -> SuiteResult:
    return suite_results.judge(LOAD, log, debugfs or {}, leaks or [], [])


def verdicts(result: SuiteResult) -> dict[str, bool]:
    return {case.name: case.passed for case in result.cases}


def test_a_suite_in_which_all_is_well() -> None:
    result = judge(read(WELL), {"one": True, "two": True})
    assert result.status == OK and result.name == "lab_x pages=3"
    assert verdicts(result) == {"one": True, "two": True, "three": True, AROUND: True}


def test_a_report_fails_its_case() -> None:
    result = judge(read(changed("lab_x: something was refused", "BUG: KASAN: out of bounds")))
    assert result.status == CHECK_FAILED
    assert verdicts(result) == {"one": True, "two": False, "three": True, AROUND: True}
    assert "    # the kernel reported: BUG: KASAN: out of bounds" in kunit_report.as_ktap([result])


def test_a_lost_object_fails_the_case_whose_thread_had_it() -> None:
    result = judge(read(WELL), leaks=[Leak(42, LOST)])
    assert verdicts(result) == {"one": True, "two": False, "three": True, AROUND: True}
    assert "    # unreferenced object 0x1 (size 16):" in kunit_report.as_ktap([result])


def test_an_object_that_no_case_lost_fails_the_suite() -> None:
    result = judge(read(WELL), leaks=[Leak(7, LOST)])
    assert verdicts(result)[AROUND] is False
    assert result.status == CHECK_FAILED


def test_a_report_around_the_cases_fails_the_suite() -> None:
    result = judge(read([*WELL, "WARNING: CPU: 0 PID: 1 at lab_x.c:1"]))
    assert verdicts(result)[AROUND] is False


def test_two_witnesses_that_disagree_are_no_result() -> None:
    result = judge(read(WELL), {"two": False})
    assert result.status == GUEST_BROKEN
    assert result.trouble == "the log and KUnit's own results disagree about two"


def test_a_suite_that_did_not_end_is_no_result() -> None:
    assert judge(read(WELL[:-1])).status == GUEST_BROKEN
    assert judge(read([])).status == GUEST_BROKEN


def test_what_was_running_when_the_guest_went_is_named() -> None:
    result = suite_results.broken(LOAD, read(WELL[:11]), "the guest's kernel crashed")
    assert result.status == GUEST_BROKEN
    assert result.trouble == "the guest's kernel crashed, in two"
    assert verdicts(result) == {"one": True, "two": False}


ERROR = "modprobe: can't load module lab_x: No such device"


def test_a_lab_that_does_not_load_is_told_once_and_first() -> None:
    """The cases that had no lab are left out, the one about loads is not."""
    skipped = changed("    ok 1 one", "    ok 1 one # SKIP the lab did not load")
    failed = [line.replace("ok 2 two", "not ok 2 two") for line in skipped]
    log = read([line.replace("] ok 1", "] not ok 1") for line in failed])
    log.cases[0].lines = ["lab_x: not today"]
    result = suite_results.judge(LOAD, log, {}, [], [ERROR])
    assert [case.name for case in result.cases] == [LOADED, "two", "three", AROUND]
    assert result.cases[0].lines == [ERROR, "lab_x: not today"]
    assert result.status == CHECK_FAILED and result.trouble is None
