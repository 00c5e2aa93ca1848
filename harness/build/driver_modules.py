"""The modules of a driver that nobody here wrote: found or built, and looked at before use."""

import lzma
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from harness.base import digest, sandbox, tools
from harness.base.errors import RequestError, SetupError
from harness.base.paths import BUILD
from harness.base.progress import step
from harness.base.sandbox import Limits, Sandbox
from harness.build import modules
from harness.build.modules import KbuildRun, Modules
from harness.catalogue.drivers import OWN_NAME
from harness.kernels.debian import Kernel

# What reads a strange module may be a program that reads one for ever.
_LIMITS = Limits(file=1 << 20, seconds=20, address_space=1 << 30, processor_seconds=10)

# Of a module, unpacked; the kernel's largest have 10 MB.
_MOST_BYTES = 64 << 20


def name_of(module: str) -> str:
    """Return the name that the kernel gives a module, of its file's name or path."""
    return Path(module).name.split(".ko")[0].replace("-", "_")


def gather(
    kernel: Kernel, ours: Modules, module: Path, first: tuple[str, ...], place: Path
) -> None:
    """Put a module and those that it needs into ``place``, in the order of their loading.

    ``first`` names further modules of the kernel; ``ours`` are modules that were built for
    it. Raises RequestError for a file that is no
    module of this kernel, and for a module that it needs and the kernel does not have.
    """
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    own = place / OWN_NAME
    own.write_bytes(_bytes_of(module))
    _refuse_others(kernel, ours, module, own)
    order = _Needed(kernel, module.parent)
    for name in (*first, *_modinfo(own, "depends")):
        order.add(name_of(name))
    for number, needed in enumerate(order.files):
        name = f"{number:02}-{name_of(needed.name)}.ko"
        (place / name).write_bytes(_bytes_of(needed))


@dataclass
class _Needed:
    """The modules that a driver needs, each behind those that it needs itself.

    One that is in the driver's own ``folder`` comes before the kernel's.
    """

    kernel: Kernel
    folder: Path
    files: list[Path] = field(default_factory=list)

    def add(self, name: str) -> None:
        """Add a module behind all that it needs."""
        beside = self.folder / f"{name}.ko"
        file = beside if beside.is_file() else of_kernel(self.kernel, name)
        if file in self.files:
            return
        for needed in _modinfo(file, "depends"):
            self.add(name_of(needed))
        self.files.append(file)


def of_kernel(kernel: Kernel, name: str) -> Path:
    """Return one of the kernel's own modules. Raises RequestError if it has no such."""
    folder = kernel.root / "lib/modules" / kernel.release / "kernel"
    for path in folder.rglob("*.ko*"):
        if name_of(path.name) == name_of(name):
            return path
    raise RequestError(f"{kernel.name} has no module {name}: MODULE= can also be a file")


def build(kernel: Kernel, source: Path, module: str) -> Path:
    """Build a driver from its folder in the sandbox, and return the module of that name.

    Raises RequestError for a folder that kbuild cannot use, and SetupError, with the
    compiler's words, if it does not compile.
    """
    if not any((source / name).is_file() for name in ("Kbuild", "Makefile")):
        raise RequestError(f"SOURCE={source} has neither a Kbuild nor a Makefile")
    place = BUILD / "drivers" / digest.of([str(source)])[:12] / kernel.name
    copy = place / "src"
    modules.mirror({"driver": source}, copy)
    kbuild = KbuildRun(kernel, copy, place / "modules.log", sandboxed=True)
    with step(f"building {source.name} for {kernel.release}"):
        kbuild.run()
    made = {name_of(path.name): path for path in (copy / "driver").rglob("*.ko")}
    if name_of(module) not in made:
        names = ", ".join(sorted(made)) or "none"
        raise RequestError(f"SOURCE={source} makes no module {module}: it makes {names}")
    # Others that are built there may be needed as well.
    kbuild.strip(list(made.values()))
    return modules.stripped(copy, made[name_of(module)])


def _bytes_of(module: Path) -> bytes:
    """Return a module, unpacked if it is packed."""
    try:
        if module.stat().st_size > _MOST_BYTES:
            raise RequestError(f"MODULE={module} is no module: it is too large")
        if module.suffix == ".xz":
            with lzma.open(module) as file:
                return file.read(_MOST_BYTES)
        return module.read_bytes()
    except lzma.LZMAError as error:
        raise RequestError(f"MODULE={module} is no module: {error}") from error


def _refuse_others(kernel: Kernel, ours: Modules, module: Path, own: Path) -> None:
    """Raise RequestError if a file is no module, or that of another kernel."""
    if own.read_bytes()[:4] != b"\x7fELF":
        raise RequestError(f"MODULE={module} is no module: it does not begin as an ELF file")
    try:
        # The kernel compares the same words when it loads one.
        found = " ".join(_modinfo(own, "vermagic"))
    except SetupError as error:
        raise RequestError(f"MODULE={module} is no module: {error}") from error
    expected = " ".join(_modinfo(ours.stripped[0], "vermagic"))
    if found != expected:
        raise RequestError(
            f"MODULE={module} is for another kernel: it says '{found}', "
            f"and {kernel.name} is '{expected}'"
        )


def _modinfo(module: Path, field: str) -> list[str]:
    """Return the words of one of a module's fields."""
    box = Sandbox(module.parent, read=(module,), limits=_LIMITS)
    result = sandbox.ask(box, ["modinfo", "-F", field, str(module)])
    if result.returncode:
        said = tools.printable(result.stderr.strip())
        raise SetupError(f"modinfo cannot read {module}: {said}")
    return result.stdout.replace(",", " ").split()
