"""Making the guest's file system: the same bytes for the same inputs.

The archive is written by bsdtar from an mtree(5) specification, which gives
every entry its owner, mode and time explicitly; nothing is taken from the
files' own metadata and no root rights are needed, not even for /dev/console.
There are three archives: what every guest of a kernel has, the modules with
their check programs, and the job of one run. The kernel unpacks any number of
them, one behind the other (Documentation/driver-api/early-userspace/
buffer-format.rst); a guest that goes on from a snapshot, which has the first,
reads the others from disks.

    build/guests/<kernel>/base.cpio     the first
"""

import lzma
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.base import digest, sandbox, tools
from harness.base.errors import RequestError, SetupError
from harness.kernels.debian import Kernel
from harness.build.modules import Modules
from harness.base.lock import locked
from harness.base.paths import BUILD, GUEST
from harness.base.progress import say, step
from harness.base.sandbox import Limits, Sandbox
from harness.build import sysroot
from harness.build.check_programs import Programs

# A few modules take it a moment: what takes longer reads one that was made to be slow.
_DEPMOD_LIMITS = Limits(file=16 << 20, seconds=60, address_space=1 << 30, processor_seconds=30)

# The guest holds an archive twice while it unpacks it.
_MOST_EXTRA_BYTES = 128 << 20

# Of the archives with modules so many are kept, each of 1 to 5 MB.
_MOST_ARCHIVES = 8

# The commands of busybox that init itself uses. It links the others only where
# a command may use them: each costs a moment at every boot.
_APPLETS = (
    *("sh", "mount", "stty", "tee", "modprobe", "rmmod", "dmesg", "sed", "cat", "tr"),
    *("sleep", "kill", "setsid", "poweroff", "find", "base64", "insmod", "cpio"),
)

# The drivers of a disk, in the order in which they are loaded. A series may have some of
# them built in.
_DISK = (
    *("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev"),
    *("virtio_pci", "virtio_blk"),
)
_DRIVERS = "lib/disk"

# Modules of the kernel's own. brd makes disks of RAM, for the checks of direct I/O; user-mode
# Linux has it built in. With the others a program drives a device; there it has none.
_OF_THE_KERNEL = ("brd", "uio", "uio_pci_generic")

_DIRECTORIES = ("bin", "checks", "dev", "etc", "proc", "root", "sys", "tmp", "lib")


@dataclass
class Spec:
    """An archive to be: a line of mtree(5) for each entry."""

    lines: list[str] = field(default_factory=lambda: ["#mtree"])

    def directory(self, path: str, mode: int = 0o755) -> None:
        self._add(path, f"type=dir mode={mode:04o}")

    def file(self, path: str, source: Path, mode: int = 0o644) -> None:
        self._add(path, f"type=file mode={mode:04o} contents={_escape(str(source))}")

    def link(self, path: str, target: str) -> None:
        self._add(path, f"type=link mode=0777 link={_escape(target)}")

    def console(self) -> None:
        """Add /dev/console, which the kernel opens for init (char 5, 1)."""
        self._add("dev/console", "type=char mode=0600 device=linux,5,1")

    def _add(self, path: str, what: str) -> None:
        # A name without a slash would be relative to the directory before it.
        self.lines.append(f"./{_escape(path)} uid=0 gid=0 time=0 {what}")

    def write(self, archive: Path) -> None:
        """Write the archive, in the kernel's newc format of cpio, in one step: another run
        may be reading the one that is there.

        On its way it is a tar archive for a moment: bsdtar takes inode and
        device numbers of the contents from this machine's disk, cpio would keep
        them, and tar has no place for them.
        """
        text = "\n".join(self.lines) + "\n"  # all of it ASCII, see _escape()
        tar = archive.with_name(f"{archive.name}.tar")
        _bsdtar(["--format=gnutar", "-cf", tar, "@-"], text.encode())
        new = archive.with_name(f"{archive.name}.new")
        _bsdtar(["--format=newc", "-cf", new, f"@{tar}"])
        new.rename(archive)
        tar.unlink()


def _bsdtar(arguments: list[str | Path], spec: bytes = b"") -> None:
    try:
        subprocess.run(
            ["bsdtar", *arguments],
            input=spec,
            env=tools.environment(),
            capture_output=True,
            check=True,
        )
    except FileNotFoundError as error:
        raise SetupError("bsdtar is missing: run harness/setup") from error
    except subprocess.CalledProcessError as error:
        raise SetupError(f"bsdtar failed: {error.stderr.decode(errors='replace')}") from error


