"""The contract's page, and which clauses CLAUSE= chooses."""

import re
from pathlib import Path

import pytest

from harness.base.errors import RequestError, SetupError
from harness.base.paths import KUNIT
from harness.build import listing
from harness.catalogue import contract, labs
from harness.kernels.targets import KUNIT_ARCH

CLAUSES = contract.read()


def user_checks() -> set[str]:
    return {check for lab in listing.of_programs().values() for check in lab.checks}


def test_every_check_of_the_programs_proves_a_clause() -> None:
    named = {check for clause in CLAUSES for check in clause.checks}
    assert user_checks() <= named


def test_every_case_of_the_cores_suite_proves_a_clause() -> None:
    """Which are those of all labs, too, that need no mapping; the source has them in lists."""
    named = {check for clause in CLAUSES for check in clause.checks}
    own = (KUNIT / "core/core_kunit.c").read_text()
    shared = (KUNIT / "shared/suite.h").read_text().partition("MAPPING_CASES")[0]
    cases = set(re.findall(r"^\tCASE\((\w+)\)", own + shared, re.MULTILINE))
    assert len(cases) > 30
    assert sorted(cases - named) == []


def test_the_page_names_the_labs_that_user_mode_linux_leaves_out() -> None:
    def all_but(names: list[str], more: str = "") -> str:
        return f"all labs but {', '.join(names[:-1])} and {names[-1]}{more}"

    cells = [all_but([lab.name for lab in labs.all_labs() if KUNIT_ARCH in lab.cannot_run])]
    cells += [all_but([lab.name for lab in labs.all_labs() if lab.no_suite], ", and the core")]
    assert f"| user-mode Linux | {' | '.join(cells)} |" in contract.PAGE.read_text()


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
    [("4.2", ["4.2"]), ("3.1,8", ["3.1", "8.1", "8.2", "8.3"]), ("1.1 1.1", ["1.1"])],
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
