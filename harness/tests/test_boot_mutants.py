"""Real boots: a sample of the mutants is tried, and the lab itself is no mutant."""

import json

import pytest

from harness.tests.conftest import Kmaplab

pytestmark = pytest.mark.boot

# Places where the first trial or the second decides: the sample is to be short.
_SEED = "1"


def test_a_sample_of_mutants_is_killed(kmaplab: Kmaplab, um_default: str) -> None:
    chosen = ("--lab", "pages", "--rule", "negated,term-left-out", "--sample", "6")
    outcome = kmaplab("mutants", *chosen, "--seed", _SEED, "--format", "json").expect(0)
    data = json.loads(outcome.out)
    fates = {one["name"]: one["fate"] for one in data["mutants"]}
    assert set(fates.values()) <= {"killed", "does not build"}, fates
    assert data["scores"]["lab_pages"]["killed"] >= 2, fates
    assert all(one["clauses"] for one in data["mutants"] if one["fate"] == "killed")
