"""The contract's page, and what is made of the results of its checks."""

import json
from pathlib import Path

import pytest

from harness.build import listing
from harness.catalogue import contract
from harness.results import proof
from harness.runs.checks import Checked
from harness.catalogue.contract import LEAKS, REPORTS, Clause
from harness.base.errors import RequestError, SetupError
from harness.guest.guest import Ending
from harness.results.ktap import Check
from harness.results.kunit_log import Case, Leak
from harness.reports.kunit_report import AROUND, SuiteResult
from harness.catalogue.labs import Load, all_labs
from harness.results.proof import Evidence, Verdict
from harness.reports.contract_report import ContractReport
from harness.results.load_results import LoadResult
from harness.results.load_results import Verdict as LoadVerdict

CLAUSES = contract.read()


def user_checks() -> set[str]:
    return {check for lab in listing.of_programs().values() for check in lab.checks}


def test_every_check_that_the_page_names_is_there() -> None:
    named = {check for clause in CLAUSES for check in clause.checks}
    assert named <= user_checks() | contract.kunit_cases() | set(contract.OBSERVED)


def test_every_check_of_the_programs_proves_a_clause() -> None:
    named = {check for clause in CLAUSES for check in clause.checks}
    assert user_checks() <= named


def test_clauses_are_numbered_in_order() -> None:
    numbers = [tuple(int(part) for part in clause.number.split(".")) for clause in CLAUSES]
    for (chapter, number), (next_chapter, next_number) in zip(numbers, numbers[1:], strict=False):
        assert (next_chapter, next_number) in ((chapter, number + 1), (chapter + 1, 1))


def test_every_clause_has_a_reason() -> None:
    """Prose before its proof: what would go wrong without it."""
    for heading, text in contract._sections(contract.PAGE.read_text()):
        assert len(text.partition("Proved by")[0].split()) >= 10, heading


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [("4.2", ["4.2"]), ("3.1,8", ["3.1", "8.1", "8.2"]), ("1.1 1.1", ["1.1"])],
)
def test_clauses_are_chosen_by_number_and_chapter(wanted: str, numbers: list[str]) -> None:
    assert [clause.number for clause in contract.choose(wanted)] == numbers


@pytest.mark.parametrize("wanted", ["99", "4.99", "1.", "x"])
def test_an_unknown_clause_is_refused_with_the_known_ones(wanted: str) -> None:
    with pytest.raises(RequestError, match="choose from 1.1, "):
        contract.choose(wanted)


@pytest.mark.parametrize(
    "text",
    [
        "### 1.1 A promise\n\nOf nothing.\n",
        "### 1.1 A promise\n\nProved by `a`, `a`.\n",
        "### 1.1 A promise\n\nProved by `a`.\n\n### 1.1 Again\n\nProved by `b`.\n",
        "### 1.1 A promise\n\n## 2 Next\n\nProved by `a`.\n",
    ],
)
def test_a_page_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    page = tmp_path / "contract.md"
    page.write_text(text)
    with pytest.raises(SetupError, match=r"clause 1\.1"):
        contract.read(page)


def test_a_wish_without_a_clause_is_refused() -> None:
    with pytest.raises(RequestError, match="names no clause"):
        contract.choose(",")


LAB = all_labs()[0]
LOAD = Load(LAB, ("pages=4",))


def checked(
    *checks: Check,
    log: tuple[str, ...] = (),
    leaks: list[Leak] | None = None,
    trouble: str | None = None,
    running: str | None = None,
) -> Checked:
    result = LoadResult(LOAD, log=list(log), verdict=LoadVerdict.PASSED)
    result.ktap.checks += checks
    result.ktap.running = running
    return Checked([result], leaks, trouble, Ending(not trouble, False, 1.0, b""))


def verdicts(evidence: Evidence) -> dict[str, Verdict]:
    return {finding.check: finding.verdict for finding in evidence.findings}


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
        "good": Verdict.PROVED,
        "bad": Verdict.FAILED,
        "absent": Verdict.SKIPPED,
        REPORTS: Verdict.PROVED,
        LEAKS: Verdict.PROVED,
    }


def test_reports_and_leaks_of_the_kernel_are_failures() -> None:
    leak = Leak(42, ("unreferenced object", "  lab_kmalloc_get+0x1"))
    evidence = proof.of_loads(checked(log=("BUG: KASAN: use-after-free",), leaks=[leak]))
    assert verdicts(evidence) == {REPORTS: Verdict.FAILED, LEAKS: Verdict.FAILED}
    assert any("lab_kmalloc_get" in finding.text for finding in evidence.findings)


def test_a_kernel_without_kmemleak_is_not_taken_for_one_without_leaks() -> None:
    assert verdicts(proof.of_loads(checked()))[LEAKS] is Verdict.SKIPPED


