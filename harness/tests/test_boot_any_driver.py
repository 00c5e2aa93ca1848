"""Real boots: the contract for drivers that nobody here wrote.

The labs stand for such drivers: with their own check programs out of reach, a right one must
be found right, and a wrong one wrong, by what needs no request of theirs.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from harness.base.errors import SetupError
from harness.base.paths import LABS, ROOT
from harness.catalogue import mistakes
from harness.guest import prepare
from harness.kernels import debian
from harness.kernels.request import Request
from harness.kernels.series import DEFAULT_SERIES
from harness.kernels.targets import DEFAULT_ARCH, KUNIT_ARCH, Target, series_of
from harness.tests import strange_drivers
from harness.tests.conftest import Kmaplab

# One after the other, so that what is built of a copy serves the next.
pytestmark = [pytest.mark.boot, pytest.mark.xdist_group("any driver")]

_FEW = ("--rounds", "20", "--format", "json")

_REMAP = "size = 16384\n"
_VMALLOC = 'size = 16384\nkind = "mixedmap"\nfresh = "zeroes"\n'
_ZERO = """
kind = "shmem"
size = "no end"
shared_by = "nobody"
private = true
executable = true
mode = "0666"
fresh = "zeroes"
"""

# What Debian's kernels cannot show of a driver that maps a VMA at once: test_boot_contract.py.
_NOT_ON_DEBIAN = {"7.2", "7.5"}


def profile(tmp_path: Path, text: str) -> tuple[str, str]:
    path = tmp_path / "profile.toml"
    path.write_text(text)
    return "--profile", str(path)


def module_of(name: str, target: Target) -> Path:
    """Return a module of ours as a file, as somebody would give it to another."""
    built = prepare.built(Request(target))
    return next(path for path in built.stripped if path.stem == name)


def check(
    kmaplab: Kmaplab, *arguments: str | Path, status: tuple[int, ...] = (0,)
) -> dict[str, Any]:
    outcome = kmaplab("contract", *arguments, *_FEW)
    assert outcome.status in status, f"{outcome.status}\n{outcome.out}\n{outcome.err}"
    data: dict[str, Any] = json.loads(outcome.out)
    return data


def verdicts(data: dict[str, Any]) -> dict[str, str]:
    return {clause["clause"]: clause["verdict"] for clause in data["clauses"]}


def clauses_with(data: dict[str, Any], verdict: str) -> set[str]:
    return {number for number, found in verdicts(data).items() if found == verdict}


def test_a_right_driver_is_found_right(kmaplab: Kmaplab, tmp_path: Path) -> None:
    module = module_of("lab_remap", Target(DEFAULT_SERIES, DEFAULT_ARCH))
    options = ("--module", module, "--device", "/dev/lab_remap", *profile(tmp_path, _REMAP))
    data = check(kmaplab, *options)
    assert clauses_with(data, "not checked here") == _NOT_ON_DEBIAN
    # Its fresh contents are no zeroes.
    assert clauses_with(data, "does not apply") == {"2.1", "2.2"}
    assert len(clauses_with(data, "holds")) >= 20


def test_with_the_sanitizers_too(kmaplab: Kmaplab, tmp_path: Path, um_default: str) -> None:
    module = module_of("lab_vmalloc", Target(um_default, KUNIT_ARCH))
    um = ("--arch", KUNIT_ARCH, "--kernel", um_default)
    options = ("--module", module, "--device", "/dev/lab_vmalloc", *profile(tmp_path, _VMALLOC))
    data = check(kmaplab, *um, *options)
    # Two processors are QEMU's.
    assert clauses_with(data, "not checked here") == {"9.4"}
    assert clauses_with(data, "holds") == set(verdicts(data)) - {"9.4"}


def test_memory_of_the_kernel_without_a_module(kmaplab: Kmaplab, tmp_path: Path) -> None:
    data = check(kmaplab, "--device", "/dev/zero", *profile(tmp_path, _ZERO))
    found = verdicts(data)
    assert {found[number] for number in ("1.5", "2.1", "3.1", "4.1", "4.3", "4.4", "4.7")} == {
        "holds"
    }
    # What is documented otherwise, and what needs an end or a module.
    assert {found[number] for number in ("1.4", "2.4", "3.2", "3.3", "3.5", "5.2", "5.3")} == {
        "does not apply"
    }
    assert all(one["why"] for one in data["clauses"] if one["verdict"] != "holds")


def test_without_a_profile_a_driver_is_held_to_be_as_strict_as_a_lab(kmaplab: Kmaplab) -> None:
    data = check(kmaplab, "--device", "/dev/zero", status=(1,))
    assert {"1.4", "2.3", "3.2", "3.3", "3.5"} <= clauses_with(data, "does not hold")


def test_a_driver_that_cannot_be_mapped(kmaplab: Kmaplab, tmp_path: Path) -> None:
    data = check(kmaplab, "--device", "/dev/null", *profile(tmp_path, 'mode = "0666"'))
    assert clauses_with(data, "holds") == {"8.2"}
    assert not clauses_with(data, "does not hold")
    reasons = {one["why"] for one in data["clauses"] if one["verdict"] == "does not apply"}
    assert "it has no mmap()" in reasons


# Wrong versions of the labs that show without any of their requests, with the parameters of
# their profiles.
_WRONG = {
    "core/length-unchecked": ("lab_remap", _REMAP),
    "core/private-let-through": ("lab_remap", _REMAP),
    "core/code-by-mprotect": ("lab_remap", _REMAP),
    "core/owner-forgotten": ("lab_remap", _REMAP),
    "remap/allocates-in-mmap": ("lab_remap", _REMAP),
    "remap/access-is-fixed": ("lab_remap", _REMAP),
    "remap/may-not-move": ("lab_remap", _REMAP),
    "remap/not-for-children": ("lab_remap", _REMAP),
    "vmalloc/in-the-core-dump": ("lab_vmalloc", _VMALLOC),
    "vmalloc/page-shared": ("lab_vmalloc", _VMALLOC + 'parameters = ["how=page"]\n'),
    "vmalloc/not-for-users": ("lab_vmalloc", _VMALLOC + 'parameters = ["how=page"]\n'),
}


@pytest.mark.parametrize("name", _WRONG)
def test_a_wrong_driver_is_found_wrong(
    kmaplab: Kmaplab, tmp_path: Path, workbench: Path, name: str
) -> None:
    lab, text = _WRONG[name]
    mistake = next(one for one in mistakes.read_all() if one.name == name)
    folder = next(LABS.glob(f"*/{lab}.c")).parent
    source = workbench / "strange" / lab
    shutil.rmtree(source, ignore_errors=True)
    for part in ("include", "core", folder.name):
        shutil.copytree(LABS / part, source / part)
    shutil.copy(LABS / "Kbuild", source)
    owner = source / mistake.owner
    subprocess.run(["patch", "-s", "-p1", "-i", mistake.patch], cwd=owner, check=True)
    if "how=page" in text:
        text = text.replace("mixedmap", "pfnmap")
    options = ("--module", lab, "--source", source, "--device", f"/dev/{lab}")
    data = check(kmaplab, *options, *profile(tmp_path, text), status=(1, 3))
    assert verdicts(data)[mistake.clause.number] == "does not hold", data


def refused(kmaplab: Kmaplab, *arguments: str | Path) -> str:
    """Return what is said of a wrong request, in one line besides what was being done."""
    outcome = kmaplab("contract", *arguments).expect(2)
    assert not outcome.out
    last = outcome.err.splitlines()[-1]
    assert "Traceback" not in outcome.err
    return last


def test_what_is_no_module_is_refused(kmaplab: Kmaplab, tmp_path: Path) -> None:
    device = ("--device", "/dev/x")
    assert "is not there" in refused(kmaplab, "--module", tmp_path / "x.ko", *device)
    readme = ROOT / "README.md"
    assert "is no module" in refused(kmaplab, "--module", readme, *device)
    program = next(Path("/usr/bin").glob("true"))
    assert "is no module" in refused(kmaplab, "--module", program, *device)
    assert "has no module nosuch" in refused(kmaplab, "--module", "nosuch", *device)


def test_a_module_of_another_kernel_is_refused(
    kmaplab: Kmaplab, missing_kernels: dict[str, str]
) -> None:
    other = next((one for one in series_of(DEFAULT_ARCH)[1:] if one not in missing_kernels), None)
    if not other:
        pytest.skip(str(missing_kernels))
    kernel = debian.fetch(Target(other))
    module = next((kernel.root / "lib/modules").rglob("uio.ko*"))
    said = refused(kmaplab, "--module", module, "--device", "/dev/uio0")
    assert "is for another kernel" in said and kernel.release in said


def test_a_module_without_the_device_is_refused(kmaplab: Kmaplab) -> None:
    said = refused(kmaplab, "--module", "uio", "--device", "/dev/uio0")
    assert "there is no device /dev/uio0" in said


def test_a_folder_that_does_not_compile_is_refused(kmaplab: Kmaplab, tmp_path: Path) -> None:
    (tmp_path / "Kbuild").write_text("obj-m := wrong.o\n")
    (tmp_path / "wrong.c").write_text("int wrong(\n")
    options = ("--module", "wrong", "--source", tmp_path, "--device", "/dev/wrong")
    outcome = kmaplab("contract", *options).expect(2)
    assert "wrong.c:1" in outcome.err


def skip_unless_there(target: Target) -> None:
    try:
        debian.fetch(target)
    except SetupError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", strange_drivers.commands())
def test_the_page_has_what_its_commands_find(
    kmaplab: Kmaplab, name: str, request: pytest.FixtureRequest
) -> None:
    arguments = strange_drivers.commands()[name]
    target = strange_drivers.target_of(arguments)
    if target.arch == KUNIT_ARCH:
        request.getfixturevalue("um_default")
    elif target != Target():
        skip_unless_there(target)
    data = json.loads(kmaplab(*("contract", *arguments, *_FEW)).out)
    found = strange_drivers.column_of(data)
    shown = {
        number: cell for number, cell in strange_drivers.columns()[name].items() if cell.strip()
    }
    assert found == shown, data["clauses"]
