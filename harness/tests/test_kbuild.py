"""What kbuild makes of labs/, and that a lab's file stays short enough to be read."""

import re
import subprocess
from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.catalogue.labs import Lab, all_labs
from harness.kernels.series import SERIES

# A screen and a half.
_MOST_LINES = 150

_NAMES = [lab.name for lab in all_labs()]

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)


def objects(kbuild: Path, series: str) -> list[str]:
    """Return what a Kbuild file asks for as modules, for a series that has PCI, UIO and ports."""
    version, patchlevel = series.split(".")
    script = f"include {kbuild}\nall: ; @echo $(obj-m)\n"
    given = [f"VERSION={version}", f"PATCHLEVEL={patchlevel}", "CONFIG_KMAPLAB=m"]
    given += ["CONFIG_PCI=y", "CONFIG_UIO=m", "CONFIG_HAS_IOPORT_MAP=y"]
    given += ["CONFIG_DMA_SHARED_BUFFER=y"]
    command = ["make", "-s", "-f", "-", *given, "all"]
    result = subprocess.run(command, input=script, capture_output=True, text=True, check=True)
    return result.stdout.split()


def test_every_directory_with_a_kbuild_is_built() -> None:
    directories = {f"{path.parent.name}/" for path in LABS.glob("*/Kbuild")}
    assert set(objects(LABS / "Kbuild", "6.1")) == directories
    assert {f"{lab.directory.name}/" for lab in all_labs()} <= directories


@pytest.mark.parametrize("series", SERIES)
@pytest.mark.parametrize("lab", all_labs(), ids=_NAMES)
def test_a_lab_is_built_for_the_series_that_it_runs_on(lab: Lab, series: str) -> None:
    built = f"{lab.name}.o" in objects(lab.directory / "Kbuild", series)
    assert built == (lab.since is None or lab.since.why_not(series) is None)


@pytest.mark.parametrize("lab", all_labs(), ids=_NAMES)
def test_the_file_of_a_lab_is_a_screen_and_a_half(lab: Lab) -> None:
    text = _COMMENT.sub("", (lab.directory / f"{lab.name}.c").read_text())
    code = [line for line in text.splitlines() if line.strip()]
    assert 0 < len(code) < _MOST_LINES
