"""A student's workspace: no trace of a solution in it, and no loss of a student's work."""

import json
import os
import re
import shutil
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from harness.base.errors import RequestError
from harness.base.paths import LABS, ROOT
from harness.build import modules, taken
from harness.catalogue import changes, exercises, labs, mistakes, patches
from harness.catalogue.exercises import Exercise
from harness.catalogue.labs import Lab
from harness.grading import lesson, skeleton, workspace
from harness.guest import prepare
from harness.kernels.request import Request
from harness.kernels.targets import DEFAULT_ARCH, KUNIT_ARCH, Target
from harness.tests.conftest import Kmaplab, call
from harness.verbs import skels

EVERY = labs.all_labs()
EXERCISES = exercises.all_of(EVERY)
CONTENTS = workspace.contents(EVERY)

# A line tells something if it calls a function or computes something; "return err;" does not.
TELLING = re.compile(r"(?!if |for |while |switch )\b\w+\(|[^=!<>]=[^=]|->|[-+*]=|<<|>>")
# Too common to be anybody's solution.
COMMON = (
    "struct lab *lab = lab_of(file);",
    "struct lab *lab = lab_of(desc->file);",
    "iosys_map_set_vaddr(&lab.view, buffer);",
    "get_order(lab.size));",
    "cond_resched();",
    # What stands there instead, without the condition.
    "atomic_dec(&lab_of(vma->vm_file)->mappings);",
    'pr_err("',
    # Each of lab_regs' functions asks for the width.
    "if (access->width == ",
    "else if (access->width == ",
)


def normal(line: str) -> str:
    """Return a line of a source as it is in any lab, however it is set."""
    return re.sub(
        r"\blab_(kmalloc|pages|vmalloc|reserved|remap|prepare)\b", "lab_x", squeezed(line)
    )


def squeezed(text: str) -> str:
    return " ".join(text.split())


def telling(lines: list[str]) -> list[str]:
    found = [normal(line) for line in lines]
    return [one for one in found if TELLING.search(one) and not one.startswith(COMMON)]


def solution(exercise: Exercise) -> list[str]:
    """Return the lines that the student has to write, or to find the way back to."""
    if exercise.patch:
        lines = exercise.patch.read_text().splitlines()
        return [line[1:] for line in lines if re.match(r"-(?!--)", line)]
    text = (exercise.lab.directory / exercise.source).read_text()
    span = exercise.span(text)
    return text.splitlines()[span.first : span.end]


WORKSPACE_LINES = {
    normal(line): name for name, text in CONTENTS.items() for line in text.splitlines()
}
ALL_TEXT = {name: squeezed(text.replace(" * ", " ")) for name, text in CONTENTS.items()}


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda one: str(one.name))
def test_no_line_of_a_solution_is_in_the_workspace(exercise: Exercise) -> None:
    found = [
        f"{WORKSPACE_LINES[line]}: {line}"
        for line in telling(solution(exercise))
        if line in WORKSPACE_LINES
    ]
    assert not found, f"the solution of {exercise.name} stands in the workspace: {found}"


def test_the_search_for_solutions_finds_one() -> None:
    """With one exercise solved, its lines are there: the test above can fail."""
    first = EXERCISES[0]
    texts = skeleton.sources(first.lab, exercises.read(first.lab)[1:])
    there = {normal(line) for text in texts.values() for line in text.splitlines()}
    assert set(telling(solution(first))) <= there
    assert telling(solution(first))


def absent(texts: Iterator[str]) -> list[str]:
    """Return those of some texts that are in the workspace, with the file."""
    return [
        f"{name}: {text}" for text in map(squeezed, texts) for name in ALL_TEXT
        if text in ALL_TEXT[name]
    ]  # fmt: skip


def test_no_hint_is_in_the_workspace() -> None:
    assert not absent(hint for one in EXERCISES for hint in one.hints)


def test_no_mistake_and_no_change_is_told_in_the_workspace() -> None:
    found = [*LABS.glob("*/mistakes/*.patch"), *LABS.glob("*/changes/*.patch")]
    keys = {*mistakes.KEYS, *changes._KEYS}
    whats = (patches.header(one, keys, ("What",))["What"] for one in found)
    assert not absent(whats)
    assert not [
        name for name in ALL_TEXT if ".patch" in ALL_TEXT[name] or "+++ b/" in ALL_TEXT[name]
    ]


@pytest.mark.parametrize("lab", EVERY, ids=lambda lab: str(lab.name))
def test_a_lesson_has_no_answers(lab: Lab) -> None:
    text = CONTENTS[f"{lab.directory.name}/lesson.md"]
    whole = (lab.directory / "lesson.md").read_text()
    for title in lesson.NOT_FOR_STUDENTS:
        assert f"## {title}" not in text
        section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", whole, re.MULTILINE | re.DOTALL)
        for line in section[1].splitlines() if section else ():
            if len(line) > 40:
                assert line not in text, f"{title} of {lab.name}"
    assert "## Questions" in text and "## Answers" in whole


