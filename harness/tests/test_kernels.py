"""Kernels: the newest of a series is found, kept, and used again as long as it is whole."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from harness.base import paths
from harness.kernels import apt, debian
from harness.kernels.apt import Package
from harness.base.errors import SetupError
from harness.kernels.series import DebianSuite
from harness.kernels.targets import Target

# Packages, by the version of the kernel that they are of.
Debs = dict[str, list[Path]]

TARGET = Target("6.1", "x86_64")
OLD = ("6.1.90-1", "6.1.0-20")
NEW = ("6.1.100-1", "6.1.0-21")


def build_deb(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A package with these files; a text that begins with '-> ' makes a link."""
    tree = folder / "tree"
    control = f"Package: {name}\nVersion: {version}\nArchitecture: amd64\n"
    control += "Maintainer: Nobody <nobody@example.org>\nDescription: made for a test\n"
    for path, text in {**files, "DEBIAN/control": control}.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        if text.startswith("-> "):
            (tree / path).symlink_to(text.removeprefix("-> "))
        else:
            (tree / path).write_text(text)
    deb = folder / f"{name}_{version}_amd64.deb"
    subprocess.run(["dpkg-deb", "--build", "-Znone", tree, deb], check=True, capture_output=True)
    shutil.rmtree(tree)
    return deb


def build_kernel(folder: Path, version: str, abi: str) -> list[Path]:
    """The four packages of a kernel, laid out as Debian's are."""
    release = f"{abi}-cloud-amd64"
    headers = f"usr/src/linux-headers-{release}"
    common = f"usr/src/linux-headers-{abi}-common"
    contents = {
        f"linux-image-{release}": {
            f"boot/vmlinuz-{release}": f"image of {version}",
            f"boot/config-{release}": "CONFIG_MODULES=y\n",
        },
        f"linux-headers-{release}": {
            f"{headers}/Makefile": f"include /{common}/Makefile\n",
            f"{headers}/.config": "CONFIG_MODULES=y\n",
            f"{headers}/Module.symvers": "",
            f"{headers}/include/generated/autoconf.h": "",
            f"{headers}/scripts": "-> ../../lib/linux-kbuild-6.1/scripts",
        },
        f"linux-headers-{abi}-common": {f"{common}/Makefile": "$(info common was read)\nall: ;\n"},
        "linux-kbuild-6.1": {
            "usr/lib/linux-kbuild-6.1/scripts/basic/fixdep": "",
            "usr/lib/linux-kbuild-6.1/scripts/mod/modpost": "",
        },
    }
    return [build_deb(folder, name, version, files) for name, files in contents.items()]


@pytest.fixture(scope="module")
def debs(tmp_path_factory: pytest.TempPathFactory) -> Debs:
    """The packages of two kernels, by version; not to be changed."""
    folder = tmp_path_factory.mktemp("debs")
    return {version: build_kernel(folder, version, abi) for version, abi in (OLD, NEW)}


def listed(name: str, version: str, *depends: str, deb: Path | None = None) -> Package:
    """A package as the archive lists it."""
    size, sha256 = 0, ""
    if deb:
        size, sha256 = deb.stat().st_size, hashlib.sha256(deb.read_bytes()).hexdigest()
    return Package(name, version, depends, size, sha256)


def listed_kernel(version: str, abi: str, debs: list[Path] | None = None) -> list[Package]:
    """All that the archive lists of one kernel."""
    release = f"{abi}-cloud-amd64"
    image, headers, common, kbuild = debs or 4 * [None]
    return [
        listed("linux-image-cloud-amd64", version, f"linux-image-{release}"),
        listed("linux-headers-cloud-amd64", version, f"linux-headers-{release}"),
        listed(f"linux-image-{release}", version, "kmod", deb=image),
        listed(
            f"linux-headers-{release}",
            version,
            f"linux-headers-{abi}-common",
            "linux-kbuild-6.1",
            "linux-compiler-gcc-12-x86",
            deb=headers,
        ),
        listed(f"linux-headers-{abi}-common", version, deb=common),
        listed("linux-kbuild-6.1", version, deb=kbuild),
    ]