def _escape(text: str) -> str:
    """Escape a name as mtree(5) requires: octal for all that could end it."""
    plain = set(range(0x21, 0x7F)) - set(b"\\#=*?[")
    return "".join(chr(b) if b in plain else f"\\{b:03o}" for b in os.fsencode(text))


def base(kernel: Kernel) -> Path:
    """Make the archive that all guests of a kernel begin with, or reuse it.

    Builds of several copies of the labs may ask for it at once: one of them makes it.
    """
    directory = BUILD / "guests" / kernel.name
    archive, stamp = directory / "base.cpio", directory / "base.digest"
    recipe: list[str | Path] = [GUEST, _facts(kernel), busybox_of(kernel), Path(__file__)]
    wanted = digest.of([kernel.version, *recipe])
    with locked(directory / "base.lock", f"the guest's files for {kernel.name}"):
        if not digest.is_current([archive], stamp, wanted):
            stamp.unlink(missing_ok=True)
            _write_base(archive, kernel)
            digest.set_current([archive], stamp, wanted)
    return archive


def build(kernel: Kernel, modules: Modules, programs: Programs) -> Path:
    """Make the archive with these modules and programs for a kernel, or reuse it.

    It has a name of its own, so that a run that takes long uses it to its end, whatever is
    edited and built meanwhile.
    """
    wanted = digest.of([modules.digest, programs.digest, kernel.version, Path(__file__)])
    archive = modules.directory / f"initramfs-{wanted[:16]}.cpio"
    stamp = archive.with_suffix(".digest")
    if not digest.is_current([archive], stamp, wanted):
        stamp.unlink(missing_ok=True)
        _forget_some(modules.directory)
        with step("making the initramfs"):
            _write(archive, kernel, modules, programs)
        digest.set_current([archive], stamp, wanted)
    return archive


def busybox_of(kernel: Kernel) -> Path:
    """Return the busybox that runs on a kernel's architecture."""
    return sysroot.busybox(sysroot.of(kernel.target.architecture))


def _facts(kernel: Kernel) -> str:
    """Return what init needs to have of the machine, as a shell reads it."""
    architecture = kernel.target.architecture
    return (
        f"ARCH={architecture.name}\nCONSOLE=/dev/{architecture.console}\n"
        f"RESULTS=/dev/{architecture.results}\n"
        f"SANITIZERS={int(architecture.has_sanitizers)}\n"
    )


def _forget_some(directory: Path) -> None:
    """Remove the archives with modules that are not among the last ones."""
    made = sorted(directory.glob("initramfs-*.cpio"), key=lambda path: path.stat().st_mtime)
    for archive in made[: len(made) - _MOST_ARCHIVES + 1]:
        archive.unlink()
        archive.with_suffix(".digest").unlink(missing_ok=True)


def _write_base(archive: Path, kernel: Kernel) -> None:
    spec = Spec()
    for name in (*_DIRECTORIES, "lib/modules", f"lib/modules/{kernel.release}", _DRIVERS):
        spec.directory(name, 0o1777 if name == "tmp" else 0o755)
    spec.console()
    spec.file("init", GUEST / "init", 0o755)
    for name in ("fstab", "motd", "passwd", "profile"):
        spec.file(f"etc/{name}", GUEST / name)
    facts = archive.with_name("machine")
    facts.write_text(_facts(kernel))
    spec.file("etc/machine", facts)
    spec.file("bin/busybox", busybox_of(kernel), 0o755)
    for applet in _APPLETS:
        spec.link(f"bin/{applet}", "busybox")
    for number, name in enumerate(_DISK):
        if path := _unpack_module(kernel, name, archive.parent):
            spec.file(f"{_DRIVERS}/{number}-{name}.ko", path)
    spec.write(archive)


