"""The forms of what became of the mistakes."""

import pytest

from harness.reports.mistakes_report import MistakesReport
from harness.results.clauses import ClauseVerdict, Observation
from harness.results.mistake_results import Caught, MistakeResult
from harness.tests.test_mistakes import CATALOGUE


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([Caught.CAUGHT], 0),
        ([Caught.CAUGHT, Caught.SURVIVED], 1),
        ([Caught.SURVIVED, Caught.DOES_NOT_BUILD], 2),
        ([Caught.CAUGHT, Caught.DOES_NOT_APPLY], 2),
    ],
)
def test_the_status_follows_from_the_worst(results: list[Caught], status: int) -> None:
    made = [
        MistakeResult(mistake, caught, "", [], 1.0)
        for mistake, caught in zip(CATALOGUE, results, strict=False)
    ]
    assert MistakesReport("6.1", 7, 1.0, made, {}).status == status


def test_a_clause_whose_mistakes_others_notice_as_well_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = CATALOGUE[0]
    second = next(one for one in CATALOGUE if one.clause != first.clause)
    other = Observation("lab_kmalloc", "x", "kmemleak_lists_nothing", ClauseVerdict.FAILED)
    made = [
        MistakeResult(first, Caught.CAUGHT, "", [], 1.0, []),
        MistakeResult(second, Caught.CAUGHT, "", [], 1.0, [other]),
    ]
    report = MistakesReport("6.1", 7, 1.0, made, {})
    report.print_table()
    out = capsys.readouterr().out
    numbers = [one["others"] for one in report.as_data()["mistakes"]]
    assert numbers[0] == [] and len(numbers[1]) == 1
    assert f"{second.name}: clause {second.clause.number}, and {numbers[1][0]}" in out
    alone = f"1 of 2 clauses notice a mistake that no other clause does, not {second.clause.number}"
    assert alone in out


def test_a_patch_that_says_alone_and_is_not_ends_with_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    alone = next(one for one in CATALOGUE if one.alone)
    other = Observation("lab_kmalloc", "x", "kmemleak_lists_nothing", ClauseVerdict.FAILED)
    tried: list[tuple[list[Observation] | None, int]] = [([other], 1), ([], 0), (None, 0)]
    for others, status in tried:
        result = MistakeResult(alone, Caught.CAUGHT, "", [], 1.0, others)
        report = MistakesReport("6.1", 7, 1.0, [result], {})
        assert report.status == status
        report.print_table()
        assert ("'Alone: yes'" in capsys.readouterr().out) == bool(status)


def test_nothing_is_said_of_other_clauses_if_their_checks_were_not_made(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = [MistakeResult(CATALOGUE[0], Caught.CAUGHT, "", [], 1.0)]
    MistakesReport("6.1", 7, 1.0, made, {}).print_table()
    assert "no other clause" not in capsys.readouterr().out
