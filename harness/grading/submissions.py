"""What students have handed in: a folder, or an archive, for each of them.

A submission counts by what is taken of it: the sources of the labs, by the names that they
have in this project, as ``02_pages/lab_pages.c``. They stand at the top of the submission, or
all of them in one folder of it, as tools make it that pack a workspace with its folder.
Nothing else is taken. A folder with nothing but one archive in it stands for that archive:
so Moodle hands out files.
"""

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from harness.base import digest
from harness.base.errors import RequestError
from harness.build import taken
from harness.build.taken import Directory, NotTaken, shown
from harness.catalogue.labs import Lab
from harness.grading import archives
from harness.grading.archives import TooMuch, Unreadable

# Of a folder so many entries are looked at.
_MOST_ENTRIES = 1000
# So many notes are kept of a submission, and so many characters of a name.
_MOST_NOTES = 20
_MOST_NAME = 100

# How Moodle and Canvas call what they hand out: "Ada Lovelace_4711_assignsubmission_file",
# "lovelaceada_LATE_4711_998877_work.zip".
_MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_file_?.*", re.DOTALL)
_CANVAS = re.compile(r"(?P<name>[^_]+)_(?:LATE_)?(?P<number>\d+)_\d+_.+", re.DOTALL)


@dataclass(frozen=True)
class Student:
    """Who has handed something in.

    ``key`` names the student's files; ``name`` and ``number`` are what the file's name says,
    the number being that of Moodle or Canvas, or empty.
    """

    key: str
    name: str
    number: str = ""

    @staticmethod
    def of(name: str) -> "Student":
        """Return who a submission of this name is from."""
        match = _MOODLE.fullmatch(name) or _CANVAS.fullmatch(name)
        who, number = (match["name"], match["number"]) if match else (name, "")
        who = shown(who)[:_MOST_NAME]
        plain = re.sub(r"[^A-Za-z0-9.+@-]+", "-", who).strip("-.")[:40]
        # Names that differ only in what is left out stay apart.
        more = number or ("" if plain == who else digest.of([repr(name)])[:8])
        key = "-".join(part for part in (plain, more) if part) or "nameless"
        return Student(key, who, number)


@dataclass(frozen=True)
class Submission:
    """One student's: where it lies."""

    student: Student
    path: Path


@dataclass(frozen=True)
class HandedIn:
    """What was taken: the bytes of each source, by its name, as "02_pages/lab_pages.c".

    ``notes`` are for the student: what was left out, and why. ``problem`` says why nothing at
    all was taken.
    """

    files: dict[str, bytes]
    notes: tuple[str, ...] = ()
    problem: str | None = None

    @property
    def digest(self) -> str:
        """What another submission has as well if it says the same."""
        parts: list[str] = []
        for name, data in sorted(self.files.items()):
            parts += [name, str(len(data)), data.hex()]
        return digest.of([*parts, *self.notes, str(self.problem)])

    def write(self, directory: Path) -> None:
        """Write the sources below a directory, which is there, and has nothing in it."""
        for name, data in self.files.items():
            path = directory / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)


@dataclass(frozen=True)
class Found:
    """The submissions of a folder, and what in it is none: a line for each."""

    submissions: list[Submission]
    problems: list[str] = field(default_factory=list)


def find(directory: Path) -> Found:
    """Return the submissions in a folder. Raises RequestError if there are none."""
    if not directory.is_dir():
        raise RequestError(f"SUBMISSIONS={shown(str(directory))} is no folder")
    submissions, problems = [], []
    with os.scandir(directory) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            name = _name_of(entry)
            if name is None:
                text = "is neither a folder nor an archive: nobody's submission"
                problems.append(f"{shown(entry.name)} {text}")
            else:
                submissions.append(Submission(Student.of(name), Path(entry.path)))
    return _one_each(directory, submissions, problems)


def _name_of(entry: "os.DirEntry[str]") -> str | None:
    if entry.is_dir(follow_symlinks=False):
        return entry.name
    return archives.stem(entry.name) if entry.is_file(follow_symlinks=False) else None


def _one_each(directory: Path, submissions: list[Submission], problems: list[str]) -> Found:
    """Leave out students who have handed in twice: nobody knows which of them counts."""
    count = Counter(one.student.key for one in submissions)
    for key, number in count.items():
        if number > 1:
            names = ", ".join(shown(one.path.name) for one in submissions if one.student.key == key)
            problems.append(f"{key} has handed in {number} times, and none of it counts: {names}")
    if not submissions and not problems:
        raise RequestError(f"SUBMISSIONS={shown(str(directory))} has no submission in it")
    return Found([one for one in submissions if count[one.student.key] == 1], problems)


