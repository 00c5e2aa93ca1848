"""Modules that labs/Makefile has built are loaded with insmod, as on a machine of one's own."""

import shutil
from pathlib import Path

import pytest

from harness.base.paths import BUILD, LABS
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