def test_each_link_leads_to_a_file_of_the_workspace() -> None:
    for name, text in CONTENTS.items():
        for target in re.findall(r"\]\(([^)\s#]+)\)", text) if name.endswith(".md") else ():
            folder = Path("/w") / Path(name).parent
            here = os.path.relpath(os.path.normpath(folder / target), "/w")
            assert here in CONTENTS, f"{name}: {target}"


def test_a_todo_has_the_name_and_the_points_of_its_exercise() -> None:
    for one in EXERCISES:
        text = CONTENTS[f"{one.lab.directory.name}/{one.source}"]
        assert text.count(f"TODO {one.name}, {one.points} point") == (0 if one.mistake else 1)
        comment = text.partition(f"TODO {one.name},")[2].partition("*/")[0]
        assert all(len(line.expandtabs(8)) <= 80 for line in comment.splitlines()), one.name


def test_what_is_handed_out_for_one_lab_has_no_other(tmp_path: Path) -> None:
    files = workspace.contents(EVERY[:1])
    assert [name for name in files if name[0].isdigit()] == [
        "01_kmalloc/lab_kmalloc.c",
        "01_kmalloc/lesson.md",
    ]
    place = tmp_path / "w"
    workspace.write(place, files)
    assert (place / "01_kmalloc/lab_kmalloc.c").is_file()
    assert "02_pages" not in files["README.md"] and "LAB=kmalloc" in files["README.md"]
    more = workspace.contents(EVERY[1:2], workspace.labs_in(place))
    assert "01_kmalloc/lab_kmalloc.c" not in more and "| 01_kmalloc |" in more["README.md"]
    workspace.write(place, more)
    assert {"01_kmalloc/lab_kmalloc.c", "02_pages/lab_pages.c"} <= {
        *(workspace.read_manifest(place) or workspace.Manifest()).files
    }


def test_make_in_a_workspace_passes_on_to_the_project(tmp_path: Path) -> None:
    place = tmp_path / "my work"
    workspace.write(place, CONTENTS)
    hint = call("make", "-C", str(place), "hint", "LAB=kmalloc").expect(0)
    assert squeezed(EXERCISES[0].hints[0]) in squeezed(hint.out)
    unknown = call("make", "-C", str(place), "check", "LAB=nosuch").expect(2)
    assert "LAB=nosuch is unknown" in unknown.err
    makefile = (place / "Makefile").read_text()
    (place / "Makefile").write_text(makefile.replace(str(ROOT), "/nowhere/kmaplab"))
    moved = call("make", "-C", str(place), "check").expect(2)
    assert "The project is not at /nowhere/kmaplab any more" in moved.err


FILES = {"01_a/a.c": "one\n", "README.md": "read\n"}
NEWER = {"01_a/a.c": "two\n", "README.md": "read\n"}


def test_what_is_unchanged_is_updated(tmp_path: Path) -> None:
    place = tmp_path / "w"
    assert workspace.write(place, FILES).new == ["01_a/a.c", "README.md"]
    written = workspace.write(place, NEWER)
    assert (written.updated, written.new, written.beside) == (["01_a/a.c"], [], {})
    assert (place / "01_a/a.c").read_text() == "two\n"
    assert workspace.write(place, NEWER) == workspace.Written()


def test_what_a_student_has_changed_stays(tmp_path: Path) -> None:
    place = tmp_path / "w"
    workspace.write(place, FILES)
    (place / "01_a/a.c").write_text("mine\n")
    for _ in range(2):
        written = workspace.write(place, NEWER)
        assert written.beside == {"01_a/a.c": "01_a/a.c.new"} and not written.updated
        assert (place / "01_a/a.c").read_text() == "mine\n"
        assert (place / "01_a/a.c.new").read_text() == "two\n"


def test_what_a_student_has_changed_beside_it_stays_too(tmp_path: Path) -> None:
    place = tmp_path / "w"
    workspace.write(place, FILES)
    (place / "01_a/a.c").write_text("mine\n")
    workspace.write(place, NEWER)
    (place / "01_a/a.c.new").write_text("also mine\n")
    written = workspace.write(place, NEWER)
    assert written.beside == {"01_a/a.c": "01_a/a.c.new2"}
    assert (place / "01_a/a.c.new").read_text() == "also mine\n"
    assert (place / "01_a/a.c.new2").read_text() == "two\n"


def test_a_student_who_has_come_to_the_same_has_nothing_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "w"
    workspace.write(place, FILES)
    (place / "01_a/a.c").write_text("two\n")
    assert workspace.write(place, NEWER) == workspace.Written()
    assert workspace.write(place, FILES).updated == ["01_a/a.c"]


def test_a_file_that_is_gone_is_written_again_and_that_is_said(tmp_path: Path) -> None:
    place = tmp_path / "w"
    workspace.write(place, FILES)
    (place / "01_a/a.c").unlink()
    assert workspace.write(place, FILES).again == ["01_a/a.c"]
    assert (place / "01_a/a.c").read_text() == "one\n"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    place, other = tmp_path / "w", tmp_path / "other"
    workspace.write(place, FILES)
    other.write_text("theirs\n")
    (place / "01_a/a.c").unlink()
    (place / "01_a/a.c").symlink_to(other)
    assert workspace.write(place, NEWER).beside == {"01_a/a.c": "01_a/a.c.new"}
    assert other.read_text() == "theirs\n"
    (place / "02_b").symlink_to(tmp_path)
    with pytest.raises(RequestError, match="02_b is no directory"):
        workspace.write(place, {"02_b/b.c": "b\n"})