class Shelf(apt.Archive):
    """Stands for an apt.Archive. ``packages`` are listed newest first."""

    def __init__(self, packages: list[Package], debs: list[Path] | None = None) -> None:
        self.packages = packages
        self.debs = debs or []
        self.downloaded: list[str] = []

    def versions(self, *names: str) -> list[Package]:
        return [package for package in self.packages if package.name in names]

    def download(self, packages: Sequence[Package], into: Path) -> list[Path]:
        files = []
        for package in packages:
            deb = next(
                deb
                for deb in self.debs
                if deb.name.startswith(f"{package.name}_{package.version}_")
            )
            self.downloaded.append(package.name)
            files.append(Path(shutil.copy(deb, into)))
        return files


class FakeMirror:
    """Stands for Debian's mirror: counts how often it is asked, and for what."""

    def __init__(self, debs: Debs) -> None:
        self._debs = debs
        self.asked: list[str] = []
        self.shelf = Shelf([])
        self.offer(OLD)

    def offer(self, *kernels_newest_first: tuple[str, str]) -> None:
        packages, files = [], []
        for version, abi in kernels_newest_first:
            packages += listed_kernel(version, abi, self._debs[version])
            files += self._debs[version]
        self.shelf = Shelf(packages, files)

    @contextmanager
    def open_archive(
        self, suites: Sequence[DebianSuite], debian_arch: str, what: str
    ) -> Iterator[Shelf]:
        self.asked.append("+".join(suite.name for suite in suites))
        yield self.shelf


@pytest.fixture
def mirror(debs: Debs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeMirror:
    """The only source of packages, with a build folder of the test's own."""
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    mirror = FakeMirror(debs)
    monkeypatch.setattr(apt, "open_archive", mirror.open_archive)
    return mirror


def home() -> Path:
    return paths.BUILD / "kernels" / "6.1-x86_64"


def deb_named(start: str) -> Path:
    return next((home() / "debs").glob(f"{start}*"))


# --- finding the newest ------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "series", "expected"),
    [
        ("6.1.176-1", "6.1", True),
        ("6.12.95-1~bpo12+1", "6.12", True),
        ("1:6.1.4-1", "6.1", True),
        ("6.1-1", "6.1", True),
        ("6.12.95-1", "6.1", False),
        ("6.1.12-1", "6.12", False),
        ("16.1.2-1", "6.1", False),
    ],
)
def test_a_version_belongs_to_its_series_only(version: str, series: str, expected: bool) -> None:
    assert debian.of_series(version, series) is expected


def names(packages: list[Package]) -> list[str]:
    return [package.name for package in packages]


def test_the_metapackages_lead_to_the_four_packages_of_the_newest_kernel() -> None:
    shelf = Shelf(listed_kernel(*NEW) + listed_kernel(*OLD))
    found = debian.newest(shelf, TARGET)
    assert names(found) == [
        "linux-image-6.1.0-21-cloud-amd64",
        "linux-headers-6.1.0-21-cloud-amd64",
        "linux-headers-6.1.0-21-common",
        "linux-kbuild-6.1",
    ]
    assert {package.version for package in found} == {"6.1.100-1"}


def test_a_newer_series_in_the_same_suite_is_passed_over() -> None:
    shelf = Shelf(listed_kernel("6.12.9-1", "6.12.9+deb12") + listed_kernel(*OLD))
    assert names(debian.newest(shelf, TARGET))[0] == "linux-image-6.1.0-20-cloud-amd64"


