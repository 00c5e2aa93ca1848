"""A private apt: Debian packages of any suite, without touching the machine's own.

The address of the mirror, the keys, the proxy and the like come from the
machine's apt configuration, see sources.list(5), apt.conf(5) and apt_auth.conf(5).
Lists, cache and sources lie below build/apt, and apt-get sees those only. None
of the machine's hooks run, and its pinning does not count. apt verifies what it
fetches, as it always does.
"""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from harness.base import paths
from harness.base.errors import RequestError, SetupError
from harness.base.lock import locked
from harness.base.progress import say, step
from harness.kernels import host
from harness.kernels.series import DebianSuite

DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

_RELEASES = (
    "buster bullseye bookworm trixie forky duke sid "
    "oldoldstable oldstable stable testing unstable"
).split()
_MAIN_SUITE = re.compile(rf"({'|'.join(_RELEASES)})(-updates|-backports|-proposed-updates)?")
_SECURITY_SUITE = re.compile(rf"({'|'.join(_RELEASES)})-security")
# What apt can fetch from without a person at hand; cdrom: is not among it.
_SCHEME = re.compile(r"((mirror|tor)\+)?(https?|file|copy|mirror):")

# What the machine may decide for itself is set only where it has not done so:
# a dead mirror must not keep a person waiting. Seconds; apt may spend them four
# times on a mirror that accepts a connection and never answers.
_PATIENCE = {
    "Acquire::Retries": "1",
    "Acquire::http::Timeout": "10",
    "Acquire::https::Timeout": "10",
}
# What it may not decide: an unsigned kernel is never taken.
_SAFETY = {
    "Acquire::AllowInsecureRepositories": "false",
    "Acquire::AllowWeakRepositories": "false",
    "Acquire::AllowDowngradeToInsecureRepositories": "false",
}


class NoSuchSuite(SetupError):
    """The mirror answers, but does not carry the suite."""


class OutOfStep(SetupError):
    """The mirror answers, but a list of it is not the one that its signed index names."""


@dataclass(frozen=True)
class AptSource:
    """One address and one suite of an apt source; ``signed_by`` as apt spells it."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str = ""


@dataclass(frozen=True)
class Mirror:
    """The base address of an archive, and the keys it is signed with."""

    uri: str
    signed_by: str = DEBIAN_KEYRING

    def __str__(self) -> str:
        """The address without the password that it may hold."""
        return without_password(self.uri)


@dataclass(frozen=True)
class Mirrors:
    """Where Debian's archive and its security archive are; None: unknown."""

    main: Mirror | None
    security: Mirror | None

    def of(self, suite: DebianSuite) -> Mirror | None:
        """The mirror that carries ``suite``."""
        return self.security if suite.security else self.main


@dataclass(frozen=True)
class AptSettings:
    """What the machine's own apt configuration says."""

    sourcelist: Path
    sourceparts: Path
    # The Acquire part of the configuration, in the syntax of apt.conf(5).
    acquire: tuple[str, ...] = ()
    # Where passwords and keys are, by the name of the apt setting.
    places: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Package:
    """One version of a package. ``depends`` holds names only; size in bytes.

    ``arch`` is the architecture as Debian spells it, "all" if it is for every one.
    """

    name: str
    version: str
    depends: tuple[str, ...]
    size: int
    sha256: str
    arch: str = host.debian_name()

    @property
    def full_name(self) -> str:
        """The name as apt takes it: packages of another architecture say which."""
        return self.name + suffix(self.arch)


def suffix(debian_arch: str) -> str:
    """What stands behind a package's name for apt to take that of an architecture."""
    return "" if debian_arch in ("all", host.debian_name()) else f":{debian_arch}"


# --- what the machine says ---------------------------------------------------


