"""Building the check programs."""

from dataclasses import dataclass
from pathlib import Path

from harness import digest, tools
from harness.paths import BUILD, LABS, USERSPACE
from harness.progress import step


@dataclass(frozen=True)
class Programs:
    """The static programs, and the digest of what they were built from."""

    files: tuple[Path, ...]
    digest: str


def build() -> Programs:
    """Build the check programs, or reuse what is there.

    Raises SetupError, with the compiler's words, if one does not compile.
    """
    output = BUILD / "userspace"
    files = tuple(output / source.stem for source in _sources())
    stamp = output / "digest"
    wanted = digest.of([USERSPACE, LABS / "include"])
    if not digest.is_current(files, stamp, wanted):
        stamp.unlink(missing_ok=True)
        with step("building the check programs"):
            tools.run(
                ["make", "-j2", "-C", USERSPACE, f"O={output}"],
                output / "build.log",
                "building the check programs",
            )
        stamp.write_text(wanted)
    return Programs(files, wanted)


def _sources() -> list[Path]:
    """Return the sources with a main(): one for each lab's module."""
    names = {path.stem for path in LABS.glob("[0-9]*_*/lab_*.c")}
    return sorted(path for path in USERSPACE.glob("lab_*.c") if path.stem in names)