def _write(archive: Path, kernel: Kernel, modules: Modules, programs: Programs) -> None:
    module_root = f"lib/modules/{kernel.release}"
    spec = Spec()
    reasons = modules.directory / "not_built"
    reasons.write_text("".join(f"{text}\n" for text in modules.not_built.values()))
    spec.file("etc/not_built", reasons)
    spec.file(f"checks/{programs.executable.name}", programs.executable, 0o755)
    if programs.steps:
        spec.file(f"checks/{programs.steps.name}", programs.steps, 0o755)
    for name in (*programs.names, *programs.others):
        spec.link(f"checks/{name}", programs.executable.name)
    for path in _depmod(modules.directory / "root", kernel, modules):
        spec.file(f"{module_root}/{path.name}", path)
    spec.write(archive)


def _depmod(root: Path, kernel: Kernel, modules: Modules) -> list[Path]:
    """Return the modules and the index files that modprobe reads, below ``root``."""
    directory = root / "lib/modules" / kernel.release
    shutil.rmtree(root, ignore_errors=True)
    directory.mkdir(parents=True)
    # depmod complains if these are missing; there is nothing to list in them.
    for name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        (directory / name).touch()
    for module in modules.stripped:
        shutil.copyfile(module, directory / module.name)
    for name in _OF_THE_KERNEL:
        _unpack_module(kernel, name, directory)
    command = ["depmod", "-b", str(root), kernel.release]
    if modules.sandboxed:
        box = Sandbox(root, write=(root,), limits=_DEPMOD_LIMITS)
        sandbox.run(box, command, root / "depmod.log", "depmod")
    else:
        tools.run([*command], root / "depmod.log", "depmod")
    text = [directory / "modules.dep", directory / "modules.alias", directory / "modules.symbols"]
    return sorted(directory.glob("*.ko")) + text


def _unpack_module(kernel: Kernel, name: str, directory: Path) -> Path | None:
    """Copy one of the kernel's own modules to a directory, unpacked; None if it has no such."""
    folder = kernel.root / "lib/modules" / kernel.release / "kernel/drivers"
    for module in folder.glob(f"*/{name}.ko*"):
        content = module.read_bytes()
        plain = lzma.decompress(content) if module.suffix == ".xz" else content
        (directory / f"{name}.ko").write_bytes(plain)
        return directory / f"{name}.ko"
    return None


def write_job(
    directory: Path,
    files: dict[str, str],
    extra: Path | None = None,
    init: Path | None = None,
) -> Path:
    """Write the archive with a job to ``directory``.

    ``files`` become those of /job, and ``extra`` is a directory that becomes /extra.
    ``init`` is a program that takes the place of the guest's own. Raises RequestError if
    the extra directory cannot be used.
    """
    spec = Spec()
    spec.directory("job")
    for name, content in files.items():
        path = directory / name
        path.write_bytes(os.fsencode(content))
        spec.file(f"job/{name}", path, 0o600)
    if extra:
        _add_extra(spec, extra)
    if init:
        spec.file("init", init, 0o755)
    archive = directory / "job.cpio"
    spec.write(archive)
    return archive


def write_module(directory: Path, kernel: Kernel, module: Path) -> Path:
    """Write an archive with one module, which takes the place of the one before it."""
    spec = Spec()
    spec.file(f"lib/modules/{kernel.release}/{module.name}", module)
    archive = directory / "module.cpio"
    spec.write(archive)
    return archive


def join(archives: Iterable[Path], directory: Path) -> Path:
    """Write one archive behind the other into a file of ``directory``, which can be booted."""
    joined = directory / "initrd.cpio"
    with joined.open("wb") as output:
        for archive in archives:
            with archive.open("rb") as source:
                shutil.copyfileobj(source, output, 1 << 20)
    return joined


def _add_extra(spec: Spec, extra: Path) -> None:
    """Add a directory as /extra. Raises RequestError if it is too large."""
    spec.directory("extra")
    size = 0
    left_out = []
    for path in sorted(extra.rglob("*")):
        name = f"extra/{path.relative_to(extra)}"
        if path.is_symlink():
            spec.link(name, str(path.readlink()))
        elif path.is_dir():
            spec.directory(name)
        elif path.is_file():
            size += path.stat().st_size
            spec.file(name, path, path.stat().st_mode & 0o777)
        else:
            left_out.append(path.name)
    if left_out:
        say(f"left out of /extra, being neither files nor directories: {', '.join(left_out)}")
    if size > _MOST_EXTRA_BYTES:
        raise RequestError(
            f"EXTRA={extra} holds {size >> 20} MiB: "
            f"the guest has room for {_MOST_EXTRA_BYTES >> 20} MiB"
        )
