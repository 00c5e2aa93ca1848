"""What clangd gets for each source, and whether it understands the source."""

import subprocess
from pathlib import Path

import pytest

from harness.base.paths import LABS, ROOT, USERSPACE
from harness.build import compile_commands
from harness.tests.conftest import Kmaplab


def test_copies_become_the_sources_of_the_tree(tmp_path: Path) -> None:
    lab = next(LABS.glob("*/lab_*.c")).relative_to(ROOT)
    entries = [
        {"directory": "/kernel", "file": f"{tmp_path}/{lab}", "command": f"gcc -c {tmp_path}/{lab}"}
    ]
    (found,) = compile_commands.of_modules(entries, tmp_path)
    assert found["file"] == str(ROOT / lab) and found["command"] == f"gcc -c {ROOT / lab}"


def test_what_kbuild_made_itself_is_left_out(tmp_path: Path) -> None:
    entries = [{"directory": str(tmp_path), "file": "labs/01_kmalloc/lab_kmalloc.mod.c"}]
    assert compile_commands.of_modules(entries, tmp_path) == []


def test_a_compiler_call_of_make_is_an_entry_and_a_link_is_none() -> None:
    (found,) = compile_commands.of_programs("mkdir -p x\ngcc-12 -c -o x.o x.c\ngcc -o x x.o\n")
    assert found["file"] == str(USERSPACE / "x.c")
    assert found["arguments"] == ["gcc-12", "-c", "-o", "x.o", "x.c"]


@pytest.mark.boot
def test_clangd_understands_a_source_of_each_folder(kmaplab: Kmaplab, um_newest: str) -> None:
    kmaplab("compile_commands", "--kernel", um_newest).expect(0)
    for folder in ("labs/core", "labs/01_kmalloc", "kunit", "userspace"):
        source = sorted((ROOT / folder).rglob("*.c"))[0]
        command = ["clangd", f"--check={source}"]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        errors = [line for line in result.stderr.splitlines() if line.startswith("E[")]
        assert result.returncode == 0 and not errors, f"{source}: {errors}"
