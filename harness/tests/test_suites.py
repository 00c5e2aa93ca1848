"""The plan's line for a suite, and what its results are called."""

import pytest

from harness.catalogue.suites import Suite, SuiteLoad


@pytest.mark.parametrize(
    ("modules", "name"),
    [
        ((), "lab_x"),
        (("lab_x",), "lab_x"),
        (("lab_y pages=1", "lab_x how=page pages=5"), "lab_x pages=1 how=page pages=5"),
        (("!lab_x how=nosuch", "lab_x pages=5"), "lab_x pages=5"),
        (("!lab_x how=nosuch", "lab_x"), "lab_x"),
    ],
)
def test_a_load_is_called_after_the_parameters_that_it_has(
    modules: tuple[str, ...], name: str
) -> None:
    load = SuiteLoad(Suite("lab_x_kunit", "lab_x", ()), modules)
    assert load.name == name
    assert str(load) == ";".join((*modules, "lab_x_kunit"))
