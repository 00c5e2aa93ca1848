"""An architecture is a file: all else asks what it can do, and never for it by name."""

import ast
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness.base.paths import GUEST, ROOT
from harness.guest import device_tree
from harness.guest.machine import Machine
from harness.kernels.architecture import RESERVED_MIB, Qemu
from harness.kernels.debian import Kernel
from harness.kernels.targets import ARCHES, KUNIT_ARCH, Target, series_of
from harness.tests.test_rooms import HARNESS, modules

_NAME = re.compile(rf"\b({'|'.join(ARCHES)})\b")
_WITH_TREE = [name for name, arch in ARCHES.items() if arch.qemu and arch.qemu.has_device_tree]


def texts(tree: ast.Module) -> list[str]:
    """Return the strings of a module that are no documentation."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in documentation
    ]


def test_no_room_but_the_kernels_asks_for_an_architecture_by_name() -> None:
    paths = [path for path in modules() if path.parent.name != "kernels"]
    assert len(paths) > 50
    asked = {
        str(path.relative_to(HARNESS)): found
        for path in [*paths, HARNESS / "tests/conftest.py"]
        if (found := [one for one in texts(ast.parse(path.read_text())) if _NAME.search(one)])
    }
    assert asked == {}


@pytest.mark.parametrize("text", ['x.arch == "um"', 'f"ARCH=arm64 {x}"', 'match x:\n case "um": 1'])
def test_a_comparison_by_name_is_found(text: str) -> None:
    assert any(_NAME.search(one) for one in texts(ast.parse(text)))


def test_the_guests_scripts_do_not_ask_either() -> None:
    for path in GUEST.iterdir():
        code = re.sub(r"(^|\s)#.*", "", path.read_text(), flags=re.M)
        assert not _NAME.search(code), path


def test_each_file_stands_in_the_table() -> None:
    files = {
        path.stem
        for path in (HARNESS / "kernels").glob("*.py")
        if re.search(r"^ARCHITECTURE =", path.read_text(), re.M)
    }
    assert files == set(ARCHES)
    assert ARCHES[KUNIT_ARCH].is_built and series_of(KUNIT_ARCH)


def test_what_an_architecture_needs_of_packages_has_a_section() -> None:
    sections = re.findall(r"^for: (.*)$", (ROOT / "harness/packages").read_text(), re.M)
    named = {word for section in sections for word in section.split()}
    assert {name for name, arch in ARCHES.items() if arch.toolchain.packages} <= named


def fdt(*arguments: str | Path) -> list[str]:
    command = ["fdtget", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("name", _WITH_TREE)
def test_the_device_tree_keeps_ram_from_the_kernel(name: str, tmp_path: Path) -> None:
    machines = []
    for boot in ("one", "two"):
        directory = tmp_path / boot
        directory.mkdir()
        nowhere = Path("none")
        kernel = Kernel(Target("6.1", name), "6.1", "6.1", nowhere, nowhere, nowhere, nowhere)
        command = Machine(kernel, directory / "initrd").command(9)
        assert command[command.index("-dtb") + 1] == str(directory / "machine.dtb")
        machines.append(directory / "machine.dtb")
    qemu = ARCHES[name].qemu
    assert isinstance(qemu, Qemu)
    node = f"/reserved-memory/kmaplab@{qemu.reserved:x}"
    tree = machines[0]
    reg = [int(word, 16) for word in fdt("-t", "x", tree, node, "reg")]
    assert reg == [0, qemu.reserved, 0, RESERVED_MIB << 20]
    assert "no-map" in fdt("-p", tree, node)
    assert fdt(tree, node, "compatible") == ["kmaplab,reserved"]
    # Each boot has its kernel at another address.
    first, second = (fdt(one, "/chosen", "kaslr-seed") for one in machines)
    assert first != second and len(first) == 2


@pytest.mark.parametrize("name", _WITH_TREE)
def test_another_region_is_another_tree(name: str) -> None:
    qemu = ARCHES[name].qemu
    assert isinstance(qemu, Qemu)
    hardware = [qemu.program, *qemu.options, "-m", "512M", "-nodefaults", "-display", "none"]
    elsewhere = replace(qemu, reserved=qemu.reserved + (1 << 24))
    trees = [device_tree._with_node(one, hardware) for one in (qemu, elsewhere)]
    assert trees[0] != trees[1]
    assert fdt("-l", trees[1], "/reserved-memory") == [f"kmaplab@{elsewhere.reserved:x}"]


def test_a_machine_without_a_device_tree_gets_none(tmp_path: Path) -> None:
    for name, arch in ARCHES.items():
        if arch.qemu and name not in _WITH_TREE:
            assert device_tree.option(arch.qemu, ["none"], tmp_path) == []
