"""Where the kernel defines a name, in each series whose source the build has.

ctags reads the parts of the source that a module can use, once for each version of it.
"""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.base import kept, tools
from harness.base.errors import SetupError
from harness.kernels import uml
from harness.kernels.targets import ARCHES, DEFAULT_ARCH, KUNIT_ARCH, Target, series_of
from harness.kernels.uml import Source

_OURS = f"arch/{ARCHES[DEFAULT_ARCH].source}/"
_OTHERS = sorted({f"arch/{arch.source}/" for arch in ARCHES.values()} - {_OURS})
_FOLDERS = [
    *("include", "mm", "kernel", "lib", f"{_OURS}mm"),
    *(f"{folder}include" for folder in (_OURS, *_OTHERS)),
]
_FILES = "fs/*.c fs/proc/*.c security/*.c drivers/char/*.c drivers/base/*.c drivers/of/*.c"
# Functions, macros, structures, unions, types, enumerators, enumerations; at last prototypes.
_KINDS = "fdsutegp"
# What macros define unseen: structures that a checker of locks follows, bits of a VMA, and
# macros where ctags loses its way between C and assembler.
_HIDDEN = (
    r"/^context_lock_struct\(([a-z_]+)[,)]/\1/W,hidden/",
    r"/DECLARE_VMA_BIT\(([A-Z]+),/VMA_\1_BIT/B,bit/",
    r"/^[ \t]*#[ \t]*define[ \t]+([A-Za-z_0-9]+)/\1/X,define/",
)
# Operations of files and mappings are members of structures; they are kept with this before.
MEMBER = "->"
_OPERATIONS = ("include/linux/fs.h", "include/linux/mm.h", "include/linux/mm_types.h")
# Of several definitions the first of these is the one that our kernels are built with.
_FIRST = (
    "include/linux/",
    "mm/",
    "kernel/",
    "lib/",
    "fs/",
    "drivers/",
    _OURS,
    "include/asm-generic/",
)
# Stand-ins: for a machine without an MMU, for tools, and for what is not configured.
_LAST = ("mm/nommu.c", "include/linux/raid/", *_OTHERS, "include/uapi/")


@dataclass(frozen=True)
class KernelIndex:
    """A series, the version of its source, and where each name is: a path and a line."""

    series: str
    version: str
    places: dict[str, tuple[str, int]]


def all_indices() -> list[KernelIndex]:
    """Return the index of each series whose source is there; the default's is fetched.

    Raises SetupError if there is none.
    """
    found = [
        _index(series, source) for series in series_of(KUNIT_ARCH) if (source := _there(series))
    ]
    if not found:
        default = series_of(KUNIT_ARCH)[0]
        found = [_index(default, uml.fetch_source(Target(default, KUNIT_ARCH)))]
    return found


def missing() -> list[str]:
    """Return the series whose source the build does not have."""
    return [series for series in series_of(KUNIT_ARCH) if not _there(series)]


def _there(series: str) -> Source | None:
    return uml.source_if_there(Target(series, KUNIT_ARCH))


def _index(series: str, source: Source) -> KernelIndex:
    inputs = [source.version, *_FOLDERS, _FILES, _KINDS, *_HIDDEN, *_OPERATIONS, *_FIRST, *_LAST]
    kind = f"kernel-names/{series}"
    places = kept.latest_answer(kind, inputs, lambda: _read(source.directory))
    return KernelIndex(
        series, source.version, {name: (one[0], one[1]) for name, one in places.items()}
    )


def _read(source: Path) -> dict[str, tuple[str, int]]:
    """Return where each name is defined. Raises SetupError if ctags does not work."""
    folders = [folder for folder in _FOLDERS if (source / folder).is_dir()]
    files = [str(path.relative_to(source)) for one in _FILES.split() for path in source.glob(one)]
    options = [f"--kinds-C={_KINDS}", *(f"--regex-C={one}" for one in _HIDDEN)]
    options += ["-I", "__always_inline,__must_check,__init,__exit,__user,__iomem"]
    best: dict[str, tuple[tuple[bool, bool, int], str, int]] = {}
    for name, path, kind, line in _tags(source, [*options, *folders, *sorted(files)]):
        rank = _rank(path, kind)
        if name not in best or rank < best[name][0]:
            best[name] = (rank, path, line)
    found = {name: (path, line) for name, (_, path, line) in best.items()}
    for name, path, _, line in _tags(source, ["--kinds-C=m", *_OPERATIONS]):
        found.setdefault(MEMBER + name, (path, line))
    return found


def _tags(source: Path, arguments: list[str]) -> Iterator[tuple[str, str, str, int]]:
    """Yield name, path, kind and line of each definition that ctags finds."""
    command = ["ctags", "-R", "-f", "-", "-n", "--sort=no", "--languages=C", "--langmap=C:.c.h"]
    command += ["--fields=kn", "--links=no", *arguments]
    try:
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=source,
            env=tools.environment(),
            text=True,
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                name, path, _, kind, *rest = line.rstrip("\n").split("\t")
                yield name, path, kind, int(rest[0].removeprefix("line:"))
    except OSError as error:
        raise SetupError(f"ctags does not work: {error}") from error
    if process.returncode:
        raise SetupError(f"ctags failed on {source} with status {process.returncode}")


def _rank(path: str, kind: str) -> tuple[bool, bool, int]:
    """Return what is smaller for a definition that is more likely the one in use."""
    order = next((i for i, folder in enumerate(_FIRST) if path.startswith(folder)), len(_FIRST))
    return kind == "p", path.startswith(_LAST), order