@pytest.mark.parametrize(
    "manifest",
    ["", "{}", "[]", "{", '{"format": 2, "project": "", "files": {}}', '{"format": 1}',
     '{"format": 1, "project": "", "files": {"a": 1}}',
     '{"format": 1, "project": "", "files": ["a"]}'],
)  # fmt: skip
def test_a_manifest_that_makes_no_sense_is_refused(tmp_path: Path, manifest: str) -> None:
    (tmp_path / ".kmaplab.json").write_text(manifest)
    with pytest.raises(RequestError, match="makes no sense"):
        workspace.write(tmp_path, FILES)
    assert not (tmp_path / "README.md").exists()


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """Return a directory outside of the project, where tmp_path is not."""
    with TemporaryDirectory() as directory:
        yield Path(directory)


def test_a_place_that_is_no_workspace_is_refused(kmaplab: Kmaplab, elsewhere: Path) -> None:
    (elsewhere / "file").write_text("x")
    (elsewhere / "full").mkdir()
    (elsewhere / "full/thesis.txt").write_text("x")
    places = {
        "": "DEST= must say where",
        str(ROOT): "inside the project",
        str(ROOT / "build/work"): "inside the project",
        str(elsewhere / "file"): "is a file",
        str(elsewhere / "file/below"): "Not a directory",
        str(elsewhere / "full"): "holds something else",
        str(elsewhere / "a\nb"): "holds characters",
        "/proc/work": "cannot write",
    }
    for place, said in places.items():
        with pytest.raises(RequestError, match=said):
            skels.main(Namespace(lab="kmalloc", dest=place))
    assert sorted(path.name for path in elsewhere.iterdir()) == ["file", "full"]
    outcome = kmaplab("skels", "--lab", "nosuch", "--dest", str(elsewhere / "w")).expect(2)
    assert "lab_kmalloc" in outcome.err and len(outcome.err.splitlines()) == 1


@pytest.mark.boot
def test_nothing_in_the_workspace_leads_to_the_labs_but_the_project_itself(
    kmaplab: Kmaplab, elsewhere: Path
) -> None:
    place = elsewhere / "my work"
    kmaplab("skels", "--dest", str(place)).expect(0)
    commands = json.loads((place / "compile_commands.json").read_text())
    for one in commands:
        assert Path(one["file"]).is_relative_to(place) and Path(one["file"]).is_file()
        assert Path(one["directory"]).is_dir()
        includes = [word[2:] for word in one["arguments"] if word.startswith("-I/")]
        assert all(Path(path).is_dir() for path in includes), one["file"]
        assert not [word for word in one["arguments"] if "/modules/" in word or str(LABS) in word]
    able = {lab.name for lab in EVERY if not lab.since}
    assert able <= {Path(one["file"]).stem for one in commands}
    facts = json.loads((place / ".kmaplab.json").read_text())
    assert set(facts) == {"format", "project", "files"}
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in facts["files"].values())
    outcome = call("make", "-C", str(place), "help").expect(0)
    assert "make check" in outcome.out


def test_an_unchanged_workspace_is_taken_without_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "w"
    workspace.write(place, CONTENTS)
    assert not taken.take(place).missing
    assert "not taken" not in capsys.readouterr().err
    (place / "core/lab_core.c").write_text("mine\n")
    taken.take(place)
    assert "core/lab_core.c: this project's own is taken" in capsys.readouterr().err


@pytest.mark.boot
@pytest.mark.parametrize("arch", [DEFAULT_ARCH, KUNIT_ARCH])
def test_what_is_handed_out_compiles_without_a_warning(
    arch: str, um_newest: str, workbench: Path
) -> None:
    """Also with what W=1 adds. User-mode Linux has the newest series, and no PCI."""
    target = Target(arch=arch) if arch == DEFAULT_ARCH else Target(um_newest, arch)
    kernel = prepare.kernel(Request(target))
    sources = workbench / "handed-out"
    shutil.copytree(LABS, sources, ignore=shutil.ignore_patterns("*.patch"), dirs_exist_ok=True)
    for name, text in CONTENTS.items():
        if name.endswith((".c", ".h")):
            (sources / name).write_text(text)
    copy = workbench / f"handed-out-{arch}"
    modules.mirror({"labs": sources}, copy)
    log = workbench / f"handed-out-{arch}.log"
    modules.KbuildRun(kernel, copy, log).run("W=1")
    said = log.read_text()
    assert not [line for line in said.splitlines() if "warning: " in line and "lab" in line], said
    built = {path.stem for path in copy.rglob("lab_*.ko")}
    able = [lab for lab in EVERY if lab.suite_loads or not lab.why_not(target)]
    assert built >= {lab.name for lab in able if not lab.since or arch == KUNIT_ARCH}
