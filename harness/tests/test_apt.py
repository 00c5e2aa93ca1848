"""The private apt: which mirror it takes, and that it takes only what is signed."""

import fcntl
import hashlib
import shutil
import threading
from pathlib import Path

import pytest

from harness.base import paths
from harness.kernels import apt
from harness.kernels.apt import AptSettings, AptSource, Mirror
from harness.base.errors import SetupError
from harness.base.lock import locked
from harness.kernels.series import DebianSuite

DEBIAN = "http://mirror.example.org/debian"
SECURITY = "http://mirror.example.org/debian-security"

# A mirror with one package in three versions, as recorded_mirror() makes it. To
# make another: sign its Release file with a new key of your own.
IN_RELEASE = """\
-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

Suite: bookworm
Codename: bookworm
Date: Mon, 01 Jan 2024 00:00:00 UTC
Architectures: amd64
Components: main
SHA256:
 78b1bc7685bea6831463f8f0848119afdad14007648390ded0c8ee487ed55ef5 638 main/binary-amd64/Packages
-----BEGIN PGP SIGNATURE-----

iHUEARYIAB0WIQT9eRGos4OuSTs2zZ9pN+W84+VXcgUCZZIAgAAKCRBpN+W84+VX
cgCGAQCVX7KjCp288DqhZ+XugII662x3h4DGdRTznoSMotw01wD/amuAMQ7IqB32
SLMR6HZLfK5YFaKwIG5J4lYIM3iyzQY=
=6XPM
-----END PGP SIGNATURE-----
"""
KEY = """\
-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEZZIAgBYJKwYBBAHaRw8BAQdA4Vk7uNUh9MeIMJVIoLcYWKqfLmAKEMSUXE2f
c+DZrDu0F0EgbWlycm9yIG1hZGUgZm9yIHRlc3RziJAEExYIADgWIQT9eRGos4Ou
STs2zZ9pN+W84+VXcgUCZZIAgAIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAK
CRBpN+W84+VXctUGAQC5IDjHJwo0hcJxjq621iLiWjn6nw7Ai9BiM29RNOTyqQEA
3dUQAsmIMuW7bJL1wolTPAu9aLJgTkdt84Z3hFj1UQQ=
=CBnd
-----END PGP PUBLIC KEY BLOCK-----
"""


def machine_with(
    tmp_path: Path, lines: str = "", stanzas: str = "", acquire: tuple[str, ...] = ()
) -> AptSettings:
    """A machine with one apt source file of each format."""
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text(lines)
    (parts / "debian.sources").write_text(stanzas)
    return AptSettings(tmp_path / "sources.list", parts, acquire)


def chosen(machine: AptSettings, **environ: str) -> apt.Mirrors:
    return apt.choose(apt.read_sources(machine), environ)


# --- reading sources ---------------------------------------------------------


def test_one_line_entries_are_read_with_their_options(tmp_path: Path) -> None:
    machine = machine_with(
        tmp_path,
        "# the archive\n"
        f"deb [ arch=amd64 signed-by=/k/a.gpg,/k/b.gpg ] {DEBIAN} bookworm main contrib # near\n"
        f"deb {SECURITY} bookworm-security main\n",
    )
    assert apt.read_sources(machine) == [
        AptSource(DEBIAN, "bookworm", ("main", "contrib"), "/k/a.gpg /k/b.gpg"),
        AptSource(SECURITY, "bookworm-security", ("main",)),
    ]


def test_what_is_not_an_enabled_binary_line_is_left_out(tmp_path: Path) -> None:
    machine = machine_with(
        tmp_path, f"#deb {DEBIAN} sid main\n# a remark\n\n#\ndeb-src {DEBIAN} sid main\nnonsense\n"
    )
    assert apt.read_sources(machine) == []


