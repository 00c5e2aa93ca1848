"""When a source counts as saved, and how a verdict is begun again: without a guest."""

import os
import threading
import time
from pathlib import Path

import pytest

from harness.catalogue.labs import Lab, all_labs
from harness.grading import saves
from harness.grading.saves import Saves
from harness.verbs.watch import Verdict

KMALLOC, PAGES = all_labs()[:2]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return a folder with two labs."""
    for lab in (KMALLOC, PAGES):
        (tmp_path / lab.directory.name).mkdir()
        source(tmp_path, lab).write_text("int before;\n")
    return tmp_path


def source(work: Path, lab: Lab) -> Path:
    return work / lab.directory.name / f"{lab.name}.c"


def test_only_the_lab_that_was_saved_is_told_and_once(work: Path) -> None:
    watched = Saves(work, [KMALLOC, PAGES])
    assert watched.saved() == []
    source(work, PAGES).write_text("int after;\n")
    assert watched.saved() == [PAGES]
    assert watched.saved() == []


def test_what_an_editor_does_beside_a_source_is_no_save(work: Path) -> None:
    watched = Saves(work, [KMALLOC, PAGES])
    path = source(work, KMALLOC)
    for name in (f".{path.name}.swp", f"{path.name}~", "4913", f".#{path.name}", "other.c"):
        (path.parent / name).write_text("int temporary;\n")
    (work / ".kmaplab.progress.json").write_text("{}\n")
    assert watched.saved() == []


def test_a_file_that_an_editor_puts_in_its_place_is_one_save(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is away for a moment, as vim does it; of a busy machine, for a long one."""
    monkeypatch.setattr(saves, "_AWAY", 60)
    watched = Saves(work, [KMALLOC, PAGES])
    path = source(work, KMALLOC)
    path.rename(f"{path}~")

    def put_back() -> None:
        time.sleep(0.1)
        fresh = path.with_name("4913")
        fresh.write_text("int after;\n")
        fresh.rename(path)

    thread = threading.Thread(target=put_back)
    thread.start()
    saved = watched.saved()
    thread.join()
    assert saved == [KMALLOC]
    assert watched.saved() == [] and path.read_text() == "int after;\n"


def test_a_save_while_a_verdict_is_made_ends_it_and_keeps_what_it_was_about(work: Path) -> None:
    log = work / "log"

    def judge(labs: list[Lab]) -> int:
        with log.open("a") as file:
            print("begun", *(lab.name for lab in labs), file=file)
        if len(labs) == 1:
            time.sleep(60)
        return 7

    verdict = Verdict(judge)
    verdict.begin([KMALLOC])
    while not log.exists() or not log.read_text():
        time.sleep(0.01)
    verdict.begin([PAGES])
    assert verdict.wait() == 7
    names = f"{PAGES.name} {KMALLOC.name}"
    assert log.read_text().splitlines() == [f"begun {KMALLOC.name}", f"begun {names}"]


def test_nothing_is_left_of_a_verdict_that_is_ended(work: Path) -> None:
    pids = work / "pid"

    def judge(_: list[Lab]) -> int:
        pids.write_text(str(os.getpid()))
        time.sleep(60)
        return 0

    verdict = Verdict(judge)
    verdict.begin([KMALLOC])
    while not pids.exists() or not pids.read_text():
        time.sleep(0.01)
    verdict.end()
    assert not Path(f"/proc/{pids.read_text()}").exists(), "the process goes on"
    verdict.end()