@functools.cache
def _apt_pkg() -> ModuleType:
    """The module apt_pkg, ready for use; slow to import, so only when needed."""
    try:
        import apt_pkg
    except ImportError as error:
        raise SetupError(
            "Python cannot import apt_pkg: install python3-apt and use /usr/bin/python3"
        ) from error
    apt_pkg.init_config()
    apt_pkg.init_system()
    return apt_pkg


def this_machine() -> AptSettings:
    """Read the configuration of the machine's apt.

    Raises SetupError without python3-apt.
    """
    config = _apt_pkg().config
    return AptSettings(
        sourcelist=Path(config.find_file("Dir::Etc::sourcelist")),
        sourceparts=Path(config.find_dir("Dir::Etc::sourceparts")),
        acquire=tuple(line for line in config.dump().splitlines() if line.startswith("Acquire::")),
        places={
            "Dir::Etc::netrc": config.find_file("Dir::Etc::netrc"),
            "Dir::Etc::netrcparts": config.find_dir("Dir::Etc::netrcparts"),
            "Dir::Etc::trusted": config.find_file("Dir::Etc::trusted"),
            "Dir::Etc::trustedparts": config.find_dir("Dir::Etc::trustedparts"),
        },
    )


def read_sources(machine: AptSettings) -> list[AptSource]:
    """The enabled binary sources of ``machine``, in a fixed order."""
    files = [machine.sourcelist]
    if machine.sourceparts.is_dir():
        files += sorted(machine.sourceparts.iterdir())
    sources: list[AptSource] = []
    for file in files:
        if file.suffix not in (".list", ".sources") or not file.is_file():
            continue
        text = file.read_text(errors="replace")
        read = _read_stanzas if file.suffix == ".sources" else _read_lines
        sources += read(text, str(file))
    return sources


def _read_lines(text: str, file: str) -> Iterator[AptSource]:
    """Sources in the one-line format of sources.list(5)."""
    from aptsources.sourceslist import SourceEntry

    for line in text.splitlines():
        entry = SourceEntry(line, file)
        # entry.invalid does not help: it is set for every option but arch and trusted.
        if entry.disabled or entry.type != "deb" or not entry.uri:
            continue
        options = re.search(r"^\s*deb\s+\[([^]]*)\]", line)
        signed_by = re.search(r"signed-by=(\S+)", options[1]) if options else None
        # Several keyrings stand between commas here, between blanks in a stanza.
        keys = signed_by[1].replace(",", " ") if signed_by else ""
        yield AptSource(entry.uri, entry.dist, tuple(entry.comps), keys)


def _read_stanzas(text: str, file: str) -> Iterator[AptSource]:
    """Sources in the deb822 format of sources.list(5)."""
    from aptsources.sourceslist import Deb822SourceEntry

    for stanza in re.split(r"\n(?:[ \t]*\n)+", text.replace("\r\n", "\n").strip("\n")):
        try:
            entry = Deb822SourceEntry(stanza, file)
        except ValueError:
            # Nothing but comments, or nothing that apt would read either.
            continue
        # apt does not care how a field's name is capitalised; the entry does.
        fields = {name.lower(): value for name, value in entry.section.tags.items()}
        if fields.get("enabled", "yes").strip().lower() in ("no", "false", "off", "0"):
            continue
        if "deb" not in fields.get("types", "").split():
            continue
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                components = tuple(fields.get("components", "").split())
                yield AptSource(uri, suite, components, fields.get("signed-by", "").strip())


def choose(sources: Sequence[AptSource], environ: Mapping[str, str]) -> Mirrors:
    """The mirrors among ``sources``, unless ``environ`` names others.

    KMAPLAB_MIRROR and KMAPLAB_SECURITY_MIRROR are base addresses. A mirror that
    is named this way is complete on its own, so that the security archive of
    the machine, which may be out of reach, is then left alone.
    """
    main = _best(sources, _MAIN_SUITE)
    security = _best(sources, _SECURITY_SUITE)
    if environ.get("KMAPLAB_MIRROR"):
        main = _named(environ, "KMAPLAB_MIRROR")
        security = None
    if environ.get("KMAPLAB_SECURITY_MIRROR"):
        security = _named(environ, "KMAPLAB_SECURITY_MIRROR")
    return Mirrors(main, security)