def test_a_stanza_is_read_as_every_pair_of_its_addresses_and_suites(tmp_path: Path) -> None:
    machine = machine_with(
        tmp_path,
        stanzas=f"# the archive\nTypes: deb deb-src\n# nearest first\nURIs: {DEBIAN}\n file:/m\n"
        "Suites: trixie trixie-updates\nComponents: main\nSigned-By: /k/a.gpg\n",
    )
    assert apt.read_sources(machine) == [
        AptSource(uri, suite, ("main",), "/k/a.gpg")
        for uri in (DEBIAN, "file:/m")
        for suite in ("trixie", "trixie-updates")
    ]


def test_stanzas_may_be_apart_by_any_blank_lines_and_spelled_in_any_case(tmp_path: Path) -> None:
    machine = machine_with(
        tmp_path,
        stanzas="\n# only a remark\n\n\n"
        f"types: deb\nuris: {DEBIAN}\nsuites: sid\ncomponents: main\n \t\n\n"
        f"TYPES: deb\nURIS: {SECURITY}\nSUITES: stable-security\nCOMPONENTS: main\n",
    )
    assert [source.suite for source in apt.read_sources(machine)] == ["sid", "stable-security"]


@pytest.mark.parametrize("field", ["Enabled: no", "Types: deb-src", "Enabled: false"])
def test_a_stanza_that_apt_would_not_use_is_left_out(tmp_path: Path, field: str) -> None:
    machine = machine_with(
        tmp_path, stanzas=f"Types: deb\nURIs: {DEBIAN}\nSuites: sid\nComponents: main\n{field}\n"
    )
    assert apt.read_sources(machine) == []


def test_a_key_within_a_stanza_is_kept_whole(tmp_path: Path) -> None:
    block = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc=\n -----END PGP PUBLIC KEY BLOCK-----"
    machine = machine_with(
        tmp_path,
        stanzas=f"Types: deb\nURIs: {DEBIAN}\nSuites: sid\nComponents: main\n"
        f"Signed-By:\n {block}\n",
    )
    assert apt.read_sources(machine)[0].signed_by == block


def test_a_machine_without_sources_has_none(tmp_path: Path) -> None:
    assert apt.read_sources(AptSettings(tmp_path / "sources.list", tmp_path / "parts")) == []


def test_files_that_apt_would_ignore_are_ignored(tmp_path: Path) -> None:
    machine = machine_with(tmp_path)
    (machine.sourceparts / "old.list.disabled").write_text(f"deb {DEBIAN} sid main\n")
    assert apt.read_sources(machine) == []


# --- choosing a mirror -------------------------------------------------------


def test_main_and_security_archive_are_told_apart_by_the_suite(tmp_path: Path) -> None:
    machine = machine_with(
        tmp_path,
        f"deb {SECURITY} bookworm-security main\ndeb {DEBIAN} bookworm main\n",
    )
    assert chosen(machine) == apt.Mirrors(Mirror(DEBIAN), Mirror(SECURITY))


def test_the_key_of_the_entry_counts_and_else_it_is_debians(tmp_path: Path) -> None:
    machine = machine_with(
        tmp_path,
        f"deb [signed-by=/k/site.gpg] {DEBIAN} bookworm main\n"
        f"deb {SECURITY} bookworm-security main\n",
    )
    mirrors = chosen(machine)
    assert mirrors.main == Mirror(DEBIAN, "/k/site.gpg")
    assert mirrors.security == Mirror(SECURITY, apt.DEBIAN_KEYRING)


@pytest.mark.parametrize(
    "line",
    [
        "deb http://vendor.example.org/apt nodistro main",
        "deb http://vendor.example.org/apt cloud-tools-bookworm main",
        "deb http://vendor.example.org/debian bookworm stable",
        "deb http://vendor.example.org/apt ./",
        "deb cdrom:[Debian 12 amd64]/ bookworm main",
        "deb http://vendor.example.org/ubuntu jammy-security main",
    ],
)
def test_an_entry_that_is_not_debians_archive_is_not_taken(tmp_path: Path, line: str) -> None:
    machine = machine_with(tmp_path, line + "\n")
    assert chosen(machine) == apt.Mirrors(None, None)


