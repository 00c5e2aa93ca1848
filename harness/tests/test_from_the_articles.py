"""docs/from-the-articles.md: each answer names checks, and each of these checks is there."""

import re

import pytest

from harness.base.paths import KUNIT, ROOT, USERSPACE
from harness.catalogue import contract

PAGE = ROOT / "docs/from-the-articles.md"

# Where a check of each kind begins: a program's, a suite's case, a test of the project.
_BEGINS = (
    (USERSPACE, "*.c", r"^START_TEST\((\w+)\)"),
    (KUNIT, "*.[ch]", r"^\tCASE\((\w+)\)"),
    (ROOT / "harness/tests", "test_*.py", r"^def (test_\w+)\("),
)


def checks_that_there_are() -> set[str]:
    return {
        *contract.OBSERVED,
        *(
            name
            for folder, files, begin in _BEGINS
            for path in folder.rglob(files)
            for name in re.findall(begin, path.read_text(), re.MULTILINE)
        ),
    }


def answers() -> list[tuple[str, list[str]]]:
    """Return the rows of all tables: what an article says, and the checks of its answer."""
    rows = [
        re.split(r"(?<!\\)\|", line)[1:-1]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ")
    ]
    return [
        (said.strip(), re.findall(r"`(\w+)`", checks))
        for said, _, checks in rows
        if said.strip() not in ("in the article", "---")
    ]


def test_each_answer_names_checks_and_each_of_them_is_there() -> None:
    known = checks_that_there_are()
    assert len(answers()) > 50 and len(known) > 300
    for said, checks in answers():
        assert checks, f"{said}: nothing shows the answer"
        assert not set(checks) - known, f"{said}: there is no {set(checks) - known}"


def test_no_article_says_a_thing_twice() -> None:
    said = [said for said, _ in answers()]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("name", ["a_check_that_nobody_wrote", "test_that_nobody_wrote"])
def test_a_check_that_is_not_there_is_not_found(name: str) -> None:
    assert name not in checks_that_there_are()