def _named(environ: Mapping[str, str], name: str) -> Mirror:
    """The mirror that a variable names. Raises RequestError if it is not an address.

    It becomes a line of an apt source, where a blank or a newline would begin
    something else.
    """
    address = environ[name].strip()
    if not _SCHEME.match(address) or re.search(r"\s", address):
        raise RequestError(
            f"{name}={address!r} is not a mirror, as http://mirror.example.org/debian"
        )
    return Mirror(address)


def _best(sources: Sequence[AptSource], suite: re.Pattern[str]) -> Mirror | None:
    """The source that looks most like Debian's own archive, or None."""
    fitting = [
        source
        for source in sources
        if "main" in source.components
        and suite.fullmatch(source.suite)
        and _SCHEME.match(source.uri)
    ]
    if not fitting:
        return None
    # Other vendors use Debian's suite names, too, but sign with their own keys;
    # so may a site's mirror, which then still has Debian's path. min() takes
    # the first of equals.
    best = min(fitting, key=lambda source: (not _debian_key(source), not _debian_path(source)))
    return Mirror(best.uri, best.signed_by or DEBIAN_KEYRING)


def _debian_key(source: AptSource) -> bool:
    return not source.signed_by or "/debian-archive-" in source.signed_by


def _debian_path(source: AptSource) -> bool:
    return re.search(r"/debian(-security)?/?$", source.uri) is not None


def machine_mirrors(machine: AptSettings) -> Mirrors:
    """The mirrors to use on this machine, in this environment.

    Raises SetupError if neither says where Debian's archive is.
    """
    mirrors = choose(read_sources(machine), os.environ)
    if mirrors.main is None:
        raise SetupError(
            "apt's configuration names no mirror of Debian: "
            "set KMAPLAB_MIRROR to one, as http://mirror.example.org/debian"
        )
    return mirrors


def without_password(text: str) -> str:
    """``text`` with the user and password of every address in it left out."""
    return re.sub(r"://[^/@\s]*@", "://", text)


# --- running programs --------------------------------------------------------