def test_a_vendor_that_uses_debians_suite_names_does_not_come_first(tmp_path: Path) -> None:
    machine = machine_with(
        tmp_path,
        "deb [signed-by=/k/vendor.gpg] http://vendor.example.org/apt bookworm main\n"
        f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {DEBIAN} bookworm main\n",
    )
    assert chosen(machine).main == Mirror(DEBIAN)


def test_a_sites_own_mirror_comes_before_a_vendor_by_its_path(tmp_path: Path) -> None:
    machine = machine_with(
        tmp_path,
        "deb [signed-by=/k/vendor.gpg] http://vendor.example.org/apt bookworm main\n"
        f"deb [signed-by=/k/site.gpg] {DEBIAN}/ bookworm main\n",
    )
    assert chosen(machine).main == Mirror(f"{DEBIAN}/", "/k/site.gpg")


@pytest.mark.parametrize("uri", ["mirror+file:/etc/apt/mirrors/debian.list", "file:/srv/debian"])
def test_mirror_lists_and_local_mirrors_are_mirrors(tmp_path: Path, uri: str) -> None:
    assert chosen(machine_with(tmp_path, f"deb {uri} trixie main\n")).main == Mirror(uri)


def test_a_mirror_named_in_the_environment_is_used_alone(tmp_path: Path) -> None:
    machine = machine_with(
        tmp_path, f"deb {DEBIAN} sid main\ndeb {SECURITY} bookworm-security main\n"
    )
    near = "http://near.example.org/debian"
    assert chosen(machine, KMAPLAB_MIRROR=near) == apt.Mirrors(Mirror(near), None)


def test_a_security_mirror_may_be_named_beside_it(tmp_path: Path) -> None:
    mirrors = chosen(
        machine_with(tmp_path), KMAPLAB_MIRROR=DEBIAN, KMAPLAB_SECURITY_MIRROR=SECURITY
    )
    assert mirrors == apt.Mirrors(Mirror(DEBIAN), Mirror(SECURITY))


def test_a_machine_without_a_mirror_is_told_how_to_name_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KMAPLAB_MIRROR", raising=False)
    with pytest.raises(SetupError, match="names no mirror.*KMAPLAB_MIRROR"):
        apt.machine_mirrors(machine_with(tmp_path))


def test_each_suite_is_looked_for_in_its_own_archive() -> None:
    mirrors = apt.Mirrors(Mirror(DEBIAN), Mirror(SECURITY))
    assert mirrors.of(DebianSuite("bookworm")) == Mirror(DEBIAN)
    assert mirrors.of(DebianSuite("bookworm-security", security=True)) == Mirror(SECURITY)


# --- the private configuration -----------------------------------------------


def test_the_machines_proxy_is_kept_and_its_patience_too(tmp_path: Path) -> None:
    acquire = (
        'Acquire::http::Proxy "http://proxy.example.org:3128";',
        'Acquire::HTTP::Timeout "5";',
    )
    conf = apt.conf_text(tmp_path, "amd64", machine_with(tmp_path, acquire=acquire))
    assert acquire[0] in conf
    assert 'Acquire::http::Timeout "' not in conf
    assert 'Acquire::Retries "1";' in conf


def test_the_machines_own_files_hooks_and_pinning_are_switched_off(tmp_path: Path) -> None:
    conf = apt.conf_text(tmp_path, "amd64", machine_with(tmp_path))
    for setting in ("main", "parts", "preferences", "preferencesparts", "sourceparts"):
        assert f'Dir::Etc::{setting} "/dev/null";' in conf


# --- fetching, from a recorded mirror ----------------------------------------


def recorded_mirror(folder: Path) -> Path:
    """Lay out the mirror that IN_RELEASE describes."""
    stanzas = []
    (folder / "pool").mkdir(parents=True)
    for version in ("1.0-1", "1.0-10", "1.0-9"):
        deb = f"not a package, but apt does not look inside: {version}\n".encode()
        (folder / "pool" / f"demo_{version}_amd64.deb").write_bytes(deb)
        stanzas.append(
            f"Package: demo\nVersion: {version}\nArchitecture: amd64\n"
            f"Depends: demo-data (= {version}), libc6 | libc0\n"
            f"Filename: pool/demo_{version}_amd64.deb\n"
            f"Size: {len(deb)}\nSHA256: {hashlib.sha256(deb).hexdigest()}\n"
        )
    packages = folder / "dists" / "bookworm" / "main" / "binary-amd64" / "Packages"
    packages.parent.mkdir(parents=True)
    packages.write_text("\n".join(stanzas))
    (folder / "dists" / "bookworm" / "InRelease").write_text(IN_RELEASE)
    return folder


