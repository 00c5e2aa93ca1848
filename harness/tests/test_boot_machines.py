"""Other machines: the container's steps, and README's commands behind them, in a bare root.

These take some minutes each, root and the package debootstrap, so they run only if
KMAPLAB_MACHINES names releases of Debian, as "bookworm,trixie". The chroots stay in
build/machines.
"""

import os
import shutil
import subprocess
from dataclasses import replace

import pytest

from harness.base.paths import BUILD, ROOT
from harness.tests.containers import Chroot, steps_of

pytestmark = pytest.mark.boot

_RELEASES = os.environ.get("KMAPLAB_MACHINES", "").replace(",", " ").split()
_HOME = "home/student/kmaplab"


def checked(result: subprocess.CompletedProcess[str], what: str) -> str:
    """Return what a command printed; fail the test, with all that it said, if it failed."""
    text = f"{result.stdout}\n{result.stderr}"
    assert result.returncode == 0, f"{what} ended with {result.returncode}:\n{text}"
    return text


@pytest.mark.skipif(not _RELEASES, reason="takes minutes: set KMAPLAB_MACHINES=bookworm,trixie")
@pytest.mark.parametrize("release", _RELEASES or ["none"])
def test_an_ordinary_user_runs_the_labs_in_what_the_containerfile_makes(release: str) -> None:
    if os.geteuid() or not shutil.which("debootstrap"):
        pytest.skip("a chroot needs root, and the package debootstrap")
    chroot = Chroot(BUILD / "machines" / release)
    chroot.make(release)
    for step in steps_of(ROOT / "Containerfile"):
        if step.word == "COPY":
            *sources, destination = step.text.split()
            chroot.copy(sources, destination)
        elif step.word == "RUN" and not (chroot.root / "home/student").is_dir():
            checked(chroot.run(step.text), f"{release}: {step.text}")
    student = replace(chroot, user=1000, home="/home/student")
    # What is not committed counts as well: but not what was built here.
    files = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(files, capture_output=True, check=True).stdout
    place = chroot.root / _HOME
    place.mkdir(exist_ok=True)
    unpack = ["tar", "-C", str(place), "--owner=1000", "-x"]
    pack = ["tar", "-C", str(ROOT), "--null", "-T", "-", "-c", "--ignore-failed-read"]
    packed = subprocess.run(pack, input=listed, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(unpack, input=packed, check=True)
    os.chown(place, 1000, 1000)
    first = student.run(f"cd /{_HOME} && make run")
    assert "kernel=user=machine" in checked(first, f"{release}: make run")
    # A second run needs neither the network nor a device of the host's.
    again = student.run(f"cd /{_HOME} && ! test -w /dev/kvm && make run LAB=kmalloc", False)
    assert "kernel=user=machine" in checked(again, f"{release}: make run, without a network")
    copy = "cp -r labs /tmp/copy && make run LAB=kmalloc LABS=/tmp/copy"
    strange = student.run(f"cd /{_HOME} && {copy}", False)
    assert "kernel=user=machine" in checked(strange, f"{release}: make run LABS=, in the sandbox")
