"""Building the kernel modules out of tree, below build/."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.base import digest, sandbox, tools
from harness.base.errors import SetupError
from harness.base.sandbox import Limits, Sandbox
from harness.catalogue import labs as catalogue
from harness.catalogue.labs import Lab
from harness.kernels.debian import Kernel
from harness.base.paths import BUILD, KUNIT, LABS
from harness.base.progress import say, step
from harness.build import not_built
from harness.build.taken import Taken
from harness.kernels.series import SERIES

# What kbuild reads beside the sources.
_MAKEFILES = ("Kbuild", "Makefile")

# Of directories of sources other than the project's own, so many have their modules
# kept, 5 MB for each; each processor may be at one, and one that hangs is used for minutes.
_OTHERS = "labs-"
_MOST_OTHERS = max(100, 2 * (os.cpu_count() or 1))

# The headers' own way to debug information comes with BTF, which triples the build's time.
_LEAN = ("CONFIG_DEBUG_INFO=", "CONFIG_DEBUG_INFO_BTF_MODULES=")

# A crash is shown with its line, and gdb with the source: a tenth more of the build's time.
_DEBUG = "-g"

# Where kbuild's output has the modules as guests get them: with debug information each
# would be twenty times as large.
STRIPPED = "stripped"
_STRIP = f'for ko; do "$0" --strip-debug -o "{STRIPPED}/${{ko##*/}}" "$ko" || exit; done'

# What a Kbuild file would say to have its modules instrumented; nothing happens
# where the kernel was not built for it. 6.1's UML asks module by module.
_INSTRUMENT = ("UBSAN_SANITIZE=y",)

# gcc makes "return -EINVAL;" a part of the branch to it before it puts gcov's
# counters in, and then the line has none. Without these passes, which the later
# ones make up for, it has.
_KEEP_LINES = "-fdisable-tree-early_optimizations"

# What strange sources may use: a lab takes two seconds and 200 MB to compile.
_STRANGE_JOBS = 4
STRANGE = Limits(
    processes=256,
    memory=4 << 30,
    file=64 << 20,
    seconds=600,
    address_space=1 << 30,
    processor_seconds=30,
)


@dataclass(frozen=True)
class Modules:
    """The modules of a kernel.

    ``directory`` is where all that belongs to them goes, ``digest`` that of what
    they were built from. ``files`` have debug information. ``not_built`` maps a module that
    does not compile to the reason. ``sandboxed`` says that the sources are strange: then what
    reads the modules does so in the sandbox. ``imports`` are the symbols that the modules of a
    lab have the kernel find, by the name of the lab, where somebody has looked (see reach).
    """

    directory: Path
    files: tuple[Path, ...]
    digest: str
    not_built: dict[str, str] = field(default_factory=dict)
    sandboxed: bool = False
    imports: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def stripped(self) -> tuple[Path, ...]:
        """The modules without debug information, for the guest."""
        return tuple(stripped(self.directory / "src", path) for path in self.files)


def build(
    kernel: Kernel,
    labs: Path = LABS,
    suites: Path | None = KUNIT,
    sandboxed: bool = False,
    taken: Taken | None = None,
) -> Modules:
    """Build the labs for a kernel, or reuse what is there.

    Where KUnit runs, its suites are built beside them, if there is a directory of them, by
    the same make: so one make sees what an edit concerns. kbuild puts its objects beside the
    sources, so it works on a copy. Raises SetupError, with the compiler's words,
    if a module does not compile; for a series that is not in the table yet it is left
    out, if the others can do without. So is a lab of ``taken``, where the labs are what was
    taken of a copy. ``sandboxed`` says that the sources are strange.
    """
    architecture = kernel.target.architecture
    sources = {"labs": labs} | ({"kunit": suites} if suites and architecture.has_kunit else {})
    place = BUILD / "modules" / name_of(sources)
    forget_all_but(place)
    directory = place / kernel.name
    copy = directory / "src"
    stamp = directory / "modules.digest"
    inputs = [part for name, source in sources.items() for part in _inputs(name, source)]
    compiler = digest.of_tool(architecture.toolchain.compiler)
    known = taken.missing if taken else {}
    wanted = digest.of([kernel.version, compiler, Path(__file__), *inputs, json.dumps(known)])
    reasons = directory / "not_built.json"
    if not digest.is_current([*_made(copy), reasons], stamp, wanted):
        # make sees what changed, but takes damaged objects for up to date.
        if not digest.is_intact([*_made(copy), reasons], stamp):
            shutil.rmtree(copy, ignore_errors=True)
        stamp.unlink(missing_ok=True)
        mirror(sources, copy)
        kbuild = KbuildRun(kernel, copy, directory / "modules.log", sandboxed)
        with step(f"building the modules for {kernel.release}"):
            missing = known | _build_what_compiles(kbuild, taken)
            reasons.write_text(json.dumps(missing))
            kbuild.strip(_built(copy))
        digest.set_current([*_made(copy), reasons], stamp, wanted)
    missing = json.loads(reasons.read_text())
    for text in missing.values() if not taken else ():
        say(text)
    return Modules(directory, _built(copy), wanted, missing, sandboxed)


@dataclass(frozen=True)
class KbuildRun:
    """A run of kbuild on the sources in ``copy``, with its output in ``log``."""

    kernel: Kernel
    copy: Path
    log: Path
    sandboxed: bool = False

    def run(self, *goals: str) -> None:
        """Build the modules, or ``goals``. Raises SetupError, with kbuild's words, if it fails."""
        architecture = self.kernel.target.architecture
        # Without the map a WARN() carries this machine's path into the module.
        flags = f"KCFLAGS={_DEBUG} -fmacro-prefix-map={self.copy}/="
        instrument: tuple[str, ...] = ()
        if architecture.has_sanitizers:
            flags += f" {_KEEP_LINES}" if self.kernel.has("GCOV_KERNEL") else ""
            instrument = (*_INSTRUMENT, *_count_lines(self.copy / "labs"))
        processors = os.cpu_count() or 1
        jobs = f"-j{min(processors, _STRANGE_JOBS) if self.sandboxed else processors}"
        whole = [*command(self.kernel, self.copy), jobs, *_LEAN, flags, *instrument, *goals]
        try:
            self._do(whole, self.log, "building the modules")
        except SetupError as error:
            raise SetupError(f"{error}\nIf the source is right, make clean helps.") from error

    def strip(self, built: Sequence[Path]) -> None:
        """Make those modules anew that guests get. Raises SetupError if that fails."""
        (self.copy / STRIPPED).mkdir(exist_ok=True)
        old = [path for path in built if not _is_newer(stripped(self.copy, path), path)]
        if old:
            program = f"{self.kernel.target.architecture.toolchain.prefix}strip"
            command: list[str | Path] = ["sh", "-c", _STRIP, program, *old]
            self._do(command, self.log.with_name("strip.log"), "stripping the modules")

    def _do(self, command: list[str | Path], log: Path, what: str) -> None:
        if self.sandboxed:
            sandbox.run(self._sandbox(), [str(word) for word in command], log, what)
        else:
            tools.run(command, log, what, cwd=self.copy)

    def _sandbox(self) -> Sandbox:
        trees = trees_of(self.kernel)
        return Sandbox(self.copy, read=trees, write=(self.copy,), limits=STRANGE)


