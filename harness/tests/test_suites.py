"""Which suites there are, the plan's line for one, and what its results are called."""

from pathlib import Path

import pytest

from harness.base.errors import RequestError, SetupError
from harness.catalogue import labs, suites
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


def test_the_labs_come_first_in_teaching_order() -> None:
    named = [suite.lab for suite in suites.all_suites()]
    of_labs = [lab.name for lab in labs.all_labs() if lab.suite_loads]
    assert named[: len(of_labs)] == of_labs and len(named) > len(of_labs)


def test_a_directory_has_the_suites_of_its_sources_only(tmp_path: Path) -> None:
    (tmp_path / "lab_pages_kunit.c").touch()
    (tmp_path / "own").mkdir()
    text = 'name = "own"\nmodule = "own_kunit"\nloads = ["lab_pages pages=2"]\n'
    (tmp_path / "own/suite.toml").write_text(text)
    pages, own = suites.all_suites(tmp_path)
    assert pages.module == "lab_pages_kunit"
    assert own == Suite("own_kunit", "own", (("lab_pages pages=2",),))
    assert suites.choose("own", tmp_path) == [own]


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    text = 'name = "own"\nmodule = "own_kunit"\nloads = [""]\nlab = "own"\n'
    (tmp_path / "suite.toml").write_text(text)
    with pytest.raises(SetupError, match="suite.toml: lab is unknown"):
        suites.all_suites(tmp_path)


def test_a_lab_without_a_suite_is_refused_as_such(tmp_path: Path) -> None:
    (tmp_path / "lab_pages_kunit.c").touch()
    with pytest.raises(RequestError, match="lab_remap has no KUnit suite: choose from lab_pages"):
        suites.choose("pages,remap", tmp_path)
    assert [suite.lab for suite in suites.choose(None, tmp_path)] == ["lab_pages"]


@pytest.mark.parametrize("name", ["lab_core", "core", "lab_regs", "regs"])
def test_the_lab_in_front_of_a_suites_name_is_optional(name: str) -> None:
    (suite,) = suites.choose(name)
    assert suite.lab.removeprefix("lab_") == name.removeprefix("lab_")
