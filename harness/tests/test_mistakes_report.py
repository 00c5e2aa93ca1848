"""The forms of what became of the mistakes."""

import pytest

from harness.reports.mistakes_report import MistakesReport
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
