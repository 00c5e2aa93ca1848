"""Debian's prebuilt kernels: fetched, unpacked, recorded, and used again.

    build/kernels/<series>-<arch>/
        debs/           the packages, and SHA256SUMS in the format of sha256sum(1)
        root/           all of them, unpacked into one tree
        record.json     what was fetched and when, and how to check that it is whole

The image, its headers, the headers common to all flavours and the kbuild
programs refer to each other by relative links, so that one tree is all it takes
to build modules. Debian's Kernel Handbook says how they are named and split.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.base import paths
from harness.kernels import apt
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.base.progress import say, step
from harness.kernels.targets import Target

# The image, its headers, the common headers, and kbuild.
_PACKAGES = 4


@dataclass(frozen=True)
class Kernel:
    """A kernel that can be booted and that modules can be built for.

    ``release`` is what uname -r says, ``version`` that of the Debian package.
    ``headers`` is the folder to pass to make -C. ``flavour`` is empty where the
    architecture has none.
    """

    target: Target
    release: str
    version: str
    image: Path
    headers: Path
    config: Path
    root: Path
    flavour: str = ""

    @property
    def name(self) -> str:
        """A name that no other kernel has, as 6.1-um-plain."""
        return f"{self.target}-{self.flavour}" if self.flavour else str(self.target)

    def has(self, option: str) -> bool:
        """Say whether an option of the configuration, as KUNIT, is built in."""
        return f"CONFIG_{option}=y" in self.config.read_text().splitlines()


def fetch(target: Target, refresh: bool = False) -> Kernel:
    """The kernel of ``target``: the one at hand, or else the newest one.

    ``refresh`` asks for the newest one in any case. Without it the network is
    used only if there is nothing at hand that can be used or repaired.
    Raises SetupError if the kernel cannot be had, saying what to do.
    """
    paths.refuse_unusable()
    home = paths.BUILD / "kernels" / str(target)
    if not refresh and (kernel := _load(target, home)):
        return kernel
    try:
        lock_file = home.with_name(f"{home.name}.lock")
        with locked(lock_file, f"kernel {target.series}") as lock:
            _tidy(home)
            if not refresh:
                # Another run may have fetched it while this one waited.
                kernel = _load(target, home) or _repair(target, home, lock)
                if kernel:
                    return kernel
            return _fetch_newest(target, home, lock)
    except OSError as error:
        raise SetupError(f"cannot write below {paths.BUILD}: {error}") from error


# --- what is at hand ---------------------------------------------------------


def _kernel(target: Target, home: Path, release: str, version: str) -> Kernel:
    """Where everything is in the unpacked tree."""
    root = home / "root"
    return Kernel(
        target=target,
        release=release,
        version=version,
        image=root / "boot" / f"vmlinuz-{release}",
        headers=root / "usr" / "src" / f"linux-headers-{release}",
        config=root / "boot" / f"config-{release}",
        root=root,
    )


def _key_files(kernel: Kernel) -> list[Path]:
    """Files without which a kernel is of no use; some from each package."""
    abi = kernel.release.removesuffix(kernel.target.architecture.package)
    return [
        kernel.image,
        kernel.config,
        kernel.headers / "Makefile",
        kernel.headers / ".config",
        kernel.headers / "Module.symvers",
        kernel.headers / "include" / "generated" / "autoconf.h",
        kernel.headers / "scripts" / "basic" / "fixdep",
        kernel.headers / "scripts" / "mod" / "modpost",
        kernel.headers.with_name(f"linux-headers-{abi}common") / "Makefile",
    ]


def _load(target: Target, home: Path) -> Kernel | None:
    """The kernel as recorded, or None if it is not there or not whole.

    Quick, since every run begins with it: the image is compared by its hash,
    the other key files by their sizes.
    """
    try:
        record = json.loads((home / "record.json").read_text())
        kernel = _kernel(target, home, record["release"], record["version"])
        whole = all(
            file.stat().st_size == record["files"][str(file.relative_to(kernel.root))]
            for file in _key_files(kernel)
        )
        whole = whole and _sha256(kernel.image) == record["vmlinuz_sha256"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return kernel if whole else None


def _tidy(home: Path) -> None:
    """Clear away what an interrupted run has left. The lock must be held."""
    old = _beside(home, "old")
    if old.exists() and not home.exists():
        old.rename(home)
    for left in (old, _beside(home, "new"), home / "root.old", home / "root.new"):
        if left.exists():
            shutil.rmtree(left)


def _repair(target: Target, home: Path, lock: int) -> Kernel | None:
    """Unpack the packages at hand again, or None if one of them is damaged."""
    if not home.exists():
        return None
    damaged = _damaged_deb(home / "debs")
    if damaged:
        say(f"kernel {target.series}: {damaged} is missing or damaged: fetching it again")
        return None
    say(f"kernel {target.series} is damaged: unpacking its packages again")
    return _unpack(target, home, lock)


def _damaged_deb(debs: Path) -> str | None:
    """The name of a package that differs from its checksum; None if all is well."""
    sums = _known_sums(debs)
    if len(sums) != _PACKAGES:
        return "SHA256SUMS"
    return next((name for name, sha256 in sums.items() if not _is(debs / name, sha256)), None)


# --- fetching ----------------------------------------------------------------


def _fetch_newest(target: Target, home: Path, lock: int) -> Kernel:
    """Fetch the newest kernel and put it in place of what is there."""
    looked: list[str] = []
    missing = ""
    for suites in target.suites:
        looked += [suite.name for suite in suites]
        try:
            what = f"kernel {target.series}"
            with apt.open_archive(suites, target.architecture.debian, what) as archive:
                packages = newest(archive, target) if archive else []
                if archive and packages:
                    return _install(archive, packages, target, home, lock)
        except apt.NoSuchSuite as error:
            missing = f": {error}"
    raise SetupError(
        f"no kernel {target.series} for {target.arch} in {', '.join(looked)}{missing}; "
        "set KMAPLAB_MIRROR=http://.../debian to a mirror that has it"
    )


def newest(archive: apt.Archive, target: Target) -> list[apt.Package]:
    """The packages of the newest kernel of the series; an empty list without one.

    Debian names the kernel of the day in the Depends of two metapackages.
    """
    of_arch = apt.suffix(target.architecture.debian)
    kind = target.architecture.package
    metapackages = archive.versions(
        f"linux-image-{kind}{of_arch}", f"linux-headers-{kind}{of_arch}"
    )
    for version in dict.fromkeys(package.version for package in metapackages):
        if not of_series(version, target.series):
            continue
        metas = [package for package in metapackages if package.version == version]
        depends = [name for package in metas for name in package.depends]
        own = [f"{name}{of_arch}" for name in _matching(r"linux-(image|headers)-\d", depends)]
        packages = _same_version(archive, version, own)
        depends = [name for package in packages for name in package.depends]
        # These two serve every architecture, or run on this machine.
        packages += _same_version(
            archive, version, _matching(r"linux-(headers-\d.*-common$|kbuild-\d)", depends)
        )
        # The image is built some time after the rest, and may not be there yet.
        if len(packages) == _PACKAGES:
            return packages
    return []


def of_series(version: str, series: str) -> bool:
    """Whether a Debian version, as 6.1.176-1, is of a kernel series, as 6.1."""
    return re.match(rf"(\d+:)?{re.escape(series)}(?!\d)", version) is not None


def _matching(pattern: str, names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if re.match(pattern, name)]


def _same_version(archive: apt.Archive, version: str, names: Sequence[str]) -> list[apt.Package]:
    found = archive.versions(*names) if names else []
    return [package for package in found if package.version == version]


def _install(
    archive: apt.Archive, packages: Sequence[apt.Package], target: Target, home: Path, lock: int
) -> Kernel:
    """Download and unpack beside ``home``, then take its place."""
    sums = _known_sums(home / "debs")
    current = _load(target, home)
    if current and {package.sha256 for package in packages} == set(sums.values()):
        say(f"kernel {target.series}: {current.version} is the newest there is")
        return current
    new = _beside(home, "new")
    old = _beside(home, "old")
    try:
        (new / "debs").mkdir(parents=True)
        _download(archive, packages, sums, home / "debs", new / "debs", target.series)
        unpacked = _unpack(target, new, lock)
        if home.exists():
            home.rename(old)
        new.rename(home)
    finally:
        _tidy(home)
    return _kernel(target, home, unpacked.release, unpacked.version)


def _download(
    archive: apt.Archive,
    packages: Sequence[apt.Package],
    sums: dict[str, str],
    at_hand: Path,
    debs: Path,
    series: str,
) -> None:
    """Get packages into ``debs``: from ``at_hand`` where they are intact there."""
    names = {sha256: name for name, sha256 in sums.items()}
    missing = []
    files = {}
    for package in packages:
        name = names.get(package.sha256)
        if name and _is(at_hand / name, package.sha256):
            os.link(at_hand / name, debs / name)
            files[name] = package.sha256
        else:
            missing.append(package)
    size = sum(package.size for package in missing) / 1e6
    with step(f"fetching kernel {series} ({size:.0f} MB)"):
        for package, file in zip(missing, archive.download(missing, debs), strict=True):
            files[file.name] = package.sha256
    lines = [f"{sha256}  {name}\n" for name, sha256 in files.items()]
    (debs / "SHA256SUMS").write_text("".join(lines))


# --- unpacking ---------------------------------------------------------------


def _unpack(target: Target, home: Path, lock: int) -> Kernel:
    """Make the tree and the record of ``home`` from its packages.

    Raises SetupError if that fails or if a file is not where it is expected.
    """
    sums = _read_sums(home / "debs")
    new = home / "root.new"
    new.mkdir()
    with step(f"unpacking kernel {target.series}"):
        for name in sums:
            _extract(home / "debs" / name, new, lock)
    packages = [_describe(home / "debs" / name, sha256) for name, sha256 in sums.items()]
    image = next(package for package in packages if package["name"].startswith("linux-image-"))
    release = image["name"].removeprefix("linux-image-")
    kernel = _kernel(target, home, release, image["version"])
    _free_from_place(new / kernel.headers.relative_to(kernel.root) / "Makefile")
    if kernel.root.exists():
        kernel.root.rename(home / "root.old")
    new.rename(kernel.root)
    _write_record(kernel, home, packages)
    if _load(target, home) is None:
        absent = [str(file) for file in _key_files(kernel) if not file.exists()]
        raise SetupError(
            f"kernel {kernel.version} is not laid out as expected: no {', '.join(absent)}"
        )
    _tidy(home)
    return kernel


def _free_from_place(makefile: Path) -> None:
    """Turn the headers' Makefile, one include of /usr/src/..., to this tree.

    As a relative path, since make -C has changed to its folder when it reads
    it: so the tree may be moved.
    """
    if makefile.exists():
        text = makefile.read_text()
        makefile.write_text(text.replace("include /usr/src/", "include ../"))


def _describe(deb: Path, sha256: str) -> dict[str, Any]:
    """What the record says of a package.

    apt names the file NAME_VERSION_ARCH.deb, with a colon written as %3a.
    """
    from urllib.parse import unquote

    name, version, _ = unquote(deb.name).split("_")
    return {
        "name": name,
        "version": version,
        "file": deb.name,
        "size": deb.stat().st_size,
        "sha256": sha256,
    }


def _write_record(kernel: Kernel, home: Path, packages: list[dict[str, Any]]) -> None:
    from datetime import datetime, timezone

    fetched = datetime.fromtimestamp((home / "debs" / "SHA256SUMS").stat().st_mtime, timezone.utc)
    record = {
        "series": kernel.target.series,
        "arch": kernel.target.arch,
        "release": kernel.release,
        "version": kernel.version,
        "fetched": fetched.isoformat(timespec="seconds"),
        "packages": packages,
        "vmlinuz_sha256": _sha256(kernel.image) if kernel.image.exists() else "",
        "files": {
            str(file.relative_to(kernel.root)): file.stat().st_size
            for file in _key_files(kernel)
            if file.exists()
        },
    }
    # No rename is needed here: half a record is taken for a damaged one.
    (home / "record.json").write_text(json.dumps(record, indent=2) + "\n")


def _extract(deb: Path, root: Path, lock: int) -> None:
    """Unpack the files of a package below ``root``. Raises SetupError if that fails."""
    result = apt.run(["dpkg-deb", "--extract", str(deb), str(root)], lock)
    if result.returncode:
        said = " ".join(result.stderr.split())[-300:]
        raise SetupError(f"cannot unpack {deb.name}: {said}")


# --- files -------------------------------------------------------------------


def _beside(home: Path, suffix: str) -> Path:
    return home.with_name(f"{home.name}.{suffix}")


def _read_sums(debs: Path) -> dict[str, str]:
    """Checksums by file name. Raises OSError, or ValueError for a damaged file."""
    lines = (debs / "SHA256SUMS").read_text().splitlines()
    return {name: sha256 for sha256, name in (line.split("  ") for line in lines)}


def _known_sums(debs: Path) -> dict[str, str]:
    """As _read_sums; nothing is known if the file is missing or damaged."""
    try:
        return _read_sums(debs)
    except (OSError, ValueError):
        return {}


def _is(file: Path, sha256: str) -> bool:
    """Whether ``file`` is there and has that checksum."""
    return file.is_file() and _sha256(file) == sha256


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
