"""What runs to measure coverage, and whose sources count."""

import pytest

from harness.base.errors import RequestError
from harness.kernels.targets import Target
from harness.runs import measure_coverage


def test_one_lab_is_judged_alone_and_all_run_for_what_they_share() -> None:
    plan = measure_coverage.choose("kmalloc", Target("6.1", "um"))
    assert [lab.name for lab in plan.labs] == ["lab_kmalloc"]
    assert {suite.lab for suite in plan.suites} == {"lab_core", "lab_kmalloc"}
    assert plan.directories == ["01_kmalloc"]
    plan = measure_coverage.choose("core", Target("6.1", "um"))
    assert "lab_remap" in {lab.name for lab in plan.labs}
    assert plan.directories == ["core", "include"]
    assert plan.skipped == {}


def test_a_lab_that_nothing_runs_is_left_out_with_its_reason() -> None:
    plan = measure_coverage.choose(None, Target("6.1", "um"))
    assert "lab_prepare" not in plan.modules
    assert "06_prepare" not in plan.directories
    assert "runs from Linux 7.2 on" in plan.skipped["lab_prepare"]
    assert "lab_prepare" in measure_coverage.choose(None, Target("7.2", "um")).modules


def test_an_unknown_lab_is_refused() -> None:
    with pytest.raises(RequestError, match="choose from lab_core, lab_kmalloc"):
        measure_coverage.choose("nosuch", Target("6.1", "um"))
