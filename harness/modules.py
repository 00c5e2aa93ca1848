"""Building the kernel modules out of tree, below build/."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from harness import digest, tools
from harness.kernels import Kernel
from harness.paths import BUILD, LABS
from harness.progress import step

# Debug information and BTF triple the build's time and nobody reads them here.
_LEAN = ("CONFIG_DEBUG_INFO=", "CONFIG_DEBUG_INFO_BTF_MODULES=")


@dataclass(frozen=True)
class Modules:
    """The modules of a kernel.

    ``directory`` is where all that belongs to them goes, ``digest`` that of what
    they were built from.
    """

    directory: Path
    files: tuple[Path, ...]
    digest: str


def build(kernel: Kernel, sources: Path = LABS) -> Modules:
    """Build the labs in ``sources`` for a kernel, or reuse what is there.

    kbuild puts its objects beside the sources, so it works on a copy. Raises
    SetupError, with the compiler's words, if a module does not compile.
    """
    directory = BUILD / "modules" / _name(sources) / str(kernel.target)
    copy = directory / "labs"
    stamp = directory / "modules.digest"
    wanted = digest.of([kernel.version, sources, Path(__file__)])
    files = _built(copy)
    if not files or not digest.is_current(files, stamp, wanted):
        stamp.unlink(missing_ok=True)
        _mirror(sources, copy)
        # Without the map a WARN() carries this machine's path into the module.
        flags = f"KCFLAGS=-fmacro-prefix-map={copy}/="
        command = ["make", "-j2", "-C", kernel.headers, f"M={copy}", "W=1", *_LEAN, flags]
        with step(f"building the modules for {kernel.release}"):
            tools.run(command, directory / "modules.log", "building the modules")
        files = _built(copy)
        stamp.write_text(wanted)
    return Modules(directory, files, wanted)


def _name(sources: Path) -> str:
    return "labs" if sources == LABS else f"labs-{digest.of([str(sources)])[:12]}"


def _built(copy: Path) -> tuple[Path, ...]:
    """Return the modules whose source is still there."""
    return tuple(
        sorted(path for path in copy.rglob("*.ko") if path.with_suffix(".c").is_file())
    )


def _mirror(sources: Path, copy: Path) -> None:
    """Make ``copy`` hold the sources, touching only what differs.

    kbuild then rebuilds only what changed.
    """
    files = {path.relative_to(sources) for path in sources.rglob("*") if path.is_file()}
    for name in files:
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_bytes() != (sources / name).read_bytes():
            shutil.copyfile(sources / name, target)
    for target in list(copy.rglob("*")):
        gone = target.suffix in (".c", ".h") and not target.name.endswith(".mod.c")
        if gone and target.relative_to(copy) not in files:
            target.unlink()
