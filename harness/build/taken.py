"""What is taken of a copy of labs/ that comes from elsewhere.

Of each lab of this project only the sources that it has here, by their names: regular files,
read once, never through a symbolic link. All else is this project's own: what says how to
build them (Kbuild), what the labs share (core, include) and the tools. So nothing in a copy
is run by make, and nothing in it changes what the check programs are built from.

    build/taken/<digest of the copy's path>/labs/       what is built
"""

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.base import digest
from harness.base.paths import BUILD, LABS
from harness.base.progress import say
from harness.catalogue import labs
from harness.catalogue.labs import Lab

_SOURCES = (".c", ".h")
_MAKEFILES = ("Kbuild", "Makefile")

# What make skels leaves in a workspace. The Makefile beside it is for the student.
_WORKSPACE = ".kmaplab.json"

# The labs' own sources have less than a hundredth of it.
MOST_BYTES = 1 << 20

# Of what is left out so many are named, and so many entries of a directory looked at.
_MOST_NAMED = 8
_MOST_ENTRIES = 1000

# What is kept of copies, a few hundred KB for each; one that hangs is used for minutes.
_MOST_COPIES = max(100, 2 * (os.cpu_count() or 1))


@dataclass(frozen=True)
class Taken:
    """What was taken of the copy ``origin``, in ``directory``.

    ``missing`` maps the module of a lab of which nothing was taken to a text that begins
    with its name, and says why.
    """

    origin: Path
    directory: Path
    missing: dict[str, str] = field(default_factory=dict)


class NotTaken(Exception):
    """A file of the copy cannot be taken; the text says why."""


def place_of(copy: Path) -> Path:
    """Return the directory for what is taken of a copy."""
    if copy == LABS:
        return LABS
    return BUILD / "taken" / digest.of([str(copy)])[:12] / "labs"


def take(copy: Path) -> Taken:
    """Take the labs' sources from a copy; say what is left there.

    Raises SetupError if a lab.toml of this project makes no sense.
    """
    place = place_of(copy)
    if place == LABS:
        return Taken(LABS, LABS)
    _forget_all_but(place.parent)
    files = _our_files()
    missing = {}
    for lab in labs.all_labs():
        folder = lab.directory.name
        try:
            files |= {f"{folder}/{name}": data for name, data in _sources_of(copy, lab).items()}
            files |= {f"{folder}/Kbuild": (lab.directory / "Kbuild").read_bytes()}
        except NotTaken as why:
            missing[lab.name] = f"{lab.name} is not taken: {shown(str(copy))}/{folder}{why}"
    _write(place, files)
    _tell(copy, [*_left_out(copy, files)])
    return Taken(copy, place, missing)


def _our_files() -> dict[str, bytes]:
    """Return what kbuild reads of labs/, without the labs' own folders."""
    own = {lab.directory.name for lab in labs.all_labs()}
    return {
        str(path.relative_to(LABS)): path.read_bytes()
        for path in LABS.rglob("*")
        if path.suffix in _SOURCES or path.name in _MAKEFILES
        if path.relative_to(LABS).parts[0] not in own
    }


def names_of(lab: Lab) -> list[str]:
    """Return the names of a lab's sources, as this project has them."""
    return sorted(path.name for path in lab.directory.iterdir() if path.suffix in _SOURCES)


def _sources_of(copy: Path, lab: Lab) -> dict[str, bytes]:
    """Read a lab's sources. Raises NotTaken; a header need not be there."""
    found = {}
    with Directory(copy / lab.directory.name) as directory:
        for name in names_of(lab):
            if name.endswith(".c") or directory.has(name):
                found[name] = directory.read(name)
    return found


class Directory:
    """A directory whose files are read without following symbolic links."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> "Directory":
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(self._path, flags)
        except OSError as error:
            link = " is a symbolic link" if self._path.is_symlink() else f": {error.strerror}"
            raise NotTaken(link) from error
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def has(self, name: str) -> bool:
        """Whether there is something of that name."""
        try:
            os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except OSError:
            return False
        return True

    def read(self, name: str) -> bytes:
        """Return a regular file's bytes. Raises NotTaken."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            kind = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False).st_mode
            if not stat.S_ISREG(kind):
                what = "a symbolic link" if stat.S_ISLNK(kind) else "no regular file"
                raise NotTaken(f"/{name} is {what}")
            descriptor = os.open(name, flags, dir_fd=self._descriptor)
        except OSError as error:
            raise NotTaken(f"/{name}: {error.strerror}") from error
        with open(descriptor, "rb") as file:
            # Somebody may have put another in its place since.
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotTaken(f"/{name} is no regular file")
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise NotTaken(f"/{name} is larger than {MOST_BYTES >> 20} MiB")
        return data


def _write(place: Path, files: dict[str, bytes]) -> None:
    """Make ``place`` hold these files and no others, touching only what differs."""
    for path in [*place.rglob("*")]:
        if path.is_file() and str(path.relative_to(place)) not in files:
            path.unlink()
    for name, data in files.items():
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != data:
            path.write_bytes(data)


def _left_out(copy: Path, taken: dict[str, bytes]) -> Iterator[str]:
    """Yield what somebody might believe to be tried, and is not; each a line."""
    folders = sorted({name.rpartition("/")[0] for name in taken})
    for folder in folders:
        for name in _entries(copy / folder):
            path = f"{folder}/{name}".lstrip("/")
            if path == "Makefile" and (copy / _WORKSPACE).is_file():
                continue
            if not _counts(name) or path in taken and _is_same(copy / folder, name, taken[path]):
                continue
            why = "this project's own is taken" if path in taken else "no file of the labs here"
            yield f"{path}: {why}"
    known = {lab.directory.name for lab in labs.all_labs()}
    for name in _entries(copy):
        if name[:1].isdigit() and name not in known:
            yield f"{name}: no lab of this project"


def _counts(name: str) -> bool:
    """Whether a file would have been read by kbuild; it makes files .mod.c itself."""
    source = name.endswith(_SOURCES) and not name.endswith(".mod.c")
    return source or name in _MAKEFILES


def _entries(directory: Path) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name for entry, _ in zip(entries, range(_MOST_ENTRIES)))
    except OSError:
        return []


def _is_same(directory: Path, name: str, data: bytes) -> bool:
    try:
        with Directory(directory) as opened:
            return opened.read(name) == data
    except NotTaken:
        return False


def _tell(copy: Path, lines: list[str]) -> None:
    for line in lines[:_MOST_NAMED]:
        say(f"not taken of {shown(str(copy))}: {shown(line)}")
    if len(lines) > _MOST_NAMED:
        say(f"not taken of {shown(str(copy))}: {len(lines) - _MOST_NAMED} more")


def shown(text: str) -> str:
    """Return a name with escapes for all that is not plain: it may drive a terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _forget_all_but(place: Path) -> None:
    """Keep ``place`` and what was taken last of other copies; remove the rest."""
    place.mkdir(parents=True, exist_ok=True)
    os.utime(place)
    others = sorted(place.parent.iterdir(), key=_last_use)
    for path in others[:-_MOST_COPIES]:
        shutil.rmtree(path, ignore_errors=True)


def _last_use(path: Path) -> float:
    """Return when a directory was last used; 0 if another run has just removed it."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0
