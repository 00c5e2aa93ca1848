"""Where modules are built, and what is kept of them."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from harness.base.errors import SetupError
from harness.base.paths import LABS
from harness.build import modules, not_built
from harness.kernels import debian
from harness.kernels.debian import Kernel
from harness.kernels.targets import Target
from harness.tests.conftest import BreakLab


def test_the_modules_of_directories_not_used_for_long_go(tmp_path: Path) -> None:
    most = modules._MOST_OTHERS
    names = [f"labs-{number:012}" for number in range(most + 3)]
    for age, name in enumerate(["labs", *names]):
        (tmp_path / name / "6.1-um").mkdir(parents=True)
        os.utime(tmp_path / name, (age, age))
    # The first is in use again.
    modules.forget_all_but(tmp_path / names[0])
    assert {path.name for path in tmp_path.iterdir()} == {"labs", names[0], *names[-most + 1 :]}
    modules.forget_all_but(tmp_path / "labs-new")
    assert {path.name for path in tmp_path.iterdir()} == {
        *("labs", names[0], "labs-new"),
        *names[-most + 2 :],
    }


def test_another_run_may_remove_the_same_directories(tmp_path: Path) -> None:
    for number in range(modules._MOST_OTHERS + 3):
        (tmp_path / f"labs-{number:012}").mkdir()
    # As the other run leaves it between a look at the names and one at the times.
    (tmp_path / "labs-gone").symlink_to("nowhere")
    modules.forget_all_but(tmp_path / "labs")
    assert len(list(tmp_path.iterdir())) >= modules._MOST_OTHERS


def test_of_a_lab_that_is_gone_kbuild_finds_nothing(tmp_path: Path) -> None:
    labs, copy = tmp_path / "labs", tmp_path / "copy"
    for folder in ("01_old", "02_new"):
        (labs / folder).mkdir(parents=True)
        for name in ("Kbuild", "lab.c"):
            (labs / folder / name).touch()
    modules.mirror({"labs": labs}, copy)
    for name in ("lab.mod.c", "lab.ko"):
        (copy / "labs/02_new" / name).touch()
    shutil.rmtree(labs / "01_old")
    modules.mirror({"labs": labs}, copy)
    assert not list((copy / "labs/01_old").iterdir())
    kept = {path.name for path in (copy / "labs/02_new").iterdir()}
    assert kept == {"Kbuild", "lab.c", "lab.mod.c", "lab.ko"} and (copy / "Kbuild").is_file()


NEW_STYLE = """\
labs/05_remap/lab_remap.c: In function 'lab_remap_mmap':
labs/05_remap/lab_remap.c:109:15: error: implicit declaration of function 'remap_pfn_ranges'
make[4]: *** [/linux/scripts/Makefile.build:289: labs/05_remap/lab_remap.o] Error 1
make[3]: *** [/linux/scripts/Makefile.build:549: labs/05_remap] Error 2
"""
OLD_STYLE = """\
In file included from COPY/labs/04_reserved/reserved_region.c:12:
COPY/labs/04_reserved/reserved_region.h:9:2: fatal error: linux/gone.h: No such file
make[3]: *** [/linux/scripts/Makefile.build:255: COPY/labs/04_reserved/reserved_region.o] Error 1
"""
SUITES = """\
ERROR: modpost: "lab_remap_count" [kunit/labs/lab_remap_kunit.ko] undefined!
"""
SHARED = "make[3]: *** [/linux/scripts/Makefile.build:289: labs/core/lab_core.o] Error 1\n"


def test_only_modules_that_changed_are_stripped_again(tmp_path: Path) -> None:
    """Of two modules of the build one is stripped already; both are there in the end."""
    kernel = SimpleNamespace(target=Target())
    for name in ("old", "new"):
        (tmp_path / f"{name}.c").write_text(f"int {name}(void) {{ return 1; }}\n")
        command = ["gcc", "-g", "-c", f"{name}.c", "-o", f"{name}.ko"]
        subprocess.run(command, cwd=tmp_path, check=True)
    kbuild = modules.KbuildRun(cast(Kernel, kernel), tmp_path, tmp_path / "log")
    kbuild.strip([tmp_path / "old.ko"])
    kept = tmp_path / "stripped/old.ko"
    before = kept.stat().st_mtime_ns
    kbuild.strip([tmp_path / "old.ko", tmp_path / "new.ko"])
    assert kept.stat().st_mtime_ns == before, "what had not changed was stripped again"
    for name in ("old", "new"):
        whole, stripped = (tmp_path / place / f"{name}.ko" for place in (".", "stripped"))
        assert b".debug_info" in whole.read_bytes() and name.encode() in stripped.read_bytes()
        assert b".debug_info" not in stripped.read_bytes(), f"{name}.ko has debug information"


def found(log: str, copy: Path) -> list[tuple[str, str, str]]:
    """Return where, which module, and why, of what is to be left out."""
    parts = not_built.find(log.replace("COPY", str(copy)), copy)
    return [(str(one.path.relative_to(copy)), one.module, one.error) for one in parts]


def test_what_did_not_compile_is_found_in_what_make_said(tmp_path: Path) -> None:
    (tmp_path / "labs/05_remap").mkdir(parents=True)
    remap = ("labs/05_remap", "lab_remap", NEW_STYLE.splitlines()[1])
    error = OLD_STYLE.splitlines()[1].replace("COPY", str(tmp_path))
    reserved = ("labs/04_reserved", "lab_reserved", error)
    needs = '"lab_remap_count" [kunit/labs/lab_remap_kunit.ko] undefined'
    suite = ("kunit/labs/lab_remap_kunit.c", "lab_remap_kunit", needs)
    assert found(NEW_STYLE + OLD_STYLE + SUITES, tmp_path) == [remap, reserved, suite]
    assert found("make: *** nothing that we know", tmp_path) == []


SHOWN = """\
  CC [M]  COPY/labs/05_remap/lab_remap.o