def trees_of(kernel: Kernel) -> tuple[Path, ...]:
    """Return the directories that hold what modules of a kernel are built from."""
    # The folder that user-mode Linux was built in has a link to its source.
    source = (kernel.headers / "source").resolve()
    return (kernel.root, kernel.headers, *((source,) if source.is_dir() else ()))


def _build_what_compiles(kbuild: KbuildRun, taken: Taken | None) -> dict[str, str]:
    """Run kbuild; return the modules that are left out, each with the reason.

    There are such in a copy, and for a series only that is newer than this project.
    """
    series = kbuild.kernel.target.series
    if taken:
        return _build_each(kbuild, taken)
    if series in SERIES:
        kbuild.run()
        return {}
    missing: dict[str, str] = {}
    while True:
        try:
            kbuild.run("-k")
            return missing
        except SetupError:
            parts = not_built.find(kbuild.log.read_text(errors="replace"), kbuild.copy)
            if not parts:
                raise
        for part in parts:
            not_built.remove(part)
            text = f"{part.module} does not compile for Linux {series}: {part.error}"
            missing[part.module] = text


def _build_each(kbuild: KbuildRun, taken: Taken) -> dict[str, str]:
    """Build the labs of a copy; return those that do not compile, each with the reason.

    If not all do, those that kbuild complains of are added one by one to the others: whatever
    a source makes the compiler say, it is held against no other. Raises SetupError if
    nothing compiles even without any of them.
    """
    try:
        kbuild.run("-k")
        return {}
    except SetupError:
        said = kbuild.log.read_text(errors="replace")
    every = _labs_in(kbuild)
    suspects = [lab for lab in every if not_built.is_suspect(lab, said)]
    good = [lab for lab in every if lab not in suspects]
    kbuilds = {lab: kbuild.copy / "labs" / lab.directory.name / "Kbuild" for lab in every}
    texts = {lab: path.read_text() for lab, path in kbuilds.items()}

    def run(chosen: list[Lab], log: Path) -> None:
        for lab, path in kbuilds.items():
            path.unlink(missing_ok=True)
            if lab in chosen:
                path.write_text(texts[lab])
        replace(kbuild, log=log).run()

    try:
        run(good, kbuild.log)
    except SetupError:
        suspects, good = every, []
        run(good, kbuild.log)
    missing = {}
    for lab in suspects:
        log = kbuild.log.with_name(f"{lab.name}.log")
        try:
            run([*good, lab], log)
            good.append(lab)
        except SetupError as error:
            said = log.read_text(errors="replace")
            reason = not_built.reason(said, kbuild.copy, taken.origin) or str(error)
            missing[lab.name] = " ".join(f"{lab.name} does not compile: {reason}".split())
    run(good, kbuild.log)
    return missing


