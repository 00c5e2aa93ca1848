"""The exercises that the labs have: what is wrong in a table is said with file and name."""

from pathlib import Path

import pytest

from harness.base.errors import SetupError
from harness.build import listing
from harness.catalogue import contract, exercises, labs, mistakes
from harness.catalogue.exercises import POINTS_OF_A_LAB, Exercise
from harness.catalogue.labs import Lab

SOURCE = """\
static int twice(int x);

static int lab_x_get(int x)
{
    one(x);
    two(x);
    one(x);
    return 0;
}

static int lab_x_put(void)
{
    return 0;
}
""".replace(
    "    ", "\t"
)

TABLE = """
[[exercise]]
title = "Get"
points = 3
function = "lab_x_get"
todo = "get it"
instead = "return -1;"
clauses = ["1.1"]
hints = ["look"]
"""


def read(directory: Path, tables: str) -> list[Exercise]:
    folder = directory / "01_x"
    (folder / "mistakes").mkdir(parents=True)
    (folder / "lab.toml").write_text(tables)
    (folder / "lab_x.c").write_text(SOURCE)
    (folder / "mistakes/wrong.patch").write_text("What: it is wrong\nClause: 1.1\n\n--- a/x\n")
    return exercises.read(Lab("lab_x", "a lab", folder, ()))


def refused(directory: Path, tables: str, said: str) -> None:
    with pytest.raises(SetupError, match=said) as caught:
        read(directory, tables)
    assert "01_x/lab.toml" in str(caught.value), "the file is missing"


def test_the_body_of_a_function_is_left_out(tmp_path: Path) -> None:
    [exercise] = read(tmp_path, TABLE)
    span = exercise.span(SOURCE)
    assert SOURCE.splitlines()[span.first : span.end] == [
        "\tone(x);", "\ttwo(x);", "\tone(x);", "\treturn 0;",
    ]  # fmt: skip
    assert (exercise.name, exercise.source) == ("x/1", "lab_x.c")


def test_a_quote_stands_for_its_lines_whatever_their_indentation(tmp_path: Path) -> None:
    [exercise] = read(tmp_path, TABLE + "quote = '''\n  two(x);\n  one(x);\n'''\n")
    span = exercise.span(SOURCE)
    assert SOURCE.splitlines()[span.first : span.end] == ["\ttwo(x);", "\tone(x);"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"get it"', '"get it"\nquote = "three(x);"', "x/1: quote does not match in lab_x_get"),
        ('"get it"', '"get it"\nquote = "one(x);"', r"x/1: quote matches 2 times in lab_x_get\("),
        ('"get it"', '"get it"\nquote = "return 1;"', "x/1: quote does not match"),
        ('"lab_x_get"', '"lab_x_got"', r"x/1: function lab_x_got\(\) is not in lab_x.c"),
        ('"lab_x_get"', '"twice"', r"x/1: function twice\(\) is not in lab_x.c"),
        ('"lab_x_get"', '"lab_x_get"\nsource = "y.c"', "x/1: source y.c is not there"),
        ('"1.1"', '"1.1", "9.99"', "x/1: clauses has 9.99, which is not in contract.md"),
        ('"1.1"', "", "x/1: clauses is empty"),
        ('"look"', "", "x/1: hints is empty"),
        ("3", "0", "x/1: points must be at least 1"),
        ("3", '"3"', "points must be a whole number"),
        ("3", "true", "points must be a whole number"),
        ("title", "heading", "title is missing"),
        ("hints", 'colour = "red"\nhints', "colour is unknown"),
        ('todo = "get it"', "", "todo is missing"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in TABLE
    refused(tmp_path, TABLE.replace(old, new, 1), said)


HUNT = (
    TABLE.replace('todo = "get it"\n', "")
    .replace('instead = "return -1;"', 'mistake = "wrong"')
    .replace('"Get"', '"Find what is wrong"')
)


def test_a_mistake_is_one_of_the_catalogue(tmp_path: Path) -> None:
    [exercise] = read(tmp_path, HUNT)
    assert exercise.patch == tmp_path / "01_x/mistakes/wrong.patch"
    assert exercise.todo == exercise.instead == ""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"wrong"', '"wronger"', "x/1: mistake wronger is not in the catalogue"),
        ('"1.1"', '"1.2"', "x/1: clauses must have 1.1, by which the mistake is noticed"),
        ('"wrong"', '"wrong"\nquote = "two(x);"', "x/1: quote has no place beside a mistake"),
        ('"wrong"', '"wrong"\ntodo = "find it"', "todo is unknown"),
    ],
)
def test_a_mistake_that_makes_no_sense_is_refused(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in HUNT
    refused(tmp_path, HUNT.replace(old, new, 1), said)


def test_no_two_exercises_leave_out_the_same_line(tmp_path: Path) -> None:
    other = TABLE.replace('"1.1"', '"1.2"') + 'quote = "two(x);"\n'
    refused(tmp_path, TABLE + other, "x/2: quote has a line that x/1 leaves out as well")


def test_no_clause_earns_points_twice(tmp_path: Path) -> None:
    other = TABLE.replace("lab_x_get", "lab_x_put")
    refused(tmp_path, TABLE + other, "x/2: clauses has 1.1, which x/1 has")


WITH_EXERCISES = [lab for lab in labs.all_labs() if exercises.read(lab)]


@pytest.mark.parametrize("lab", WITH_EXERCISES, ids=lambda lab: str(lab.name))
def test_the_points_of_each_lab_are_the_same(lab: Lab) -> None:
    assert sum(one.points for one in exercises.read(lab)) == POINTS_OF_A_LAB


@pytest.mark.parametrize("lab", WITH_EXERCISES, ids=lambda lab: str(lab.name))
def test_each_lab_has_four_exercises_and_one_mistake_to_find(lab: Lab) -> None:
    found = exercises.read(lab)
    assert [bool(one.mistake) for one in found].count(True) == 1
    assert len(found) >= 5


@pytest.mark.parametrize("lab", WITH_EXERCISES, ids=lambda lab: str(lab.name))
def test_whatever_a_check_shows_of_a_lab_costs_points(lab: Lab) -> None:
    listed = listing.of_programs()[lab.name]
    checks = {*listed.usual, *listed.thorough, *contract.OBSERVED}
    shown = {one.number for one in contract.read() if checks.intersection(one.checks)}
    own = [one for one in mistakes.read_all() if mistakes.owner_lab(one) == lab.name]
    shown |= {mistake.clause.number for mistake in own}
    earned = {clause for one in exercises.read(lab) for clause in one.clauses}
    assert shown - earned == set(), f"clauses of {lab.name} that are in no exercise"


@pytest.mark.parametrize("lab", WITH_EXERCISES, ids=lambda lab: str(lab.name))
def test_each_exercise_has_a_check_that_a_plain_run_makes(lab: Lab) -> None:
    """Marks count from QEMU; where it does not run the lab, the thorough ones count as well."""
    listed = listing.of_programs()[lab.name]
    checks = {*listed.usual, contract.REPORTS}
    if lab.since:
        checks |= {*listed.thorough}
    clauses = {one.number: checks.intersection(one.checks) for one in contract.read()}
    for exercise in exercises.read(lab):
        assert any(clauses[number] for number in exercise.clauses), exercise.name


def test_exercises_go_from_one_line_to_a_whole_handler() -> None:
    lines = []
    for one in exercises.all_of(WITH_EXERCISES):
        span = one.span((one.lab.directory / one.source).read_text())
        lines += [] if one.mistake else [span.end - span.first]
    assert min(lines) == 1 and max(lines) >= 15
