"""Real boots: wrong labs are caught, and wrong patches are not taken for caught."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.catalogue import mistakes
from harness.tests.conftest import Kmaplab

pytestmark = pytest.mark.boot

_CALL = "	int err = lab_refuse_mmap(lab, vma);"

Write = Callable[..., None]


@pytest.fixture
def catalogue(workbench: Path) -> tuple[Path, Write]:
    """Return a copy of the labs without mistakes, and what writes one."""
    directory = workbench / "catalogue"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(LABS, directory, ignore=shutil.ignore_patterns("mistakes"))
    (directory / "02_pages/mistakes").mkdir()

    def write(name: str, clause: str, old: str, new: str, header: str = "") -> None:
        source = (directory / "02_pages/lab_pages.c").read_text().splitlines()
        number = source.index(old) + 1 if old in source else 1
        (directory / f"02_pages/mistakes/{name}.patch").write_text(
            f"What: {name}\nHarm: none\nClause: {clause}\n{header}\n"
            "--- a/lab_pages.c\n+++ b/lab_pages.c\n"
            f"@@ -{number} +{number} @@\n-{old}\n+{new}\n"
        )

    return directory, write


def test_only_what_its_clause_notices_is_caught(
    kmaplab: Kmaplab, catalogue: tuple[Path, Write], um_default: str
) -> None:
    directory, write = catalogue
    write("caught", "2.3", _CALL, "	int err = 0;")
    write("survivor", "1.1", _CALL, "	int err = 0;")
    write("harmless", "2.3", _CALL, "	int err = lab_refuse_mmap(lab, vma); /* as before */")
    write("stale", "2.3", "	int err = what_stood_here_once();", "	int err = 0;")
    write("broken", "2.3", _CALL, "	int err == 0;")
    # The loader's own memory is not the lab's: this one never runs its checks.
    write("unloadable", "2.3", "	err = lab_pages_get();", "	err = -ENODEV;")
    arguments = ("--kernel", um_default, "--labs", directory, "--format", "json")
    outcome = kmaplab("mistakes", *arguments).expect(2)
    data = json.loads(outcome.out)
    assert {one["name"]: one["result"] for one in data["mistakes"]} == {
        "pages/caught": "caught",
        "pages/survivor": "SURVIVED",
        "pages/harmless": "SURVIVED",
        "pages/stale": "DOES NOT APPLY",
        "pages/broken": "DOES NOT BUILD",
        "pages/unloadable": "SURVIVED",
    }
    texts = {one["name"]: one["text"] for one in data["mistakes"]}
    assert "lab_pages.c" in texts["pages/stale"]
    assert "error:" in texts["pages/broken"]
    assert "No such device" in texts["pages/unloadable"]
    caught = next(one for one in data["mistakes"] if one["result"] == "caught")
    assert {by["check"] for by in caught["by"]} >= {"mmap_past_the_end_is_refused"}


def test_a_survivor_ends_with_1_and_is_named(
    kmaplab: Kmaplab, catalogue: tuple[Path, Write], um_default: str
) -> None:
    directory, write = catalogue
    write("survivor", "1.1", _CALL, "	int err = 0;")
    outcome = kmaplab("mistakes", "--kernel", um_default, "--labs", directory).expect(1)
    assert "pages/survivor SURVIVED: survivor" in outcome.out
    assert "0 of 1 mistakes caught" in outcome.out


def test_a_guest_that_dies_in_a_check_of_the_clause_is_a_catch(
    kmaplab: Kmaplab, catalogue: tuple[Path, Write], um_default: str
) -> None:
    directory, write = catalogue
    write("crash", "2.3", _CALL, "	int err = lab_refuse_mmap(lab, vma); BUG_ON(err);")
    write("crash-elsewhere", "1.1", _CALL, "	int err = lab_refuse_mmap(lab, vma); BUG_ON(!err);")
    arguments = ("--kernel", um_default, "--labs", directory, "--format", "json")
    data = json.loads(kmaplab("mistakes", *arguments).expect(0).out)
    assert all("while it ran" in one["by"][0]["text"] for one in data["mistakes"])


def test_what_one_clause_is_said_to_notice_alone_no_other_does(kmaplab: Kmaplab) -> None:
    """One of those that say so, another one in each run."""
    chosen = random.choice([one for one in mistakes.read_all() if one.alone])
    outcome = kmaplab("mistakes", "--alone", "--only", chosen.name, "--format", "json").expect(0)
    [result] = json.loads(outcome.out)["mistakes"]
    assert (result["result"], result["others"]) == ("caught", []), chosen.name


def test_a_suite_notices_too(
    kmaplab: Kmaplab, catalogue: tuple[Path, Write], um_default: str
) -> None:
    directory, write = catalogue
    write("seen", "2.3", _CALL, "	int err = 0;", header="By: kunit\n")
    arguments = ("--kernel", um_default, "--labs", directory, "--format", "json")
    data = json.loads(kmaplab("mistakes", *arguments).expect(0).out)
    by = data["mistakes"][0]["by"]
    assert {one["check"] for one in by} >= {"mapping_past_the_end_is_refused"}
    assert all(one["where"].startswith("KUnit lab_pages") for one in by)
