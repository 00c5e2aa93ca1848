"""The KUnit suites in real boots, and what a wrong one comes to."""

import json
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml

from harness.build import listing
from harness.catalogue import contract, suites
from harness.catalogue.labs import Lab, all_labs
from harness.guest import prepare
from harness.kernels import uml
from harness.kernels.request import Request
from harness.kernels.targets import KUNIT_ARCH, Target
from harness.results.suite_results import AROUND
from harness.tests.conftest import (
    BreakLab,
    BrokenLab,
    Kmaplab,
    MakeSuites,
    Outcome,
    until_it_came_to,
)

pytestmark = [pytest.mark.boot, pytest.mark.usefixtures("um_default")]

FAULTS = 'name = "lab_faults"\nmodule = "lab_faults_kunit"\nloads = [""]\n'


def ends(how: str) -> str:
    return f'name = "lab_ends"\nmodule = "lab_ends_kunit"\nloads = ["lab_ends how={how}"]\n'


def cases(outcome: Outcome) -> dict[str, dict[str, str]]:
    """Return what kunit.py's JSON says: suites, and in them cases with their status."""
    group: dict[str, Any] = json.loads(outcome.out)
    return {
        suite["name"]: {case["name"]: case["status"] for case in suite["test_cases"]}
        for suite in group["sub_groups"]
    }


def test_all_suites_pass_and_none_is_missing(kmaplab: Kmaplab, um_between: str) -> None:
    """On the others test_boot_contract.py and test_boot_coverage.py run all suites."""
    found = cases(kmaplab("kunit", "--kernel", um_between, "--format", "json").expect(0))
    target = Target(um_between, "um")
    built = prepare.built(Request(target))
    expected = {
        suites.SuiteLoad(suite, load).name: {*listing.cases_of(suite, built), AROUND}
        for suite in suites.all_suites()
        if not suite.why_not(target)
        for load in suite.loads
    }
    assert {name: set(results) for name, results in found.items()} == expected
    assert list(found) == list(expected)
    without_memory = {lab.name for lab in all_labs() if lab.mapping == "none"}
    for name, results in found.items():
        assert len(results) > (10 if name.split()[0] in without_memory else 20), name
        assert set(results.values()) <= {"PASS", "SKIP"}, (name, results)


def test_every_check_that_the_contract_names_is_there(um_default: str) -> None:
    built = prepare.built(Request(Target(um_default, "um")))
    found = {case for suite in suites.all_suites() for case in listing.cases_of(suite, built)}
    for program in listing.of_programs().values():
        found |= program.checks
    named = {check for clause in contract.read() for check in clause.checks}
    assert named <= found | set(contract.OBSERVED)


@pytest.mark.parametrize("lab", all_labs(), ids=[lab.name for lab in all_labs()])
def test_a_hint_is_for_a_check_that_the_lab_has(lab: Lab, um_default: str) -> None:
    built = prepare.built(Request(Target(um_default, "um")))
    found = set(listing.of_programs()[lab.name].checks)
    for suite in suites.all_suites():
        if suite.lab in (lab.name, suites.CORE):
            found |= listing.cases_of(suite, built)
    assert set(lab.hints) <= found


