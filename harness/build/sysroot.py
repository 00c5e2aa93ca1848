"""What the guest of another architecture needs of Debian: static libraries and busybox.

    build/sysroot/<architecture>/       the packages of its toolchain, unpacked
"""

import shutil
from pathlib import Path

from harness.base import digest, tools
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.paths import BUILD
from harness.base.progress import step
from harness.kernels import apt
from harness.kernels.architecture import Architecture
from harness.kernels.series import BOOKWORM


def of(architecture: Architecture) -> Path:
    """Return the directory that stands for / where this architecture's files are.

    Its packages are fetched and unpacked there, once. Raises SetupError if they cannot
    be had.
    """
    packages = architecture.toolchain.packages
    if not packages:
        return Path("/")
    root = BUILD / "sysroot" / architecture.name
    stamp = root.with_name(f"{root.name}.digest")
    with locked(root.with_name(f"{root.name}.lock"), f"the packages for {architecture.name}"):
        wanted = digest.of(packages)
        if not digest.is_current([busybox(root)], stamp, wanted):
            stamp.unlink(missing_ok=True)
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir(parents=True)
            _fetch(architecture, root)
            digest.set_current([busybox(root)], stamp, wanted)
    return root


def busybox(root: Path) -> Path:
    """Return busybox below what of() has returned."""
    return root / "bin/busybox"


def _fetch(architecture: Architecture, root: Path) -> None:
    names = [f"{name}{apt.suffix(architecture.debian)}" for name in architecture.toolchain.packages]
    with apt.open_archive(BOOKWORM, architecture.debian, ", ".join(names)) as archive:
        # The first of a name is its newest version.
        found = archive.versions(*names) if archive else []
        newest = {package.name: package for package in reversed(found)}
        missing = set(architecture.toolchain.packages) - set(newest)
        if archive is None or missing:
            raise SetupError(
                f"no {', '.join(sorted(missing))} for {architecture.debian} in the archive; "
                "set KMAPLAB_MIRROR=http://.../debian to a mirror that has it"
            )
        with step(f"fetching the packages for {architecture.name}"):
            for deb in archive.download(list(newest.values()), root):
                tools.run(["dpkg-deb", "-x", deb, root], root.with_suffix(".log"), "dpkg-deb")
                deb.unlink()