@pytest.mark.parametrize("late", ["linux-image-cloud-amd64", "linux-image-6.1.0-21-cloud-amd64"])
def test_headers_whose_image_is_not_there_yet_are_passed_over(late: str) -> None:
    newest = [package for package in listed_kernel(*NEW) if package.name != late]
    shelf = Shelf(newest + listed_kernel(*OLD))
    assert names(debian.newest(shelf, TARGET))[0] == "linux-image-6.1.0-20-cloud-amd64"


def test_a_suite_without_the_series_holds_no_kernel() -> None:
    assert debian.newest(Shelf(listed_kernel("6.12.9-1", "6.12.9")), TARGET) == []
    assert debian.newest(Shelf([]), TARGET) == []


def test_all_suites_are_looked_at_before_giving_up(mirror: FakeMirror) -> None:
    with pytest.raises(SetupError, match="no kernel 6.12 .* in bookworm-backports, trixie"):
        debian.fetch(Target("6.12", "x86_64"))
    assert mirror.asked == ["bookworm-backports", "trixie"]


def test_a_suite_that_the_mirror_lacks_is_passed_over(
    mirror: FakeMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def none_there(suites: Sequence[DebianSuite], debian_arch: str, what: str) -> Iterator[Shelf]:
        mirror.asked.append(suites[0].name)
        raise apt.NoSuchSuite("http://mirror.example.org/debian: no Release file")
        yield

    monkeypatch.setattr(apt, "open_archive", none_there)
    with pytest.raises(SetupError, match="no Release file.*KMAPLAB_MIRROR"):
        debian.fetch(Target("6.12", "x86_64"))
    assert mirror.asked == ["bookworm-backports", "trixie"]


# --- fetching once -----------------------------------------------------------


def test_a_fetched_kernel_has_its_image_config_and_headers(mirror: FakeMirror) -> None:
    kernel = debian.fetch(TARGET)
    assert kernel.target == TARGET
    assert (kernel.release, kernel.version) == ("6.1.0-20-cloud-amd64", "6.1.90-1")
    assert kernel.image.read_text() == "image of 6.1.90-1"
    assert kernel.config.read_text() == "CONFIG_MODULES=y\n"
    assert (kernel.headers / "scripts" / "basic" / "fixdep").exists()
    assert kernel.root == home() / "root"


def common_is_read(headers: Path) -> bool:
    """Whether make finds the common headers from the kernel's own."""
    argv: list[str | Path] = ["make", "--silent", "--no-print-directory", "-C", headers]
    made = subprocess.run(argv, capture_output=True, text=True, check=False)
    return str(made.stdout) == "common was read\n"


def test_make_finds_the_common_headers_even_after_a_move(
    mirror: FakeMirror, tmp_path: Path
) -> None:
    kernel = debian.fetch(TARGET)
    assert common_is_read(kernel.headers)
    paths.BUILD.rename(tmp_path / "moved")
    moved = tmp_path / "moved" / kernel.headers.relative_to(paths.BUILD)
    assert common_is_read(moved)


def test_the_record_says_what_was_fetched_and_when(mirror: FakeMirror, debs: Debs) -> None:
    debian.fetch(TARGET)
    record = json.loads((home() / "record.json").read_text())
    assert record["series"] == "6.1"
    assert record["arch"] == "x86_64"
    assert record["release"] == "6.1.0-20-cloud-amd64"
    assert record["fetched"].endswith("+00:00")
    deb = debs["6.1.90-1"][0]
    assert record["packages"][0] == {
        "name": "linux-image-6.1.0-20-cloud-amd64",
        "version": "6.1.90-1",
        "file": deb.name,
        "size": deb.stat().st_size,
        "sha256": hashlib.sha256(deb.read_bytes()).hexdigest(),
    }


def test_the_checksums_suit_sha256sum(mirror: FakeMirror) -> None:
    debian.fetch(TARGET)
    subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=home() / "debs", check=True)