def of_path(path: Path) -> Submission:
    """Return the submission at a path. Raises RequestError if there is none."""
    kind = path.lstat().st_mode if path.exists() else 0
    name = path.name if stat.S_ISDIR(kind) else archives.stem(path.name)
    if name is None or not (stat.S_ISDIR(kind) or stat.S_ISREG(kind)):
        raise RequestError(f"{shown(str(path))} is neither a folder nor an archive")
    return Submission(Student.of(name), path)


def read(submission: Submission, labs: list[Lab]) -> HandedIn:
    """Take of a submission what counts.

    Raises Unreadable if it cannot be read: then it gets no mark.
    """
    path = submission.path
    if not path.is_dir():
        return _read_archive(path, labs)
    handed = _read_folder(path, labs)
    inner = _only_archive(path)
    return handed if handed.files or inner is None else _read_archive(inner, labs)


def _wanted(labs: list[Lab]) -> set[str]:
    return {f"{lab.directory.name}/{name}" for lab in labs for name in taken.names_of(lab)}


@dataclass
class _Taking:
    """What is found of the wanted sources, by the folder that they stand in ("" is the top)."""

    wanted: set[str]
    found: dict[str, dict[str, bytes]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def place_of(self, path: str) -> tuple[str, str] | None:
        """Return the folder and the name of a source that counts; None if it does not."""
        parts = PurePosixPath(path).parts
        if path.startswith("/") or ".." in parts or "__MACOSX" in parts or len(parts) not in (2, 3):
            return None
        name = "/".join(parts[-2:])
        return ("/".join(parts[:-2]), name) if name in self.wanted else None

    def is_wanted(self, path: str, size: int) -> bool:
        return self.place_of(path) is not None and size <= taken.MOST_BYTES

    def add(self, member: archives.Member) -> None:
        """Take in an entry of an archive."""
        place = self.place_of(member.path)
        if place is None:
            return self._note_lost(member)
        folder, name = place
        if member.data is not None:
            self.found.setdefault(folder, {})[name] = member.data
        elif member.kind == "a file":
            self.note(f"{name} is not taken: it is larger than {taken.MOST_BYTES >> 20} MiB")
        else:
            self.note(f"{name} is not taken: it is {member.kind}")
        return None

    def _note_lost(self, member: archives.Member) -> None:
        """Say it if an entry looks as if somebody thinks that it counts."""
        last = PurePosixPath(member.path).name.lower()
        if last in {name.rpartition("/")[2] for name in self.wanted}:
            self.note(f"{member.path} is not taken: it is not where its name belongs")

    def note(self, text: str) -> None:
        """Keep a note for the student."""
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(shown(text)[: 3 * _MOST_NAME])

    def end(self) -> HandedIn:
        """Return what counts of all that was found."""
        folders = [""] if "" in self.found else sorted(self.found)
        notes = tuple(self.notes)
        if len(folders) > 1:
            where = " and ".join(shown(folder)[:_MOST_NAME] for folder in folders[:2])
            return HandedIn({}, notes, f"there are sources in {where}: which of them count?")
        if not folders:
            return HandedIn({}, notes, "none of the labs' sources are in it")
        return HandedIn(self.found[folders[0]], notes)


def _read_archive(path: Path, labs: list[Lab]) -> HandedIn:
    taking = _Taking(_wanted(labs))
    try:
        for member in archives.members(path, taking.is_wanted):
            taking.add(member)
    except TooMuch as why:
        return HandedIn({}, tuple(taking.notes), f"the archive has {why}")
    return taking.end()


def _read_folder(path: Path, labs: list[Lab]) -> HandedIn:
    taking = _Taking(_wanted(labs))
    for folder in ("", *_folders_of(path)):
        for name in sorted(taking.wanted):
            place = path / folder / name
            if not os.path.lexists(place):
                continue
            try:
                # Neither it nor a folder on the way may be a link.
                with Directory(path / folder) as _, Directory(place.parent) as directory:
                    data = directory.read(place.name)
            except NotTaken as why:
                why_not = str(why).removeprefix(f"/{place.name}").removeprefix(": ").strip()
                subject = "it " if why_not.startswith("is ") else ""
                taking.note(f"{name} is not taken: {subject}{why_not}")
            else:
                taking.found.setdefault(folder, {})[name] = data
    return taking.end()


def _folders_of(path: Path) -> Iterator[str]:
    with os.scandir(path) as entries:
        for entry, _ in zip(entries, range(_MOST_ENTRIES)):
            if entry.is_dir(follow_symlinks=False) and entry.name != "__MACOSX":
                yield entry.name


def _only_archive(path: Path) -> Path | None:
    """Return the one archive that a folder consists of; None if that is not so."""
    with os.scandir(path) as entries:
        some = [entry for entry, _ in zip(entries, range(3)) if not entry.name.startswith(".")]
    if len(some) != 1 or not some[0].is_file(follow_symlinks=False):
        return None
    return Path(some[0].path) if archives.stem(some[0].name) is not None else None


__all__ = ["Found", "HandedIn", "Student", "Submission", "Unreadable", "find", "of_path", "read"]