def run(
    argv: Sequence[str], lock: int, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program of Debian's packaging under ``lock``; its output is text.

    Raises SetupError if it is not there or fills the disk; any other failure is
    left to the caller.
    """
    try:
        result = subprocess.run(
            argv,
            cwd=cwd,
            # Messages are looked at below, so they have to be in English.
            env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
            pass_fds=(lock,),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise SetupError(
            f"{argv[0]} is missing: kernels come as Debian packages, which need apt and dpkg"
        ) from error
    # Said in many ways around it, some of them misleading: "is not signed".
    if result.returncode and "No space left on device" in result.stdout + result.stderr:
        raise SetupError(f"the disk is full: make room for {paths.BUILD}, and run it again")
    return result


# --- the private apt ---------------------------------------------------------


class Archive:
    """Some suites for this machine and one other architecture, as a private apt sees them.

    ``update`` comes first. Every method raises SetupError when apt fails.
    """

    def __init__(
        self,
        home: Path,
        suites: Mapping[str, Mirror],
        debian_arch: str,
        machine: AptSettings,
        lock: int,
    ) -> None:
        """Set up below ``home``, which must not exist, for these suites by name."""
        self.suites = dict(suites)
        self._home = home
        self._lock = lock
        # Proxies and addresses may hold passwords, hence the mode.
        home.mkdir(mode=0o700, parents=True)
        for folder in ("lists/partial", "cache/archives/partial", "state", "log", "tmp"):
            (home / folder).mkdir(parents=True)
        (home / "status").touch()
        (home / "mirror.sources").write_text(sources_text(suites))
        self._conf = home / "apt.conf"
        self._conf.write_text(conf_text(home, debian_arch, machine))

    def _apt(self, *argv: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        env = {"APT_CONFIG": str(self._conf), "TMPDIR": str(self._home / "tmp")}
        return run(argv, self._lock, cwd, env)

    def update(self) -> None:
        """Fetch the lists.

        Raises NoSuchSuite if the mirror lacks a suite, OutOfStep if its lists do not belong
        together.
        """
        result = self._apt("apt-get", "update", "--error-on=any")
        if result.returncode == 0:
            return
        said = result.stdout + result.stderr
        if re.search(r"^  (404 |File not found)", said, re.MULTILINE):
            raise NoSuchSuite(f"{self._where()}: {essence(said)}")
        if re.search(r"Hash Sum mismatch|Mirror sync in progress", said):
            raise OutOfStep(str(self._unreachable(said)))
        raise self._unreachable(said)

    def _unreachable(self, said: str) -> SetupError:
        return SetupError(
            f"cannot fetch from {self._where()}: {essence(said)}; check the network, "
            "or set KMAPLAB_MIRROR=http://.../debian to a mirror that can be reached"
        )

    def _where(self) -> str:
        addresses = dict.fromkeys(str(mirror) for mirror in self.suites.values())
        return f"{' and '.join(addresses)} ({', '.join(self.suites)})"

    def names(self, prefix: str) -> list[str]:
        """The names of all packages that begin so."""
        result = self._apt("apt-cache", "pkgnames", prefix)
        if result.returncode:
            raise SetupError(f"apt-cache failed: {essence(result.stderr)}")
        return result.stdout.split()

    def versions(self, *names: str) -> list[Package]:
        """All versions of the named packages, newest first.

        Those of another architecture are named as in "busybox-static:arm64".
        """
        result = self._apt("apt-cache", "show", "--all-versions", *names)
        if result.returncode and "No packages found" not in result.stderr:
            raise SetupError(f"apt-cache failed: {essence(result.stderr)}")
        compare = functools.cmp_to_key(_apt_pkg().version_compare)
        found = parse_packages(result.stdout)
        return sorted(found, key=lambda package: compare(package.version), reverse=True)

    def download(self, packages: Sequence[Package], into: Path) -> list[Path]:
        """Fetch packages into an existing folder; the files, in the same order."""
        if not packages:
            return []
        import tempfile

        # apt-get has no option for the folder, and names the files itself; in
        # an empty folder of their own they are easy to find.
        with tempfile.TemporaryDirectory(dir=self._home) as folder:
            wanted = [f"{package.full_name}={package.version}" for package in packages]
            result = self._apt("apt-get", "download", *wanted, cwd=Path(folder))
            if result.returncode:
                raise self._unreachable(result.stdout + result.stderr)
            files = [next(Path(folder).glob(f"{package.name}_*.deb")) for package in packages]
            return [Path(shutil.move(file, into / file.name)) for file in files]


@contextmanager
def open_archive(
    suites: Sequence[DebianSuite], debian_arch: str, what: str
) -> Iterator[Archive | None]:
    """The archive of ``suites``, up to date; None if no mirror is known for any.

    ``what`` is wanted from it, for the line of progress. Where the security archive is out of
    step, as some mirrors are for days, the other suites do without it.
    Raises NoSuchSuite if a mirror lacks one of them, SetupError for all else.
    """
    machine = this_machine()
    mirrors = machine_mirrors(machine)
    known = {suite.name: mirror for suite in suites if (mirror := mirrors.of(suite))}
    without = {
        suite.name: known[suite.name]
        for suite in suites
        if suite.name in known and not suite.security
    }
    if not known:
        yield None
        return
    name = f"{'+'.join(known)}_{debian_arch}"
    home = paths.BUILD / "apt" / name
    with locked(home.with_name(f"{name}.lock"), f"apt for {', '.join(known)}") as lock:
        # Started afresh each time: what an interrupted run left behind, or the
        # lists of another mirror, can then do no harm.
        shutil.rmtree(home, ignore_errors=True)
        try:
            archive = Archive(home, known, debian_arch, machine, lock)
            with step(f"looking for {what} in {', '.join(known)}"):
                try:
                    archive.update()
                except OutOfStep as error:
                    if without in ({}, known):
                        raise
                    say(f"looking in {', '.join(without)} only: {error}")
                    shutil.rmtree(home)
                    archive = Archive(home, without, debian_arch, machine, lock)
                    archive.update()
            yield archive
        finally:
            shutil.rmtree(home, ignore_errors=True)


def sources_text(suites: Mapping[str, Mirror]) -> str:
    """An apt source in deb822 format for each suite, of the binary lists only."""
    stanzas = []
    for name, mirror in suites.items():
        stanzas.append(
            f"Types: deb\nURIs: {mirror.uri}\nSuites: {name}\nComponents: main\n"
            f"Targets: Packages\nSigned-By: {mirror.signed_by}\n"
        )
    return "\n".join(stanzas)


def conf_text(home: Path, debian_arch: str, machine: AptSettings) -> str:
    """The apt.conf(5) of a private apt in ``home``.

    apt reads it first (through APT_CONFIG), so it can switch off the machine's
    own files; the places of what apt writes are all below ``home``.
    """
    settings = {
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::Etc::sourcelist": str(home / "mirror.sources"),
        "Dir::Etc::sourceparts": "/dev/null",
        **machine.places,
        "Dir::State": str(home / "state"),
        "Dir::State::lists": str(home / "lists"),
        "Dir::State::status": str(home / "status"),
        "Dir::Cache": str(home / "cache"),
        "Dir::Log": str(home / "log"),
        "APT::Architecture": host.debian_name(),
        # Otherwise root's apt fetches as a user who may not write to home.
        "APT::Sandbox::User": "root",
        **_SAFETY,
    }
    said = {line.split(" ", 1)[0].lower() for line in machine.acquire}
    patience = {key: value for key, value in _PATIENCE.items() if key.lower() not in said}
    lines = [f'{key} "{value}";' for key, value in {**patience, **settings}.items()]
    # apt would ask dpkg for more of them otherwise.
    lines += [f'APT::Architectures:: "{arch}";' for arch in {host.debian_name(): 0, debian_arch: 0}]
    return "\n".join([*machine.acquire, *lines, ""])


def parse_packages(text: str) -> list[Package]:
    """Packages from stanzas in the format of apt-cache show, see deb822(5)."""
    packages = {}
    for stanza in text.split("\n\n"):
        fields = dict(
            line.split(": ", 1)
            for line in stanza.splitlines()
            if ": " in line and not line.startswith(" ")
        )
        if "Package" not in fields:
            continue
        # Of alternatives the first; its version and architecture are left out.
        depends = re.findall(r"(?:^|,)\s*([^\s,:(|]+)", fields.get("Depends", ""))
        package = Package(
            name=fields["Package"],
            version=fields["Version"],
            depends=tuple(depends),
            size=int(fields["Size"]),
            sha256=fields["SHA256"],
            arch=fields["Architecture"],
        )
        # Suites that belong together list some versions twice.
        packages[package.full_name, package.version] = package
    return list(packages.values())


def essence(output: str) -> str:
    """The one or two lines of apt's output that say what went wrong.

    apt names the cause below a line "Err:1 ADDRESS SUITE FILE"; what begins
    with "E:" may only be what follows from it.
    """
    output = without_password(output)
    causes = re.findall(r"^Err:\d+ .+\n  (.+)$", output, re.MULTILINE)
    errors = re.findall(r"^E: *(.+)$", output, re.MULTILINE)
    chosen = list(dict.fromkeys(causes or errors or output.splitlines()[-1:]))[:2]
    return "; ".join(re.sub(r"\s+", " ", line)[:200] for line in chosen) or "apt said nothing"
