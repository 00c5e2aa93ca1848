"""make lint: each checker finds a fault of its kind in a small tree, and names it."""

import dataclasses
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.lint import checking, compilers
from harness.base.errors import RequestError, SetupError
from harness.lint import excuses
from harness.lint.checker import Finding, Tree
from harness.lint.excuses import Excuse
from harness.lint.kernel_tools import Coccinelle
from harness.lint.scripts import Flake8
from harness.base.paths import LABS, ROOT
from harness.catalogue.labs import all_labs
from harness.kernels import uml
from harness.tests.conftest import Kmaplab
from harness.lint.checking import CheckerResult

# Those that need the kernels' sources, and what is made of them.
KERNELS = ("kernel-doc", "checkpatch", "gcc", "sparse", "coccinelle")

# One at a time compiles the project's modules, so other workers would only wait.
WITH_KERNELS = [pytest.mark.boot, pytest.mark.xdist_group("lint")]

EVERY = [
    pytest.param(name, marks=WITH_KERNELS if name in KERNELS else [])
    for name in (checker.name for checker in checking.CHECKERS)
]

# A tree in which nothing is wrong, with a file for each checker.
SMALL = Path(__file__).parent / "small"


@dataclasses.dataclass(frozen=True)
class Fault:
    """One change of the small tree, the line that it makes bad, and what is said of it."""

    checker: str
    file: str
    old: str
    new: str
    line: int
    said: str


FAULTS = [
    Fault("black", "python/small.py", "os.getpid()", "os.getpid( )", 8, "another way"),
    Fault("flake8", "python/small.py", "import os\n", "import os\nimport re\n", 4, "F401"),
    Fault("mypy", "python/small.py", "-> int:", "-> str:", 8, "return-value"),
    Fault("mypy", "python/small.py", "pid() -> int:", "pid():", 6, "no-untyped-def"),
    Fault("shellcheck", "bin/small", '"$1"', "$1", 2, "SC2086"),
    Fault("analyzer", "userspace/small.c", "free(copy);", ";", 11, "analyzer-malloc-leak"),
    Fault("kernel-doc", "labs/small.c", "@number:", "@index:", 13, "'number' not described"),
    Fault("kernel-doc", "labs/small.c", " * Return:", " * Gives:", 13, "return value"),
    Fault("checkpatch", "labs/small.c", "if (!page)", "if(!page)", 22, "SPACING"),
    Fault("checkpatch", "userspace/small.c", "copy = strdup", "copy=strdup", 7, "SPACING"),
    Fault(
        "gcc",
        "labs/small.c",
        "\treturn 0;",
        "\tint x;\n\n\tx = 1;\n\treturn 0;",
        26,
        "unused-but-set",
    ),
    Fault("sparse", "labs/small.c", "(void __iomem *)page", "page", 24, "address spaces"),
    Fault("sparse", "labs/small.c", "u32 small_read", "__le32 small_read", 15, "restricted __le32"),
    Fault(
        "coccinelle",
        "labs/small.c",
        "\tkfree(page);",
        "\tkfree(page);\n\tkfree(page);",
        26,
        "kfree",
    ),
]


@pytest.fixture
def small(workbench: Path) -> Tree:
    """Return the small tree; what it is made into stays from run to run."""
    root = workbench / "lint/tree"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(SMALL, root)
    for name in ("pyproject.toml", ".flake8"):
        shutil.copy(ROOT / name, root / name)
    return Tree(root, workbench / "lint/work")


@pytest.fixture
def have_kernels(request: pytest.FixtureRequest) -> None:
    """Skip what needs kernels that cannot be fetched; make lint itself skips one that is gone."""
    if request.node.get_closest_marker("boot"):
        for error in request.getfixturevalue("missing_uml").values():
            if not isinstance(error, (uml.SeriesGone, uml.KernelNotBuilt)):
                pytest.skip(str(error))


def lint(tree: Tree, name: str) -> CheckerResult:
    result = checking.run(tree, checking.choose(name))[0]
    assert result.trouble == ""
    return result


@pytest.mark.usefixtures("have_kernels")
@pytest.mark.parametrize("name", EVERY)
def test_this_project_is_clean(kmaplab: Kmaplab, name: str) -> None:
    kmaplab("lint", "--only", name).expect(0)


@pytest.mark.usefixtures("have_kernels")
@pytest.mark.parametrize("name", EVERY)
def test_a_tree_without_faults_is_clean(small: Tree, name: str) -> None:
    result = lint(small, name)
    assert result.findings == () and result.files > 0


