"""A student's workspace: what is in it, and how it is written without loss of anybody's work.

    DEST/NN_name/       the lab's sources without solutions, and its lesson without answers
    DEST/core, include  what all labs share, for reading: the project's own are built
    DEST/Makefile, README.md, compile_commands.json, .clangd
    DEST/.kmaplab.json  where the project is, and a digest of each file as it was written

So it has the shape of labs/, and whatever takes a copy of labs/ takes a workspace.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.errors import RequestError
from harness.base.paths import LABS, ROOT
from harness.catalogue import exercises, labs
from harness.catalogue.labs import Lab
from harness.grading import lesson, skeleton

FORMAT = 1
MANIFEST = ".kmaplab.json"

# What all labs share, and what a reader of a lab may look up there.
_SHARED = (
    "core/lab_core.c",
    "core/lab_core.h",
    "core/one_device.c",
    "core/one_device.h",
    "core/reserved_region.c",
    "core/reserved_region.h",
    "include/lab.h",
    "include/lab_compat.h",
    "include/lab_pattern.h",
)

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Manifest:
    """What the project remembers of a workspace: itself, and what it wrote last."""

    project: str = str(ROOT)
    files: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Return what stands in the file."""
        facts = {"format": FORMAT, "project": self.project, "files": self.files}
        return json.dumps(facts, indent=1, sort_keys=True) + "\n"


def read_manifest(directory: Path) -> Manifest | None:
    """Return what is remembered of a workspace, or None of a directory that is none.

    Raises RequestError if it makes no sense, or is of another format.
    """
    path = directory / MANIFEST
    if not path.is_file():
        return None
    try:
        facts = json.loads(path.read_text())
        project, files = facts["project"], facts["files"]
        known = facts["format"] == FORMAT and isinstance(project, str)
        good = known and all(isinstance(one, str) for pair in files.items() for one in pair)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        good = False
    if not good:
        raise RequestError(
            f"{path} makes no sense to this project: if you do not need what is in {directory}, "
            "remove it; otherwise take another DEST="
        )
    return Manifest(project, files)


def contents(chosen: Iterable[Lab], there: Iterable[Lab] = ()) -> dict[str, str]:
    """Return the files of a workspace for some labs, by path.

    ``there`` are labs that the workspace has already, which its README has to name as well.
    """
    chosen = list(chosen)
    known = [*there]
    shown = [lab for lab in labs.all_labs() if lab in chosen or lab in known]
    files = {name: (LABS / name).read_text() for name in _SHARED}
    for lab in chosen:
        folder = lab.directory.name
        files |= {f"{folder}/{name}": text for name, text in skeleton.sources(lab).items()}
    lessons = {f"{lab.directory.name}/lesson.md": lab.directory / "lesson.md" for lab in chosen}
    kept = {*files, *lessons}
    files |= {name: lesson.for_student(path, kept) for name, path in lessons.items()}
    files["Makefile"] = _filled("Makefile")
    first = shown[0]
    files["README.md"] = _filled(
        "README.md",
        labs=_table(shown),
        folder=first.directory.name,
        lab=first.name,
        short=first.name.removeprefix("lab_"),
    )
    files[".clangd"] = _filled("clangd")
    return files


def _filled(name: str, **texts: str) -> str:
    """Return a template with its places filled."""
    text = (_TEMPLATES / name).read_text()
    for key, value in {"project": str(ROOT), **texts}.items():
        text = text.replace(f"@{key}@", value)
    return text


def labs_in(directory: Path) -> list[Lab]:
    """Return the labs that a workspace has, none if it is not there."""
    return [lab for lab in labs.all_labs() if (directory / lab.directory.name).is_dir()]


def _table(shown: list[Lab]) -> str:
    """Return the rows of README's table: folder, subject and points of each lab."""
    rows = []
    for lab in shown:
        found = exercises.read(lab)
        points = sum(one.points for one in found)
        rows.append(f"| {lab.directory.name} | {lab.title} | {len(found)} | {points} |")
    return "\n".join(rows)


@dataclass
class Written:
    """What became of a workspace's files, by path: each is in one of the lists at most.

    ``beside`` maps a file that the student has changed to the name of the new one beside it.
    """

    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)


def write(directory: Path, files: dict[str, str]) -> Written:
    """Write files into a workspace, made if it is not there; change nothing that a student changed.

    Raises RequestError if the directory is none that can be used.
    """
    refuse_unusable(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        known = (read_manifest(directory) or Manifest()).files
        written = Written()
        for name, text in sorted(files.items()):
            _write_one(directory, name, text, known, written)
        (directory / MANIFEST).write_text(Manifest(files=known).text())
    except OSError as error:
        where = error.filename or directory
        raise RequestError(f"cannot write {where}: {error.strerror}; take another DEST=") from error
    return written


def refuse_inside(directory: Path) -> None:
    """Raise RequestError if a directory is a part of the project."""
    if directory == ROOT or ROOT in directory.parents:
        raise RequestError(
            f"DEST={directory} is inside the project: take a directory elsewhere, so that "
            "solutions and workspace do not mix"
        )


def refuse_unusable(directory: Path) -> None:
    """Raise RequestError if no workspace can be written to a directory, or made there."""
    if not str(directory).isprintable():
        raise RequestError(f"DEST={str(directory)!r} holds characters that no terminal shows")
    if directory.exists() and not directory.is_dir():
        raise RequestError(f"DEST={directory} is a file: it must be a directory, or not be there")
    try:
        is_foreign = directory.is_dir() and any(directory.iterdir())
    except OSError as error:
        raise RequestError(f"DEST={directory} cannot be read: {error.strerror}") from error
    if is_foreign and read_manifest(directory) is None:
        raise RequestError(
            f"DEST={directory} holds something else: take an empty directory, or a workspace "
            "that this project has written"
        )


def _write_one(
    directory: Path, name: str, text: str, known: dict[str, str], written: Written
) -> None:
    """Write one file, or, if the student has changed it, the new one beside it."""
    path = directory / name
    _refuse_links(directory, path.parent)
    state = _digest_of(path)
    fresh = _digest(text.encode())
    if state == fresh:
        pass
    elif state is None:
        (written.again if name in known else written.new).append(name)
        _put(path, text)
    elif state == known.get(name):
        written.updated.append(name)
        _put(path, text)
    else:
        written.beside[name] = _put_beside(directory, name, text, known)
        return
    known[name] = fresh


def _put_beside(directory: Path, name: str, text: str, known: dict[str, str]) -> str:
    """Write a file under the first name beside it that the student has not changed."""
    number = 1
    while True:
        other = f"{name}.new" if number == 1 else f"{name}.new{number}"
        state = _digest_of(directory / other)
        if state in (None, _digest(text.encode()), known.get(other)):
            break
        number += 1
    _put(directory / other, text)
    known[other] = _digest(text.encode())
    return other


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_of(path: Path) -> str | None:
    """Return the digest of a file, "" of what is no regular file, None if nothing is there."""
    if path.is_symlink() or path.is_dir():
        return ""
    return _digest(path.read_bytes()) if path.exists() else None


def _refuse_links(directory: Path, folder: Path) -> None:
    """Raise RequestError if a folder is a link: what is behind it is not the workspace's."""
    if folder != directory and (folder.is_symlink() or folder.exists() and not folder.is_dir()):
        raise RequestError(f"{folder} is no directory: remove it, and run make skels again")
