"""Modules that labs/Makefile has built are loaded with insmod, as on a machine of one's own."""

import re
import shutil
from pathlib import Path

import pytest

from harness.base.paths import BUILD, LABS, USERSPACE
from harness.catalogue.labs import all_labs
from harness.kernels import debian
from harness.kernels.targets import Target
from harness.tests.conftest import Kmaplab, call
from harness.tests.test_own_kernel import everything

pytestmark = pytest.mark.boot


def test_modules_for_the_headers_in_kdir_can_be_loaded(kmaplab: Kmaplab, tmp_path: Path) -> None:
    kernel = debian.fetch(Target())
    before = everything(LABS)
    call("make", "-C", LABS, f"KDIR={kernel.headers}").expect(0)
    assert everything(LABS) == before
    built = BUILD / "running-kernel" / kernel.release
    for name in ("core/lab_core", "02_pages/lab_pages"):
        shutil.copy(built / f"{name}.ko", tmp_path)
    script = "insmod ./lab_core.ko && insmod ./lab_pages.ko && wc -c </dev/lab_pages"
    outcome = kmaplab("console", "--extra", tmp_path, "--cmd", script).expect(0)
    assert outcome.out.strip() == "16384"
    for lab in all_labs():
        is_built = (built / lab.directory.name / f"{lab.name}.ko").exists()
        assert is_built == (lab.why_not(kernel.target) is None)


def test_each_memory_type_is_measured(kmaplab: Kmaplab, tmp_path: Path) -> None:
    """As bench --types does it here: with insmod, from the folders that labs/Makefile makes."""
    kernel = debian.fetch(Target())
    call("make", "-C", LABS, f"KDIR={kernel.headers}").expect(0)
    call("make", "-s", "-C", USERSPACE / "tools", f"O={tmp_path}").expect(0)
    built = BUILD / "running-kernel" / kernel.release
    its_own = ("15_types/four_types", "15_types/lab_types")
    for module in ("core/lab_core", "core/reserved_region", *its_own):
        (tmp_path / module).parent.mkdir(exist_ok=True)
        shutil.copy(built / f"{module}.ko", tmp_path / f"{module}.ko")
    too_many, some = (f"PAGES={pages} /extra/speed_of_types.sh /extra" for pages in (10**9, 16))
    script = f"{too_many}; echo $?; {some}; echo $?; ls /sys/module | grep lab_"
    outcome = kmaplab("console", "--extra", tmp_path, "--cmd", script).expect(1)
    refused, status, measured = outcome.out.partition("\n2\n")
    assert "lab_types did not load" in refused and status
    rows = re.findall(r"^(\w+)((?: +\d+){4})$", measured, re.MULTILINE)
    assert [row[0] for row in rows] == ["wb", "wc", "uc", "device"]
    assert all(int(figure) for row in rows for figure in row[1].split())
    # It says what the figures are worth here, and leaves nothing loaded.
    assert measured.endswith("no memory type is slower here.\n0\n")