def test_nothing_is_left_beside_the_kernel(mirror: FakeMirror) -> None:
    debian.fetch(TARGET)
    assert sorted(path.name for path in home().parent.iterdir()) == [
        "6.1-x86_64",
        "6.1-x86_64.lock",
    ]
    assert sorted(path.name for path in home().iterdir()) == ["debs", "record.json", "root"]


def test_a_kernel_at_hand_is_used_again_without_the_mirror(
    mirror: FakeMirror, capfd: pytest.CaptureFixture[str]
) -> None:
    first = debian.fetch(TARGET)
    capfd.readouterr()
    assert debian.fetch(TARGET) == first
    assert len(mirror.asked) == 1
    assert capfd.readouterr().err == ""


def test_a_kernel_at_hand_is_used_as_it_is_when_newer_ones_come_out(mirror: FakeMirror) -> None:
    debian.fetch(TARGET)
    mirror.offer(NEW, OLD)
    assert debian.fetch(TARGET).version == "6.1.90-1"


@pytest.mark.parametrize("folder", ["with space", "with:colon"])
def test_a_path_that_kbuild_cannot_handle_is_refused(
    mirror: FakeMirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setattr(paths, "BUILD", tmp_path / folder / "build")
    with pytest.raises(SetupError, match="space or a colon"):
        debian.fetch(TARGET)
    assert mirror.asked == []


# --- refreshing --------------------------------------------------------------


def test_a_refresh_takes_the_newer_kernel(mirror: FakeMirror) -> None:
    debian.fetch(TARGET)
    mirror.offer(NEW, OLD)
    assert debian.fetch(TARGET, refresh=True).version == "6.1.100-1"
    assert debian.fetch(TARGET).image.read_text() == "image of 6.1.100-1"


def test_a_refresh_without_a_newer_kernel_downloads_nothing(
    mirror: FakeMirror, capfd: pytest.CaptureFixture[str]
) -> None:
    debian.fetch(TARGET)
    mirror.offer(OLD)
    assert debian.fetch(TARGET, refresh=True).version == "6.1.90-1"
    assert mirror.shelf.downloaded == []
    assert "6.1.90-1 is the newest there is" in capfd.readouterr().err


def test_a_refresh_that_fails_leaves_the_kernel_usable(
    mirror: FakeMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian.fetch(TARGET)
    mirror.offer(NEW)

    def broken(packages: list[Package], into: Path) -> list[Path]:
        raise SetupError("cannot fetch")

    monkeypatch.setattr(mirror.shelf, "download", broken)
    with pytest.raises(SetupError, match="cannot fetch"):
        debian.fetch(TARGET, refresh=True)
    assert debian.fetch(TARGET).version == "6.1.90-1"


# --- repairing ---------------------------------------------------------------


def cut_image() -> None:
    next((home() / "root" / "boot").glob("vmlinuz-*")).write_text("")


def change_image() -> None:
    image = next((home() / "root" / "boot").glob("vmlinuz-*"))
    image.write_text(image.read_text().replace("image", "mirage")[: image.stat().st_size])


def remove_kbuild() -> None:
    shutil.rmtree(home() / "root" / "usr" / "lib")


def remove_root() -> None:
    shutil.rmtree(home() / "root")


def remove_record() -> None:
    (home() / "record.json").unlink()


def cut_record() -> None:
    record = home() / "record.json"
    record.write_text(record.read_text()[:50])


def replace_record() -> None:
    (home() / "record.json").write_text("[]")


@pytest.mark.parametrize(
    "damage",
    [
        cut_image,
        change_image,
        remove_kbuild,
        remove_root,
        remove_record,
        cut_record,
        replace_record,
    ],
)
def test_damage_is_repaired_from_the_packages_without_the_mirror(
    mirror: FakeMirror, capfd: pytest.CaptureFixture[str], damage: Callable[[], None]
) -> None:
    first = debian.fetch(TARGET)
    before = (home() / "record.json").read_text()
    damage()
    capfd.readouterr()
    assert debian.fetch(TARGET) == first
    assert first.image.read_text() == "image of 6.1.90-1"
    assert (home() / "record.json").read_text() == before
    assert len(mirror.asked) == 1
    said = capfd.readouterr().err
    assert said.count("kernel 6.1 is damaged: unpacking its packages again") == 1


def test_a_damaged_package_alone_is_fetched_again(
    mirror: FakeMirror, capfd: pytest.CaptureFixture[str]
) -> None:
    debian.fetch(TARGET)
    remove_root()
    deb_named("linux-kbuild").write_bytes(b"damaged")
    mirror.offer(OLD)
    assert debian.fetch(TARGET).version == "6.1.90-1"
    assert mirror.shelf.downloaded == ["linux-kbuild-6.1"]
    assert "linux-kbuild-6.1_6.1.90-1_amd64.deb is missing or damaged" in capfd.readouterr().err


def test_a_kernel_that_the_archive_no_longer_has_is_replaced_by_its_successor(
    mirror: FakeMirror,
) -> None:
    debian.fetch(TARGET)
    remove_root()
    deb_named("linux-kbuild").unlink()
    mirror.offer(NEW)
    assert debian.fetch(TARGET).version == "6.1.100-1"


@pytest.mark.parametrize("text", ["", "damaged\n"])
def test_damaged_checksums_mean_fetching_again(mirror: FakeMirror, text: str) -> None:
    debian.fetch(TARGET)
    remove_root()
    (home() / "debs" / "SHA256SUMS").write_text(text)
    assert debian.fetch(TARGET).version == "6.1.90-1"
    assert len(mirror.asked) == 2


def test_packages_without_a_kernel_in_them_are_refused(
    mirror: FakeMirror, debs: Debs, tmp_path: Path
) -> None:
    image = build_deb(tmp_path, "linux-image-6.1.0-20-cloud-amd64", "6.1.90-1", {"boot/x": "y"})
    files = [image, *debs["6.1.90-1"][1:]]
    mirror.shelf = Shelf(listed_kernel(*OLD, files), files)
    with pytest.raises(SetupError, match="not laid out as expected: no .*vmlinuz"):
        debian.fetch(TARGET)


def test_a_package_that_does_not_unpack_is_named(
    mirror: FakeMirror, debs: Debs, tmp_path: Path
) -> None:
    image = tmp_path / debs["6.1.90-1"][0].name
    image.write_text("not a package")
    files = [image, *debs["6.1.90-1"][1:]]
    mirror.shelf = Shelf(listed_kernel(*OLD, files), files)
    with pytest.raises(SetupError, match="cannot unpack linux-image"):
        debian.fetch(TARGET)


# --- interruptions -----------------------------------------------------------


def test_what_an_interrupted_run_left_is_cleared_away(mirror: FakeMirror) -> None:
    for left in ("6.1-x86_64.new/debs", "6.1-x86_64/root.new/boot", "6.1-x86_64/debs"):
        (home().parent / left).mkdir(parents=True)
    assert debian.fetch(TARGET).image.exists()
    test_nothing_is_left_beside_the_kernel(mirror)


def test_a_run_interrupted_between_two_renames_gets_its_old_kernel_back(mirror: FakeMirror) -> None:
    debian.fetch(TARGET)
    home().rename(home().with_name("6.1-x86_64.old"))
    assert debian.fetch(TARGET).image.exists()
    assert len(mirror.asked) == 1


def test_a_keyboard_interrupt_while_unpacking_is_made_good_by_the_next_run(
    mirror: FakeMirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*argv: object, **options: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(apt, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            debian.fetch(TARGET)
    assert debian.fetch(TARGET).image.exists()


def test_a_folder_that_cannot_be_written_is_a_matter_of_set_up(mirror: FakeMirror) -> None:
    paths.BUILD.write_text("a file in the way")
    with pytest.raises(SetupError, match="cannot write below"):
        debian.fetch(TARGET)