@pytest.fixture
def fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings under which open_archive uses the recorded mirror, and nothing else."""
    mirror = recorded_mirror(tmp_path / "mirror")
    key = tmp_path / "mirror.asc"
    key.write_text(KEY)
    for name in ("KMAPLAB_MIRROR", "KMAPLAB_SECURITY_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    machine = machine_with(
        tmp_path,
        f"deb [signed-by={key}] file:{mirror} bookworm main\n",
        acquire=('Acquire::AllowInsecureRepositories "true";',),
    )
    monkeypatch.setattr(apt, "this_machine", lambda: machine)
    monkeypatch.setattr(paths, "BUILD", tmp_path / "build")
    return tmp_path


BOOKWORM = (DebianSuite("bookworm"), DebianSuite("bookworm-security", security=True))


def test_versions_come_newest_first_and_unknown_packages_are_left_out(fetching: Path) -> None:
    with apt.open_archive(BOOKWORM, "amd64", "demo") as archive:
        assert archive
        found = archive.versions("demo", "nowhere")
        assert archive.versions("nowhere") == []
    assert [package.version for package in found] == ["1.0-10", "1.0-9", "1.0-1"]
    assert found[0].depends == ("demo-data", "libc6")


def test_a_named_version_is_downloaded_into_a_folder(fetching: Path) -> None:
    with apt.open_archive(BOOKWORM, "amd64", "demo") as archive:
        assert archive
        files = archive.download(archive.versions("demo")[:1], fetching)
    assert files == [fetching / "demo_1.0-10_amd64.deb"]
    assert "inside: 1.0-10" in files[0].read_text()


def test_nothing_but_the_lock_is_left_behind(fetching: Path) -> None:
    with apt.open_archive(BOOKWORM, "amd64", "demo"):
        pass
    left = [path.name for path in (fetching / "build" / "apt").iterdir()]
    assert left == ["bookworm_amd64.lock"]


def test_a_key_within_the_machines_stanza_is_honoured(fetching: Path) -> None:
    block = "\n".join(f" {line or '.'}" for line in KEY.splitlines())
    (fetching / "sources.list").write_text("")
    (fetching / "sources.list.d" / "debian.sources").write_text(
        f"Types: deb\nURIs: file:{fetching}/mirror\nSuites: bookworm\nComponents: main\n"
        f"Signed-By:\n{block}\n"
    )
    with apt.open_archive(BOOKWORM, "amd64", "demo") as archive:
        assert archive
        assert archive.versions("demo")


def test_a_mirror_signed_with_another_key_is_refused(
    fetching: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KMAPLAB_MIRROR", f"file:{fetching}/mirror")
    with pytest.raises(SetupError, match="cannot fetch from file:"):
        with apt.open_archive(BOOKWORM, "amd64", "demo"):
            pass


def test_a_security_archive_out_of_step_is_done_without(
    fetching: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mirror of both has a list of the second that is not the one in its index."""
    security = fetching / "security"
    shutil.copytree(fetching / "mirror", security)
    dists = security / "dists"
    (dists / "bookworm").rename(dists / "bookworm-security")
    with (dists / "bookworm-security/main/binary-amd64/Packages").open("a") as file:
        file.write("\n")
    sources = fetching / "sources.list"
    line = sources.read_text()
    line += line.replace(" bookworm ", " bookworm-security ").replace("mirror ", "security ")
    sources.write_text(line)
    with apt.open_archive(BOOKWORM, "amd64", "demo") as archive:
        assert archive
        assert [*archive.suites] == ["bookworm"]
        assert archive.versions("demo")[0].version == "1.0-10"
    assert "looking in bookworm only: " in capsys.readouterr().err
    with pytest.raises(apt.OutOfStep):
        with apt.open_archive(BOOKWORM[1:], "amd64", "demo"):
            pass


