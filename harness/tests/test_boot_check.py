"""Real verdicts on workspaces: what check and watch say, and what a mistake costs."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.catalogue import exercises, mistakes, other_ways, patches
from harness.catalogue.labs import Lab, all_labs
from harness.catalogue.mistakes import Mistake
from harness.grading import skeleton
from harness.grading.judge import judge
from harness.kernels.request import Request
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import DEFAULT_ARCH, KUNIT_ARCH, Target
from harness.runs import workshop
from harness.tests.conftest import KMAPLAB, Kmaplab

pytestmark = pytest.mark.boot

LABS = all_labs()
ABLE = [lab for lab in LABS if not lab.why_not(Target())]
KMALLOC = LABS[0]

CALIBRATES_ALL = os.environ.get("KMAPLAB_CALIBRATE") == "all"

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


def patched(chosen: dict[Lab, Path], work: Path) -> Path:
    """Apply a patch to each lab of a workspace."""
    for lab, patch in chosen.items():
        workshop.apply(patch, work / lab.directory.name)
    return work


def quick(kmaplab: Kmaplab, work: Path | str, *more: str) -> dict[str, Any]:
    """Return what check says of a workspace, with the usual checks only."""
    outcome = kmaplab("check", "--work", work, "--quick", "--format", "json", *more)
    assert outcome.status in (0, 1), outcome.err
    return dict(json.loads(outcome.out))


def lost(data: dict[str, Any]) -> set[str]:
    """Return the exercises that have not earned their points."""
    every = [exercise for lab in data["labs"] for exercise in lab["exercises"]]
    return {exercise["name"] for exercise in every if not exercise["earned"]}


def of_clause(lab: Lab, clause: str) -> set[str]:
    return {one.name for one in exercises.read(lab) if clause in one.clauses}


def test_the_labs_themselves_have_full_marks(kmaplab: Kmaplab) -> None:
    data = quick(kmaplab, "labs")
    marks = {lab["lab"]: (lab["earned"], lab["possible"]) for lab in data["labs"]}
    for lab in all_labs():
        able = not lab.why_not(Target())
        assert marks[lab.name] == ((20, 20) if able else (0, 0)), f"{lab.name}: {data}"
    assert data["status"] == 0, data


def test_an_unchanged_skeleton_has_no_points_and_says_where_to_begin(
    kmaplab: Kmaplab, make_work: MakeWork
) -> None:
    data = quick(kmaplab, make_work({lab: skeleton.sources(lab) for lab in LABS}))
    assert {lab["lab"]: lab["earned"] for lab in data["labs"]} == {lab.name: 0 for lab in LABS}
    assert data["next"] == exercises.read(LABS[0])[0].name


# Of labs that run on the default target a mistake that QEMU's usual checks notice; of one that
# has no entry here, the first that costs points.
_SAMPLE = {
    "lab_kmalloc": "offset-ignored",
    "lab_pages": "first-page-freed",
    "lab_vmalloc": "never-freed",
    "lab_reserved": "no-claim",
    "lab_remap": "not-for-children",
    "lab_fault": "address-for-offset",
    "lab_ring": "offset-ignored",
    "lab_bar": "no-claim",
    "lab_port": "any-number-of-writes",
    "lab_regs": "any-width",
    "lab_rtc": "every-request-answered",
    "lab_dma": "any-wait",
    "lab_uio": "any-number-switches",
    "lab_types": "unknown-is-cached",
    "lab_devmem": "never-claimed",
    "lab_dmabuf": "any-mode",
}


def samples() -> dict[Lab, Mistake]:
    """Return a mistake of each lab that has one."""
    every = mistakes.read_all()
    found = {}
    for lab in ABLE:
        if lab.name in _SAMPLE:
            name = f"{lab.name[4:]}/{_SAMPLE[lab.name]}"
            fits = [one for one in every if one.name == name]
            assert fits, f"there is no mistake {name}"
        else:
            own = [one for one in every if one.owner == lab.directory.name]
            fits = [one for one in own if not one.suite and of_clause(lab, one.clause.number)]
        found.update({lab: one for one in fits[:1]})
    return found


def test_a_mistake_costs_the_points_of_its_clause_and_no_others_each_time_the_same(
    kmaplab: Kmaplab, make_work: MakeWork
) -> None:
    chosen = samples()
    work = make_work({lab: solution(lab) for lab in ABLE})
    patched({lab: mistake.patch for lab, mistake in chosen.items()}, work)
    expected = {
        name for lab, mistake in chosen.items() for name in of_clause(lab, mistake.clause.number)
    }
    first, again = (quick(kmaplab, work, "--seed", "7") for _ in range(2))
    assert lost(first) == expected, first
    assert first["labs"] == again["labs"], "the same seed gives another verdict"


def test_right_versions_written_differently_have_full_marks(
    kmaplab: Kmaplab, make_work: MakeWork
) -> None:
    rounds = other_ways.rounds(other_ways.read_all())
    for ways in rounds if CALIBRATES_ALL else [random.choice(rounds)]:
        able = [way for way in ways if way.lab in ABLE]
        work = make_work({way.lab: solution(way.lab) for way in able})
        data = quick(kmaplab, patched({way.lab: way.patch for way in able}, work))
        assert lost(data) == set(), f"{', '.join(map(str, able))}: {data}"


def test_what_only_user_mode_linux_notices_costs_points(
    kmaplab: Kmaplab, make_work: MakeWork
) -> None:
    """A leak, and a look at memory that was freed: KASAN leads to the line."""
    sources = solution(KMALLOC)
    name = f"{KMALLOC.name}.c"
    look = "	(void)READ_ONCE(*(u8 *)object);"
    for old, new in (
        ("	kfree(lab.view.vaddr);\n", ""),
        ("	kfree(object);\n", f"	kfree(object);\n{look}\n"),
    ):
        assert sources[name].count(old) == 1, old
        sources[name] = sources[name].replace(old, new)
    work = make_work({KMALLOC: sources})
    data = json.loads(kmaplab("check", "--work", work, "--format", "json").expect(1).out)
    expected = {
        one for clause in ("2.5", "5.3", "7.1", "8.2") for one in of_clause(KMALLOC, clause)
    }
    # A case of the suite in which the kernel reports something fails as well: 2.5.
    assert lost(data) == expected, data
    [lab] = data["labs"]
    places = {one["where"] for ex in lab["exercises"] for one in ex["failures"]}
    assert any(place.startswith("um ") for place in places), places
    number = sources[name].splitlines().index(look) + 1
    said = "\n".join(lab["crash"])
    assert "KASAN: use-after-free" in said, said
    assert f"{KMALLOC.directory.name}/{name}:{number}, in lab_kmalloc_small()" in said, said


@pytest.mark.skipif(not CALIBRATES_ALL, reason="takes half an hour: KMAPLAB_CALIBRATE=all")
def test_every_mistake_of_the_catalogue_costs_the_points_of_its_clause(make_work: MakeWork) -> None:
    """But those that two processors must meet, those in what all labs share, which no student
    writes, and those that only another architecture or a newer series shows.
    """
    left = [mistake for mistake in mistakes.read_all() if mistake.owner != patches.CORE_FOLDER]
    left = [mistake for mistake in left if not mistake.clause.number.startswith("9.")]
    left = [mistake for mistake in left if mistake.arch in (DEFAULT_ARCH, KUNIT_ARCH)]
    left = [mistake for mistake in left if not mistake.why_not(DEFAULT_SERIES)]
    complaints = []
    for lab in ABLE:
        for mistake in (one for one in left if one.owner == lab.directory.name):
            work = patched({lab: mistake.patch}, make_work({lab: solution(lab)}))
            [verdict] = judge(Request(labs=work, seed=7), [lab])
            missed = {mark.exercise.name for mark in verdict.marks if not mark.earned}
            wanted = of_clause(lab, mistake.clause.number)
            if not wanted or not wanted <= missed:
                complaints.append(f"{mistake.name}, {mistake.clause}: lost {sorted(missed)}")
    assert not complaints, "\n".join(complaints)


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
        # Before this line it may have to wait for others.
        assert any("watching" in line for line in process.stderr)
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
    # A shell that runs the tests in the background has them ignore Ctrl-C.
    command = ["env", "--default-signal=INT", str(KMAPLAB), "watch", "--work", str(work), "--quick"]
    with subprocess.Popen([*command, "--once"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        # Before this line it gets ready, as every verb does.
        assert any("watching" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        try:
            said = process.communicate(timeout=60)[1]
        finally:
            process.kill()
    assert (process.returncode, re.sub(r"\s", "", said)) == (130, "")
