"""compile_commands.json of a workspace: how each of its sources would be compiled."""

import json
from pathlib import Path

from harness.base.lock import locked
from harness.base.paths import BUILD
from harness.base.progress import say
from harness.build import compile_commands, modules
from harness.catalogue.labs import Lab
from harness.guest import prepare
from harness.kernels import uml
from harness.kernels.debian import Kernel
from harness.kernels.request import Request
from harness.kernels.targets import KUNIT_ARCH, Target

NAME = "compile_commands.json"


def text(chosen: list[Lab], directory: Path) -> str:
    """Return the file for a workspace in ``directory``.

    A lab that the default target does not have is in it if it was built before for another.
    Raises SetupError if the default kernel cannot be had.
    """
    kernel = prepare.kernel(Request())
    with locked(BUILD / "build.lock", "the build"):
        modules.build(kernel)
    names = {lab.name for lab in chosen if not lab.why_not(Target())} | {"lab_core"}
    entries = _moved(kernel, directory, names)
    for lab in chosen:
        if lab.name in names or not lab.since:
            continue
        target = Target(lab.since.series, KUNIT_ARCH)
        found = _moved(uml.fetch(target), directory, {lab.name}) if uml.is_there(target) else []
        if not found:
            say(f"{lab.name} is not in {NAME}: it was not built yet for {target.series}")
        entries += found
    return json.dumps(entries, indent=1) + "\n"


def _moved(kernel: Kernel, directory: Path, names: set[str]) -> list[compile_commands.Entry]:
    """Return how labs are compiled for a kernel, as if they stood in the workspace."""
    copy = modules.sources_of(kernel)
    text = json.dumps(compile_commands.of_objects(kernel, copy)).replace(str(copy), str(directory))
    entries: list[compile_commands.Entry] = json.loads(text)
    folders = {Path(one["file"]).parent for one in entries if Path(one["file"]).stem in names}
    return [one for one in entries if Path(one["file"]).parent in folders]