def _labs_in(kbuild: KbuildRun) -> list[Lab]:
    """Return the labs that kbuild finds in its sources."""
    folders = kbuild.copy / "labs"
    return [
        lab for lab in catalogue.all_labs() if (folders / lab.directory.name / "Kbuild").is_file()
    ]


def _count_lines(labs: Path) -> list[str]:
    """Return what has gcov count the lines of the labs, and not those of the suites."""
    return [f"GCOV_PROFILE_{path.stem}.o=y" for path in _files(labs) if path.suffix == ".c"]


def command(kernel: Kernel, directory: Path) -> list[str | Path]:
    """Return the command that builds the modules in a directory, as kbuild comes."""
    options = kernel.target.architecture.toolchain.make
    return ["make", "-C", kernel.headers, f"M={directory}", *options]


def compile_commands(kernel: Kernel, built: Modules) -> Path:
    """Have kbuild write how it compiled each source, as clangd reads it.

    The sources named there are the copies in ``built.directory``. Needs a kernel whose whole
    source is at hand. Raises SetupError if kbuild fails.
    """
    copy = built.directory / "src"
    name = "compile_commands.json"
    KbuildRun(kernel, copy, built.directory / f"{name}.log").run(name)
    return copy / name


def sources_of(kernel: Kernel) -> Path:
    """Return where the project's own labs are built for a kernel, if they were."""
    return BUILD / "modules/labs" / kernel.name / "src/labs"


def forget_all_but(place: Path) -> None:
    """Keep ``place`` and what was last built from other directories; remove the rest."""
    place.mkdir(parents=True, exist_ok=True)
    os.utime(place)
    others = sorted(place.parent.glob(f"{_OTHERS}*"), key=_last_use)
    for path in others[:-_MOST_OTHERS]:
        shutil.rmtree(path, ignore_errors=True)


def _last_use(path: Path) -> float:
    """Return when a directory was last used; 0 if another run has just removed it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0


def name_of(sources: dict[str, Path]) -> str:
    """Return the name of the directory below build/modules for these sources."""
    if set(sources.values()) <= {LABS, KUNIT}:
        return "labs"
    return f"{_OTHERS}{digest.of([str(path) for path in sources.values()])[:12]}"


def _built(copy: Path) -> tuple[Path, ...]:
    """Return the modules that kbuild says it made, whether they are there or not."""
    order = copy / "modules.order"
    if not order.is_file():
        return (order,)
    names = order.read_text(errors="replace").split()
    # Paths up to 6.1 are those of the .ko, later ones those of the .o.
    return tuple(sorted((copy / name).with_suffix(".ko") for name in names))


def stripped(copy: Path, module: Path) -> Path:
    """Return a module as a guest gets it."""
    return copy / STRIPPED / module.name


def _is_newer(made: Path, source: Path) -> bool:
    """Say whether a file is there, and was made after its source."""
    return made.is_file() and made.stat().st_mtime_ns > source.stat().st_mtime_ns


def _made(copy: Path) -> tuple[Path, ...]:
    """Return the modules that are made, in both forms."""
    built = _built(copy)
    return (*built, *(stripped(copy, path) for path in built))


def _files(sources: Path) -> list[Path]:
    """Return what kbuild reads of a directory of sources, not what people read."""
    files = (path for path in sources.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted(path for path in files if path.suffix in (".c", ".h") or path.name in _MAKEFILES)


def _inputs(name: str, sources: Path) -> list[str | Path]:
    """Return the parts of a digest that stand for a directory of sources."""
    parts: list[str | Path] = []
    for path in _files(sources):
        parts += [f"{name}/{path.relative_to(sources)}", path]
    return parts


def mirror(sources: dict[str, Path], copy: Path) -> None:
    """Make ``copy`` a directory of modules that holds these, each below its name."""
    for name, source in sources.items():
        _mirror(source, copy / name)
    (copy / "Kbuild").write_text(f"obj-m += {' '.join(f'{name}/' for name in sources)}\n")


def _mirror(sources: Path, copy: Path) -> None:
    """Make ``copy`` hold the sources, touching only what differs.

    kbuild then rebuilds only what changed.
    """
    files = {path.relative_to(sources) for path in _files(sources)}
    for name in files:
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_bytes() != (sources / name).read_bytes():
            shutil.copyfile(sources / name, target)
    for target in list(copy.rglob("*")):
        # kbuild makes a .mod.c of its own. A Kbuild that stays would ask for a lab that is gone.
        theirs = target.suffix in (".c", ".h") and not target.name.endswith(".mod.c")
        if (theirs or target.name in _MAKEFILES) and target.relative_to(copy) not in files:
            target.unlink()
