"""The verdict on a clause."""

import pytest

from harness.catalogue.contract import LEAKS, Clause
from harness.results.clauses import ClauseResult, ClauseVerdict, Observation, by_clause


def clause_of(*findings: tuple[str, ClauseVerdict]) -> ClauseResult:
    clause = Clause("1.1", "A promise", ("a", "b"))
    made = [Observation("lab_kmalloc", "there", check, verdict) for check, verdict in findings]
    return by_clause([clause], made)[0]


@pytest.mark.parametrize(
    ("findings", "expected", "proved"),
    [
        ([("a", ClauseVerdict.PROVED), ("b", ClauseVerdict.SKIPPED)], ClauseVerdict.PROVED, True),
        ([("a", ClauseVerdict.PROVED), ("b", ClauseVerdict.FAILED)], ClauseVerdict.FAILED, False),
        ([("a", ClauseVerdict.SKIPPED)], ClauseVerdict.SKIPPED, False),
        ([("other", ClauseVerdict.PROVED)], ClauseVerdict.NONE, False),
        ([], ClauseVerdict.NONE, False),
    ],
)
def test_a_clause_is_proved_by_a_check_that_passed_and_none_that_failed(
    findings: list[tuple[str, ClauseVerdict]], expected: ClauseVerdict, proved: bool
) -> None:
    result = clause_of(*findings)
    assert result.verdict("lab_kmalloc") is expected
    assert result.is_proved == proved


@pytest.mark.parametrize(
    ("checks", "expected"), [(("a", LEAKS), ClauseVerdict.NONE), ((LEAKS,), ClauseVerdict.PROVED)]
)
def test_silence_proves_only_what_names_nothing_else(
    checks: tuple[str, ...], expected: ClauseVerdict
) -> None:
    found = [Observation("lab_kmalloc", "there", LEAKS, ClauseVerdict.PROVED)]
    result = by_clause([Clause("1.1", "A promise", checks)], found)[0]
    assert result.verdict("lab_kmalloc") is expected
