"""Building the check programs."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness.base import digest, tools
from harness.base.paths import BUILD, LABS, USERSPACE
from harness.base.progress import step
from harness.build import sysroot
from harness.catalogue import labs
from harness.kernels.architecture import Architecture
from harness.kernels.targets import ARCHES, DEFAULT_ARCH


# The name by which the executable checks a driver that is no lab.
ANY_DRIVER = "any_driver"


@dataclass(frozen=True)
class Programs:
    """The static executable, the names it goes by, and the digest of its inputs.

    ``names`` are those of the labs, ``others`` are no lab's. ``steps`` is a program beside it,
    which leads a mapping through its life; None where no guest needs it.
    """

    executable: Path
    names: tuple[str, ...]
    digest: str
    steps: Path | None = None
    others: tuple[str, ...] = ()


def build(architecture: Architecture = ARCHES[DEFAULT_ARCH]) -> Programs:
    """Build the check programs for an architecture, or reuse what is there.

    Raises SetupError, with the compiler's words, if one does not compile.
    """
    root = sysroot.of(architecture)
    output = BUILD / "userspace" / architecture.debian
    made = [output / "checks", output / "steps"]
    stamp = output / "digest"
    compiler = architecture.toolchain.compiler
    tools_used = [digest.of_tool(path) for path in (compiler, f"{root}/usr/include/check.h")]
    wanted = digest.of([*tools_used, USERSPACE, LABS / "include"])
    if not digest.is_current(made, stamp, wanted):
        stamp.unlink(missing_ok=True)
        # What is there may be damaged: make would take it for up to date.
        shutil.rmtree(output, ignore_errors=True)
        with step("building the check programs"):
            tools.run(
                [
                    *("make", f"-j{os.cpu_count() or 1}", "-C", USERSPACE),
                    *(f"O={output}", f"CC={compiler}", *_places(root)),
                ],
                output / "build.log",
                "building the check programs",
            )
        digest.set_current(made, stamp, wanted)
    names = tuple(lab.name for lab in labs.all_labs())
    return Programs(made[0], names, wanted, made[1], (ANY_DRIVER,))


def _places(root: Path) -> list[str]:
    """Have the compiler look for headers and libraries below ``root`` first."""
    if root == Path("/"):
        return []
    libraries = [path.parent for path in sorted((root / "usr/lib").glob("*/libcheck.a"))]
    return [
        f"CFLAGS=-isystem {root}/usr/include",
        f"LDFLAGS={' '.join(f'-L{path}' for path in libraries)}",
    ]
