"""The forms of what was proved."""

import dataclasses
import json

import pytest
from junitparser import JUnitXml

from harness.catalogue import contract
from harness.catalogue.labs import all_labs
from harness.reports.contract_report import ContractReport
from harness.reports.forms import Booted
from harness.results.clauses import ClauseVerdict, Evidence, Observation
from harness.tests.test_clauses import clause_of


def report(*findings: tuple[str, ClauseVerdict], broken: bool = False) -> ContractReport:
    result = clause_of(*findings)
    evidence = Evidence(result.observations, broken=broken)
    labs = all_labs()[:2]
    return ContractReport(Booted("6.1", "um", "native", 7, 1.0), labs, {}, [result], evidence)


@pytest.mark.parametrize(
    ("findings", "broken", "status"),
    [
        ([("a", ClauseVerdict.PROVED)], False, 0),
        ([("a", ClauseVerdict.FAILED)], False, 1),
        ([("a", ClauseVerdict.SKIPPED)], False, 1),
        ([], False, 1),
        ([("a", ClauseVerdict.PROVED)], True, 3),
    ],
)
def test_the_status_follows_from_the_findings(
    findings: list[tuple[str, ClauseVerdict]], broken: bool, status: int
) -> None:
    assert report(*findings, broken=broken).status == status


def test_the_table_names_what_failed_and_what_is_not_proved(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(("a", ClauseVerdict.FAILED)).print("table")
    text = capsys.readouterr().out
    assert "1.1 A promise" in text and "FAILED" in text
    assert "there: a failed" in text and "0 of 1 clauses proved, not 1.1" in text


def test_json_has_every_finding(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(("a", ClauseVerdict.PROVED)).print("json")
    clause = json.loads(capsys.readouterr().out)["clauses"][0]
    assert clause["proved"] and clause["labs"] == {"lab_kmalloc": "proved", "lab_pages": "none"}


def test_junit_counts_failures_and_skips(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(("a", ClauseVerdict.FAILED), ("b", ClauseVerdict.SKIPPED)).print("junit")
    suite = list(JUnitXml.fromstring(capsys.readouterr().out.encode()))[0]
    assert (suite.tests, suite.failures, suite.skipped) == (2, 1, 1)


@pytest.mark.parametrize(
    ("concerned", "said", "status"),
    [
        (("lab_remap", "lab_prepare"), "1.1 A promise: concerns only lab_remap, lab_prepare", 0),
        (("lab_pages",), "not checked, for the guests ended before: 1.1", 1),
        ((), "1.1 A promise: has no check that runs on um", 1),
    ],
)
def test_a_clause_of_other_labs_is_told_from_one_that_nothing_checks(
    capsys: pytest.CaptureFixture[str], concerned: tuple[str, ...], said: str, status: int
) -> None:
    made = report()
    result = dataclasses.replace(made.results[0], concerned=concerned)
    made = dataclasses.replace(made, results=[result])
    made.print("table")
    assert said in capsys.readouterr().out
    assert made.status == status


def test_a_clause_that_only_a_silent_kernel_speaks_for_has_its_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """So is 7.1 where modules are loaded by no suite."""
    made = report()
    asked = Observation("lab_pages", "there", contract.LEAKS, ClauseVerdict.SKIPPED, "none")
    clause = dataclasses.replace(made.results[0].clause, checks=("a", contract.LEAKS))
    result = dataclasses.replace(made.results[0], clause=clause, observations=[asked])
    dataclasses.replace(made, results=[result]).print("table")
    said = f"1.1 A promise: has no check that runs on um but {contract.LEAKS}, which alone proves"
    assert said in " ".join(capsys.readouterr().out.split())


def test_a_check_of_no_chosen_clause_that_failed_is_the_reason_for_the_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """kmemleak is always asked."""
    made = report(("a", ClauseVerdict.PROVED))
    leak = Observation("lab_pages", "there", "leaks", ClauseVerdict.FAILED, "1 object")
    made.evidence.observations = [*made.evidence.observations, leak]
    made.print("table")
    text = capsys.readouterr().out
    assert made.status == 1 and "there: leaks failed" in text and "1 object" in text


def test_the_verdict_comes_first_and_only_clauses_that_fail_have_rows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = report(("a", ClauseVerdict.PROVED))
    kept = made.results[0]
    failed = Observation(
        "lab_pages", "lab_pages pages=4", "offset_k_shows_page_k", ClauseVerdict.FAILED, "page 1"
    )
    clause = dataclasses.replace(kept.clause, number="1.6", checks=("offset_k_shows_page_k",))
    made.evidence.observations = [*made.evidence.observations, failed]
    results = [kept, dataclasses.replace(kept, clause=clause, observations=[failed])]
    dataclasses.replace(made, results=results).print("table")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("lab_pages pages=4 breaks clause 1.6 A mapping at page offset k")
    assert lines[2] == "    found: page 1" and "lab_pages_mmap in" in lines[3]
    assert "hint: vma->vm_pgoff" in lines[4]
    text = "\n".join(lines)
    assert "1.6 A promise" in text and "1.1 A promise" not in text