COPY/labs/05_remap/lab_remap.c: In function 'lab_remap_mmap':
COPY/labs/05_remap/lab_remap.c:109:15: error: 'pagez' undeclared \x1b[31m
  109 |         return pagez;
      |                ^~~~~
COPY/labs/05_remap/lab_remap.c:110:1: warning: control reaches the end
  110 | }
      | ^
cc1: note: disable pass tree-early_optimizations for functions in the range of [0, 4294967295]
make[3]: *** [/linux/scripts/Makefile.build:255: COPY/labs/05_remap/lab_remap.o] Error 1
"""


def test_errors_are_shown_with_the_lines_of_the_copy_and_nothing_else(tmp_path: Path) -> None:
    origin = Path("/home/student/labs")
    lines = not_built.errors(SHOWN.replace("COPY", str(tmp_path)), tmp_path, origin)
    place = "/home/student/labs/05_remap/lab_remap.c:109:15: error: 'pagez' undeclared \ufffd[31m"
    assert lines == [place, "  109 |         return pagez;", "      |                ^~~~~"]


def test_nothing_is_left_out_if_what_all_share_does_not_compile(tmp_path: Path) -> None:
    assert found(NEW_STYLE + SHARED, tmp_path) == []


@pytest.mark.boot
def test_a_lab_that_does_not_compile_for_a_new_series_is_left_out_and_the_others_built(
    broken_lab: BreakLab, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kernel is the default one, under the number of a series that no table names."""
    lab = broken_lab("lab_pages").replace("= __get_free_pages(", "= __get_freed_pages(")
    kernel = debian.fetch(Target())
    with pytest.raises(SetupError, match="implicit declaration of function .__get_freed_pages"):
        modules.build(kernel, lab.directory)
    new = replace(kernel, target=Target("9.9"))
    for _ in range(2):
        built = modules.build(new, lab.directory)
        names = [path.stem for path in built.files]
        assert names == sorted(path.stem for path in (LABS / "core").glob("*.c"))
        assert list(built.not_built) == ["lab_pages"]
        said = capsys.readouterr().err
        assert "lab_pages does not compile for Linux 9.9: " in said
        assert "error: implicit declaration" in said
