"""Building the check programs."""

import os
from dataclasses import dataclass
from pathlib import Path

from harness.base import digest, tools
from harness.base.paths import BUILD, LABS, USERSPACE
from harness.base.progress import step
from harness.catalogue import labs


@dataclass(frozen=True)
class Programs:
    """The static executable, the names it goes by, and the digest of its inputs."""

    executable: Path
    names: tuple[str, ...]
    digest: str


def build() -> Programs:
    """Build the check programs, or reuse what is there.

    Raises SetupError, with the compiler's words, if one does not compile.
    """
    output = BUILD / "userspace"
    made = [output / "lab_checks"]
    stamp = output / "digest"
    tools_used = [digest.of_tool(path) for path in ("/usr/bin/gcc-12", "/usr/include/check.h")]
    wanted = digest.of([*tools_used, USERSPACE, LABS / "include"])
    if not digest.is_current(made, stamp, wanted):
        stamp.unlink(missing_ok=True)
        # What is there may be damaged: make would take it for up to date.
        for path in output.glob("*"):
            path.unlink()
        with step("building the check programs"):
            tools.run(
                ["make", f"-j{os.cpu_count() or 1}", "-C", USERSPACE, f"O={output}"],
                output / "build.log",
                "building the check programs",
            )
        digest.set_current(made, stamp, wanted)
    return Programs(made[0], tuple(lab.name for lab in labs.all_labs()), wanted)