@pytest.mark.usefixtures("have_kernels")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            fault,
            marks=WITH_KERNELS if fault.checker in KERNELS else [],
            id=f"{fault.checker}-{fault.said}",
        )
        for fault in FAULTS
    ],
)
def test_a_fault_is_found_and_named(
    small: Tree, fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of all the semantic patches, the one that it is for.
    monkeypatch.setattr(Coccinelle, "pattern", f"{fault.said}.cocci")
    path = small.root / fault.file
    text = path.read_text()
    assert text.count(fault.old) == 1
    path.write_text(text.replace(fault.old, fault.new))
    found = lint(small, fault.checker).findings
    said = ["\n".join([str(finding), *finding.details]) for finding in found]
    assert any(
        text.startswith(f"{fault.file}:{fault.line}: ") and fault.said in text for text in said
    ), said
    if fault.checker in ("gcc", "sparse"):
        top = Path(fault.file).parts[0]
        built = [one for one in compilers.kernels() if top in compilers.modules_of(one)]
        names = ", ".join(compilers.name_of(one) for one in built)
        assert all(f"({names})" in text for text in said), said
    assert all(finding.file == fault.file for finding in found), said


@pytest.mark.boot
@pytest.mark.usefixtures("have_kernels")
def test_sparse_finds_the_pointer_that_lesson_11_follows(small: Tree) -> None:
    """No check of a run does, where the address of ioremap() is one that a processor takes."""
    lab = next(lab for lab in all_labs() if lab.name == "lab_regs")
    shutil.rmtree(small.root / "labs")
    for name in ("include", "core", lab.directory.name):
        shutil.copytree(LABS / name, small.root / "labs" / name)
    shutil.copy(LABS / "Kbuild", small.root / "labs")
    assert lint(small, "sparse").findings == ()
    patch = lab.directory / "changes/pointer-followed.patch"
    command = ["patch", "-s", "-p1", "-d", str(small.root / "labs" / lab.directory.name)]
    subprocess.run([*command, "-i", str(patch)], check=True)
    found = lint(small, "sparse").findings
    assert found and all(one.file.endswith("lab_regs.c") for one in found), found
    assert any("removes address space '__iomem'" in str(one) for one in found), found


@pytest.mark.boot
@pytest.mark.usefixtures("have_kernels")
def test_a_module_that_is_not_built_is_not_taken_for_checked(small: Tree) -> None:
    (small.root / "labs/lost.c").write_text("int lost;\n")
    (found,) = lint(small, "sparse").findings
    assert str(found) == "labs/lost.c:0: no series compiles it, so nothing has checked it"


@pytest.mark.boot
@pytest.mark.usefixtures("have_kernels")
def test_checkpatch_finds_a_name_in_each_file_that_has_it(small: Tree) -> None:
    """checkpatch.pl alone reports a name in CamelCase once for all files that it is given."""
    names = ["userspace/one.c", "userspace/other.c"]
    for name in names:
        (small.root / name).write_text("// SPDX-License-Identifier: GPL-2.0\nint NoSuchName;\n")
    found = lint(small, "checkpatch").findings
    assert [(one.file, one.line, one.kind) for one in found] == [
        (name, 2, "CAMELCASE") for name in names
    ]


def test_every_checker_has_a_fault_to_find() -> None:
    assert {fault.checker for fault in FAULTS} == {checker.name for checker in checking.CHECKERS}


def fresh(tree: Tree) -> Tree:
    shutil.rmtree(tree.work, ignore_errors=True)
    return tree


def test_what_did_not_change_is_not_looked_at_again(small: Tree) -> None:
    assert lint(fresh(small), "flake8").verdict == "clean"
    assert lint(small, "flake8").verdict == "unchanged"
    with (small.root / "python/small.py").open("a") as file:
        file.write("\n\nNAME = 1\n")
    assert lint(small, "flake8").verdict == "clean"
    (small.root / ".flake8").write_text("[flake8]\nmax-line-length = 20\n")
    assert lint(small, "flake8").verdict.endswith("findings")


def test_what_was_found_is_found_again(small: Tree) -> None:
    (small.root / "python/small.py").write_text("import os\n")
    first, second = (lint(tree, "flake8") for tree in (fresh(small), small))
    assert first.findings == second.findings and first.verdict == "1 finding"


def test_a_new_file_is_looked_at(small: Tree) -> None:
    assert not lint(small, "flake8").findings
    (small.root / "python/new.py").write_text("import os\n")
    (found,) = lint(Tree(small.root, small.work), "flake8").findings
    assert found.file == "python/new.py"


def test_what_is_made_is_not_looked_at(small: Tree) -> None:
    (small.root / "build").mkdir()
    (small.root / "build/made.py").write_text("import os\n")
    assert not lint(small, "flake8").findings


def test_shell_scripts_are_told_by_their_first_line(small: Tree) -> None:
    (small.root / "bin/other").write_text("#!/usr/bin/env bash\n")
    (small.root / "bin/none").write_text("#!/usr/bin/perl\n# no /bin/sh\n")
    assert [str(path) for path in small.shell_scripts] == ["bin/other", "bin/small"]


def test_a_tool_that_is_missing_is_named_and_the_others_go_on(
    small: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Flake8, "programs", ("/nonexistent/flake8",))
    results = checking.run(small, checking.choose("flake8,black"))
    assert "/nonexistent/flake8 is missing: run harness/setup" in results[0].trouble
    assert [result.verdict for result in results][0] == "broken"
    assert results[1].verdict in ("clean", "unchanged")
    assert checking.status(results) == 2


def test_a_tool_that_cannot_do_its_work_is_not_content(small: Tree) -> None:
    (small.root / ".flake8").write_text("[flake8]\nmax-line-length = many\n")
    (result,) = checking.run(small, checking.choose("flake8"))
    assert "flake8 does not work" in result.trouble


def test_an_unknown_checker_is_refused() -> None:
    with pytest.raises(RequestError, match="choose from black, flake8"):
        checking.choose("flake8,nosuch")


FOUND = Finding("python/small.py", 3, "'os' imported but unused", "F401")
EXCUSE = Excuse("flake8", "F401", ("python/small.py",), "a test")


def test_an_excuse_covers_its_own_kind_in_its_own_file(small: Tree) -> None:
    def left(excuse: Excuse) -> list[Finding]:
        found = excuses.apply([excuse], "flake8", [FOUND], small)
        return [finding for finding in found if finding.file != "lint.toml"]

    assert not left(EXCUSE)
    assert not left(dataclasses.replace(EXCUSE, files=("python/*",), source="^import os$"))
    assert not left(dataclasses.replace(EXCUSE, message="'os'"))
    for other in (
        dataclasses.replace(EXCUSE, kind="E501"),
        dataclasses.replace(EXCUSE, checker="mypy"),
        dataclasses.replace(EXCUSE, files=("python/other.py",)),
        dataclasses.replace(EXCUSE, message="'re'"),
        dataclasses.replace(EXCUSE, source="^import re$"),
    ):
        assert left(other) == [FOUND]


def test_an_excuse_for_what_is_not_found_is_a_finding(small: Tree) -> None:
    (found,) = excuses.apply([EXCUSE], "flake8", [], small)
    assert "python/small.py has no F401" in str(found)
    two = dataclasses.replace(EXCUSE, files=(*EXCUSE.files, "python/other.py"))
    (found,) = excuses.apply([two], "flake8", [FOUND], small)
    assert "python/other.py has no F401" in str(found)
    assert excuses.apply([EXCUSE], "mypy", [], small) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "checker = 'a'\nkind = 'b'\nfiles = ['c']\nreason = ' '",
        "checker = 'a'\nkind = 'b'\nfiles = []\nreason = 'r'",
        "checker = 'a'\nkind = 'b'\nfiles = ['*']\nreason = 'r'",
        "checker = 'a'\nkind = 'b'\nfiles = ['c']\nreason = 'r'\nmesage = 'm'",
        "checker = 'a'\nkind = 'b'\nfiles = ['c']\nreason = 'r'\nmessage = '('",
    ],
)
def test_excuses_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / excuses.NAME
    path.write_text(f"[[excuse]]\n{text}\n")
    with pytest.raises(SetupError, match=excuses.NAME):
        excuses.read(path)


def test_an_excuse_is_for_a_checker_that_there_is() -> None:
    names = {checker.name for checker in checking.CHECKERS}
    assert {excuse.checker for excuse in excuses.read(ROOT / excuses.NAME)} <= names


def test_the_report_has_all_findings_and_a_line_for_each_checker() -> None:
    detailed = dataclasses.replace(FOUND, details=("import os",))
    results = [
        CheckerResult("flake8", 7, 1.25, (detailed,)),
        CheckerResult("mypy", 7, 0.5, trouble="mypy does not work"),
        CheckerResult("black", 7, 0.01, unchanged=True),
    ]
    text = checking.as_text(results)
    assert "  python/small.py:3: F401: 'os' imported but unused\n      import os\n" in text
    assert "mypy:\n  mypy does not work\n" in text
    assert "flake8           7  1 finding          1.2\n" in text
    assert "black            7  unchanged          0.0\n" in text
    assert [checking.status(results[n:]) for n in range(3)] == [2, 2, 0]
    assert checking.status(results[:1]) == 1
