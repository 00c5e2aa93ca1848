"""From what gcov and gcovr leave to lines and branches."""

from pathlib import Path

import pytest

from harness.base.errors import GuestError, SetupError
from harness.results import coverage
from harness.results.coverage import FileCoverage, Objects, UnreachedLine

SOURCE = """\
static int lab_x_get(void)
{
        if (broken)
                return -EIO;
        return 0;
}

static int lab_x_init(void)
{
        return -ENOMEM;
}
"""


def trace_line(number: int, count: int, noncode: bool = False) -> dict[str, object]:
    return {
        "line_number": number,
        "count": count,
        "gcovr/noncode": noncode,
        "gcovr/excluded": False,
    }


def test_gcovrs_reports_are_read_and_each_line_is_given_its_function(tmp_path: Path) -> None:
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs/x.c").write_text(SOURCE)
    trace = {
        "files": [
            {
                "file": "labs/x.c",
                "functions": [
                    {"name": "lab_x_init", "lineno": 8},
                    {"name": "lab_x_get", "lineno": 1},
                ],
                "lines": [
                    trace_line(1, 2),
                    trace_line(2, 0, noncode=True),
                    trace_line(4, 0),
                    trace_line(10, 0),
                ],
            }
        ]
    }
    summary = {
        "files": [
            {
                "filename": "labs/x.c",
                "line_total": 3,
                "line_covered": 1,
                "branch_total": 2,
                "branch_covered": 1,
            }
        ]
    }
    lines = (
        UnreachedLine("x.c", 4, "lab_x_get", "return -EIO;"),
        UnreachedLine("x.c", 10, "lab_x_init", "return -ENOMEM;"),
    )
    assert coverage.read(summary, trace, tmp_path) == [FileCoverage("x.c", 3, 1, 2, 1, lines)]


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    notes = tmp_path / "src/labs/01_x/lab_x.gcno"
    notes.parent.mkdir(parents=True)
    notes.write_bytes(b"oncg*22BSTAMP...")
    return Objects(tmp_path / "src", tmp_path / "objects")


def test_only_what_was_counted_for_our_modules_is_taken(objects: Objects) -> None:
    ours = str(objects.source / "labs/01_x/lab_x.gcda")
    counted = {ours: b"adcg*22BSTAM1", "/../lab_x.gcda": b"", "/etc/lab_x.gcda": b""}
    objects.add("run", {"lab_x"}, counted)
    objects.add("kunit", {"lab_x"}, {})
    made = [path for path in objects.directory.rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to(objects.directory)) for path in made) == [
        "kunit/labs/01_x/lab_x.gcno",
        "run/labs/01_x/lab_x.gcda",
        "run/labs/01_x/lab_x.gcno",
    ]


def test_counts_of_another_build_are_refused(objects: Objects) -> None:
    ours = str(objects.source / "labs/01_x/lab_x.gcda")
    with pytest.raises(GuestError, match="rebuilt in the meantime"):
        objects.add("run", {"lab_x"}, {ours: b"adcg*22BOTHER"})


def test_modules_without_notes_are_named(objects: Objects) -> None:
    with pytest.raises(SetupError, match="lab_y was not compiled for gcov"):
        objects.add("run", {"lab_x", "lab_y"}, {})