def test_a_guest_that_dies_fails_the_check_that_was_running() -> None:
    evidence = proof.of_loads(checked(trouble="the guest's kernel crashed", running="last"))
    assert verdicts(evidence)["last"] is Verdict.FAILED
    assert evidence.broken


def test_cases_of_a_suite_become_findings() -> None:
    suite = SuiteResult(
        "lab_kmalloc pages=5",
        [Case("good", True), Case("bad", False, lines=["# expected 1"]), Case(AROUND, True)],
    )
    evidence = proof.of_suites([suite], None)
    assert {finding.lab for finding in evidence.findings} == {"lab_kmalloc"}
    assert verdicts(evidence) == {
        "good": Verdict.PROVED,
        "bad": Verdict.FAILED,
        REPORTS: Verdict.PROVED,
        LEAKS: Verdict.PROVED,
    }


def clause_of(*findings: tuple[str, Verdict]) -> proof.ClauseResult:
    clause = Clause("1.1", "A promise", ("a", "b"))
    made = [proof.Finding("lab_kmalloc", "there", check, verdict) for check, verdict in findings]
    return proof.by_clause([clause], made)[0]


@pytest.mark.parametrize(
    ("findings", "expected", "proved"),
    [
        ([("a", Verdict.PROVED), ("b", Verdict.SKIPPED)], Verdict.PROVED, True),
        ([("a", Verdict.PROVED), ("b", Verdict.FAILED)], Verdict.FAILED, False),
        ([("a", Verdict.SKIPPED)], Verdict.SKIPPED, False),
        ([("other", Verdict.PROVED)], Verdict.NONE, False),
        ([], Verdict.NONE, False),
    ],
)
def test_a_clause_is_proved_by_a_check_that_passed_and_none_that_failed(
    findings: list[tuple[str, Verdict]], expected: Verdict, proved: bool
) -> None:
    result = clause_of(*findings)
    assert result.verdict("lab_kmalloc") is expected
    assert result.is_proved == proved


def report(*findings: tuple[str, Verdict], broken: bool = False) -> ContractReport:
    result = clause_of(*findings)
    evidence = Evidence(result.findings, broken=broken)
    labs = ["lab_kmalloc", "lab_pages"]
    return ContractReport("6.1", "um", "native", 7, 1.0, labs, {}, [result], evidence)


@pytest.mark.parametrize(
    ("findings", "broken", "status"),
    [
        ([("a", Verdict.PROVED)], False, 0),
        ([("a", Verdict.FAILED)], False, 1),
        ([("a", Verdict.SKIPPED)], False, 1),
        ([], False, 1),
        ([("a", Verdict.PROVED)], True, 3),
    ],
)
def test_the_status_follows_from_the_findings(
    findings: list[tuple[str, Verdict]], broken: bool, status: int
) -> None:
    assert report(*findings, broken=broken).status == status


def test_the_table_names_what_failed_and_what_is_not_proved(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(("a", Verdict.FAILED)).print("table")
    text = capsys.readouterr().out
    assert "1.1 A promise" in text and "FAILED" in text
    assert "there: a failed" in text and "0 of 1 clauses proved, not 1.1" in text


def test_json_has_every_finding(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report(("a", Verdict.PROVED)).print("json")
    clause = json.loads(capsys.readouterr().out)["clauses"][0]
    assert clause["proved"] and clause["labs"] == {"lab_kmalloc": "proved", "lab_pages": "none"}


def test_junit_counts_failures_and_skips(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from junitparser import JUnitXml

    report(("a", Verdict.FAILED), ("b", Verdict.SKIPPED)).print("junit")
    suite = list(JUnitXml.fromstring(capsys.readouterr().out.encode()))[0]
    assert (suite.tests, suite.failures, suite.skipped) == (2, 1, 1)


@pytest.mark.parametrize(
    ("checks", "expected"), [(("a", LEAKS), Verdict.NONE), ((LEAKS,), Verdict.PROVED)]
)
def test_silence_proves_only_what_names_nothing_else(
    checks: tuple[str, ...], expected: Verdict
) -> None:
    found = [proof.Finding("lab_kmalloc", "there", LEAKS, Verdict.PROVED)]
    result = proof.by_clause([Clause("1.1", "A promise", checks)], found)[0]
    assert result.verdict("lab_kmalloc") is expected


def test_a_suite_on_a_kernel_without_kmemleak_says_nothing_of_leaks() -> None:
    suite = SuiteResult("lab_kmalloc", [Case(AROUND, True)])
    assert LEAKS not in verdicts(proof.of_suites([suite], None, has_kmemleak=False))