def test_the_usual_form_is_kunit_pys(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("kunit", "--lab", "core").expect(0)
    assert "[PASSED] range_that_wraps_around_does_not_fit" in outcome.out
    assert "Testing complete." in outcome.out


def test_a_suite_of_a_lab_that_cannot_run_is_skipped_by_name(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("kunit", "--kernel", "6.1", "--lab", "prepare").expect(0)
    assert "[SKIPPED] lab_prepare" in outcome.out
    assert "lab_prepare skipped: runs from Linux 7.2 on" in outcome.err


def test_without_sanitizers_what_needs_them_is_skipped(kmaplab: Kmaplab, um_default: str) -> None:
    if why := uml.why_not_proved(Target(um_default, KUNIT_ARCH), "plain"):
        pytest.skip(why)
    arguments = ("kunit", "--flavour", "plain", "--lab", "pages", "--format", "json")
    results = cases(kmaplab(*arguments).expect(0))["lab_pages"]
    skipped = {name for name, status in results.items() if status == "SKIP"}
    needs_faults = {name for name in results if "every_failed" in name}
    assert skipped == needs_faults | {"load_may_wait_for_memory"}


def test_junit_names_suites_and_cases(kmaplab: Kmaplab, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(kmaplab("kunit", "--lab", "core", "--format", "junit").expect(0).out)
    suite = next(iter(JUnitXml.fromfile(str(path))))
    assert suite.name == "lab_core"
    assert suite.tests > 20 and suite.failures == 0


def test_the_same_seed_gives_the_same_contents(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("kunit", "--lab", "core", "--seed", "0x77").expect(0)
    assert "SEED=0x77" in outcome.err


@pytest.fixture
def faulty(kmaplab: Kmaplab, faulty_suites: MakeSuites) -> Kmaplab:
    """Return a function that runs faulty suites."""

    def run(text: str, *arguments: str) -> Outcome:
        return kmaplab("kunit", "--suites", faulty_suites(text), *arguments)

    return run


def test_a_report_fails_the_case_though_every_expectation_held(
    faulty: Kmaplab, um_series: str
) -> None:
    outcome = faulty(FAULTS, "--kernel", um_series, "--format", "junit").expect(1)
    suite = next(iter(JUnitXml.fromstring(outcome.out.encode())))
    said = {case.name: case.result[0].message if case.result else "PASS" for case in suite}
    for name, report in (
        ("locks_are_taken_in_both_orders", "possible circular locking dependency"),
        ("kernel_warns", "WARNING: "),
        ("shift_is_too_far", "UBSAN: shift-out-of-bounds"),
        ("store_is_past_the_end", "KASAN: slab-out-of-bounds"),
        ("object_is_used_after_its_end", "use-after-free"),
        ("objects_are_lost", "unreferenced object"),
    ):
        assert report in said.pop(name), name
    assert said == {
        "nothing_is_wrong_before": "PASS",
        "nothing_is_wrong_after": "PASS",
        AROUND: "PASS",
    }


def test_a_failed_expectation_ends_with_1(faulty: Kmaplab) -> None:
    outcome = faulty(ends("fail")).expect(1)
    assert "Expected 6 * 9 == 42" in outcome.out
    assert "[FAILED] case_does_not_end" in outcome.out


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("crash", "the guest's kernel crashed"),
        ("off", "the guest powered off before it was done"),
        ("spin", "the guest was still running after"),
        ("sleep", "the guest was still running after"),
    ],
)
def test_a_suite_that_never_ends_ends_with_3_and_names_the_case(
    faulty: Kmaplab, how: str, why: str
) -> None:
    begun = "kmaplab: case case_does_not_end pid"
    last = {"crash": "Kernel panic", "off": why}.get(how, begun)
    outcome, limit = until_it_came_to(
        last, lambda limit: faulty(ends(how), "--limit", str(limit)).expect(3)
    )
    assert "[PASSED] case_before_is_well" in outcome.out
    assert "[FAILED] case_does_not_end" in outcome.out
    assert (f"{why} {limit} s" if last == begun else why) in outcome.err
    assert "in case_does_not_end" in outcome.err
    assert (last if how == "crash" else begun) in outcome.err


def test_a_result_that_somebody_else_prints_makes_no_sense(faulty: Kmaplab) -> None:
    assert "how=lie: result 2 of 3 came as number 3" in faulty(ends("lie")).expect(3).err


def test_a_suite_that_does_not_compile_ends_with_2(
    kmaplab: Kmaplab, faulty_suites: MakeSuites
) -> None:
    directory = faulty_suites(FAULTS)
    with (directory / "lab_faults_kunit.c").open("a") as source:
        source.write("nonsense\n")
    outcome = kmaplab("kunit", "--suites", directory).expect(2)
    assert "lab_faults_kunit.c" in outcome.err


def test_a_lab_that_leaks_on_an_error_path_is_caught(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab: BrokenLab = broken_lab("lab_kmalloc").replace(
        "	lab_kmalloc_give_back();\n	return err;", "	return err;"
    )
    arguments = ("kunit", "--labs", lab.directory, "--lab", "core,kmalloc", "--format", "json")
    results = cases(kmaplab(*arguments).expect(1))
    assert results["lab_core"][AROUND] == "PASS"
    assert results["lab_kmalloc"]["load_survives_every_failed_allocation"] == "FAIL"


def test_a_lab_with_a_wrong_bound_is_caught(kmaplab: Kmaplab, broken_lab: BreakLab) -> None:
    lab: BrokenLab = broken_lab("lab_pages").replace("first + vma->vm_pgoff", "first")
    arguments = ("kunit", "--labs", lab.directory, "--lab", "pages", "--format", "json")
    results = cases(kmaplab(*arguments).expect(1))["lab_pages"]
    assert results["offset_k_shows_the_memory_from_page_k_on"] == "FAIL"


def test_a_lab_that_does_not_load_is_named(kmaplab: Kmaplab, broken_lab: BreakLab) -> None:
    lab: BrokenLab = broken_lab("lab_pages").replace("	err = lab_pages_get();", "	err = -ENXIO;")
    outcome = kmaplab("kunit", "--labs", lab.directory, "--lab", "pages").expect(1)
    assert "lab_pages" in outcome.out and "No such device" in outcome.out