def test_an_unsigned_mirror_is_refused_even_if_the_machine_allows_it(fetching: Path) -> None:
    release = fetching / "mirror" / "dists" / "bookworm" / "InRelease"
    lines = release.read_text().splitlines()[3:9]
    release.unlink()
    release.with_name("Release").write_text("\n".join(lines) + "\n")
    with pytest.raises(SetupError, match="is not signed"):
        with apt.open_archive(BOOKWORM, "amd64", "demo"):
            pass


def test_a_package_that_differs_from_the_list_is_refused(fetching: Path) -> None:
    deb = fetching / "mirror" / "pool" / "demo_1.0-10_amd64.deb"
    deb.write_text(deb.read_text().replace("not", "now"))
    with apt.open_archive(BOOKWORM, "amd64", "demo") as archive:
        assert archive
        with pytest.raises(SetupError, match="Hash Sum mismatch"):
            archive.download(archive.versions("demo")[:1], fetching)


def test_a_suite_that_the_mirror_lacks_is_told_from_a_mirror_out_of_reach(
    fetching: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(apt.NoSuchSuite, match="trixie"):
        with apt.open_archive((DebianSuite("trixie"),), "amd64", "demo"):
            pass
    # Nothing listens on port 1.
    monkeypatch.setenv("KMAPLAB_MIRROR", "http://127.0.0.1:1/debian")
    monkeypatch.setitem(apt._PATIENCE, "Acquire::Retries", "0")
    with pytest.raises(SetupError, match="127.0.0.1:1/debian.*onnect.*KMAPLAB_MIRROR") as caught:
        with apt.open_archive(BOOKWORM, "amd64", "demo"):
            pass
    assert not isinstance(caught.value, apt.NoSuchSuite)


def test_a_suite_without_a_known_mirror_is_no_archive_at_all(fetching: Path) -> None:
    with apt.open_archive(BOOKWORM[1:], "amd64", "demo") as archive:
        assert archive is None


# --- messages and locks ------------------------------------------------------


def test_the_essence_of_apts_output_is_the_cause() -> None:
    output = (
        "Ign:1 http://mirror.example.org/debian sid InRelease\n"
        "Err:2 http://mirror.example.org/debian sid Release\n"
        "  Cannot initiate the connection to  mirror.example.org\n"
        "Reading package lists...\n"
        "E: The repository 'http://mirror.example.org/debian' does not have a Release file.\n"
    )
    assert apt.essence(output) == "Cannot initiate the connection to mirror.example.org"


def test_without_a_cause_the_essence_is_the_error_without_passwords() -> None:
    output = "Reading package lists...\nE: Cannot use http://me:secret@mirror.example.org/debian\n"
    assert apt.essence(output) == "Cannot use http://mirror.example.org/debian"


def test_a_program_that_is_missing_is_a_matter_of_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with locked(tmp_path / "lock", "this") as lock:
        with pytest.raises(SetupError, match="apt-get is missing"):
            apt.run(["apt-get", "update"], lock)


def test_a_full_disk_is_called_by_its_name(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", "this") as lock:
        with pytest.raises(SetupError, match="disk is full"):
            apt.run(["sh", "-c", "echo 'E: (28: No space left on device)'; exit 100"], lock)


def test_a_second_run_waits_for_the_first_and_says_so(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    order = []

    def second() -> None:
        with locked(tmp_path / "lock", "it"):
            order.append("second")

    with locked(tmp_path / "lock", "it"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert "waiting for another run that uses it" in capfd.readouterr().err


def test_a_program_that_outlives_its_run_keeps_the_lock(tmp_path: Path) -> None:
    with locked(tmp_path / "lock", "it") as lock:
        apt.run(["sh", "-c", "sleep 0.3 >/dev/null 2>&1 &"], lock)
    with (tmp_path / "lock").open() as other:
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX)
