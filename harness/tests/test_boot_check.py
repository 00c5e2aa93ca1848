"""Real verdicts on workspaces: what check and watch say, and what a mistake costs."""

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.catalogue import exercises
from harness.catalogue.labs import Lab, all_labs
from harness.grading import skeleton
from harness.tests.conftest import KMAPLAB, Kmaplab

pytestmark = pytest.mark.boot

LABS = [lab for lab in all_labs() if exercises.read(lab)]
KMALLOC = all_labs()[0]

MakeWork = Callable[[dict[Lab, dict[str, str]]], Path]


@pytest.fixture
def make_work(workbench: Path) -> MakeWork:
    """Return a function that makes a workspace of some labs' sources, by name."""

    def make(sources: dict[Lab, dict[str, str]]) -> Path:
        work = workbench / "work"
        shutil.rmtree(work, ignore_errors=True)
        for lab, texts in sources.items():
            folder = work / lab.directory.name
            folder.mkdir(parents=True)
            for name, text in texts.items():
                (folder / name).write_text(text)
        return work

    return make


def solution(lab: Lab) -> dict[str, str]:
    return skeleton.sources(lab, [])


def test_the_labs_themselves_have_full_marks(kmaplab: Kmaplab) -> None:
    arguments = ("check", "--work", "labs", "--quick", "--format", "json")
    data = json.loads(kmaplab(*arguments).expect(0).out)
    marks = {lab["lab"]: (lab["earned"], lab["possible"]) for lab in data["labs"]}
    for lab in all_labs():
        able = exercises.read(lab) and not lab.since
        assert marks[lab.name] == ((20, 20) if able else (0, 0)), f"{lab.name}: {marks}"


def test_an_unchanged_skeleton_has_no_points_and_says_where_to_begin(
    kmaplab: Kmaplab, make_work: MakeWork
) -> None:
    work = make_work({lab: skeleton.sources(lab) for lab in LABS})
    arguments = ("check", "--work", work, "--quick", "--format", "json")
    outcome = kmaplab(*arguments)
    data = json.loads(outcome.out)
    marks = {lab["lab"]: lab["earned"] for lab in data["labs"]}
    assert marks == {lab.name: 0 for lab in LABS}, outcome.err
    assert data["next"] == f"{exercises.read(LABS[0])[0].name}"


def test_one_seed_one_mark_with_all_that_is_found(kmaplab: Kmaplab, make_work: MakeWork) -> None:
    """The mistake leaks memory, which only user-mode Linux notices."""
    sources = solution(KMALLOC)
    name = f"{KMALLOC.name}.c"
    assert sources[name].count("	kfree(lab.view.vaddr);\n") == 1
    sources[name] = sources[name].replace("	kfree(lab.view.vaddr);\n", "")
    work = make_work({KMALLOC: sources})
    found = []
    for _ in range(2):
        outcome = kmaplab("check", "--work", work, "--seed", "7", "--format", "json").expect(1)
        data = json.loads(outcome.out)
        lost = {one["name"]: one["earned"] for one in data["labs"][0]["exercises"]}
        found.append((data["earned"], lost))
    assert found[0] == found[1]
    leaks = next(one for one in exercises.read(KMALLOC) if "5.3" in one.clauses)
    assert found[0][1][leaks.name] == 0, f"a leak costs nothing: {data}"
    assert found[0][0] >= 10, f"a leak costs more than its clause: {data}"


def test_watch_judges_the_lab_that_was_saved_and_says_what_changed(
    kmaplab: Kmaplab, make_work: MakeWork
) -> None:
    work = make_work({KMALLOC: solution(KMALLOC)})
    kmaplab("check", "--work", work, "--quick").expect(0)
    source = work / KMALLOC.directory.name / f"{KMALLOC.name}.c"
    command: list[str | Path] = [KMAPLAB, "watch", "--work", work, "--quick", "--once"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr and process.stdout
        assert "watching" in process.stderr.readline()
        source.write_text(source.read_text().replace("first + vma->vm_pgoff", "first"))
        out = process.stdout.read()
        said = process.stderr.read()
    assert process.returncode == 1, f"{out}{said}"
    where = next(one for one in exercises.read(KMALLOC) if "1.6" in one.clauses)
    assert f"lost since the last run: {where.points} points: {where.name}" in out, out
    assert "breaks clause 1.6" in out and f"{source.parent.name}/{source.name}:" in out, out
    assert "\x1b" not in out


def test_ctrl_c_ends_watch_quietly_with_130(make_work: MakeWork) -> None:
    work = make_work({KMALLOC: solution(KMALLOC)})
    command: list[str | Path] = [KMAPLAB, "watch", "--work", work, "--quick", "--once"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        process.stderr.readline()
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert (process.returncode, re.sub(r"\s", "", said)) == (130, "")
