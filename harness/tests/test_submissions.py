"""What is taken of submissions, and what is left there whatever somebody packed into them."""

import io
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from harness.base.errors import RequestError
from harness.catalogue.labs import Lab, all_labs
from harness.grading import archives, submissions
from harness.grading.submissions import HandedIn, Student, Submission, Unreadable

_PAGES = "02_pages/lab_pages.c"


@pytest.fixture
def labs() -> list[Lab]:
    return all_labs()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a folder with two sources in it, in a folder of its own."""
    folder = tmp_path / "work/ws"
    for name in ("01_kmalloc/lab_kmalloc.c", _PAGES):
        path = folder / name
        path.parent.mkdir(parents=True)
        path.write_text(f"/* {name} */\n")
    return folder


def read(path: Path, labs: list[Lab]) -> HandedIn:
    return submissions.read(submissions.of_path(path), labs)


def tar_of(path: Path, *entries: tuple[str, bytes, str]) -> Path:
    """Write a tar archive of entries: each a path, a type, and what it links to or holds."""
    with tarfile.open(path, "w") as tar:
        for name, kind, content in entries:
            info = tarfile.TarInfo(name)
            info.type = kind
            data = content.encode() if kind == tarfile.REGTYPE else b""
            info.linkname = content if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tgz", "tar.xz", "tar.bz2", "tar.zst"])
@pytest.mark.parametrize("place", ["ws", "."])
def test_an_archive_gives_what_its_folder_gives(
    workspace: Path, labs: list[Lab], kind: str, place: str
) -> None:
    archive = workspace.parent / f"ada.{kind}"
    root = workspace.parent if place == "ws" else workspace
    subprocess.run(["bsdtar", "-a", "-cf", archive, "-C", root, place], check=True)
    found = read(archive, labs)
    assert found == read(workspace, labs)
    assert sorted(found.files) == ["01_kmalloc/lab_kmalloc.c", _PAGES] and not found.problem


def test_a_folder_may_hold_the_workspace_or_be_it(workspace: Path, labs: list[Lab]) -> None:
    assert read(workspace.parent, labs) == read(workspace, labs)


def test_what_moodle_hands_out_is_a_folder_with_one_archive(
    workspace: Path, labs: list[Lab], tmp_path: Path
) -> None:
    folder = tmp_path / "Ada Lovelace_4711_assignsubmission_file"
    folder.mkdir()
    archive = folder / "my work.zip"
    subprocess.run(["bsdtar", "-a", "-cf", archive, "-C", workspace, "."], check=True)
    assert read(folder, labs).files == read(workspace, labs).files
    student = submissions.of_path(folder).student
    assert (student.name, student.number) == ("Ada Lovelace", "4711")


@pytest.mark.parametrize(
    "name, who, number",
    [
        ("lovelaceada_4711_998877_work", "lovelaceada", "4711"),
        ("lovelaceada_LATE_4711_998877_work-1", "lovelaceada", "4711"),
        ("ada", "ada", ""),
    ],
)
def test_canvas_says_who_has_handed_in(name: str, who: str, number: str) -> None:
    student = Student.of(name)
    assert (student.name, student.number) == (who, number)


def test_names_that_differ_only_in_what_no_file_name_has_stay_apart() -> None:
    keys = {Student.of(name).key for name in ("a b", "a\nb", "a-b", "a\x1b[31mb", "../a b", "")}
    assert len(keys) == 6, keys
    assert all(key and "/" not in key and key.isprintable() for key in keys), keys


def test_neither_links_nor_devices_nor_paths_out_of_the_archive_are_taken(
    tmp_path: Path, labs: list[Lab]
) -> None:
    archive = tar_of(
        tmp_path / "eve.tar",
        (_PAGES, tarfile.SYMTYPE, "/etc/passwd"),
        ("01_kmalloc/lab_kmalloc.c", tarfile.LNKTYPE, "/etc/passwd"),
        ("03_vmalloc/lab_vmalloc.c", tarfile.CHRTYPE, ""),
        ("/04_reserved/lab_reserved.c", tarfile.REGTYPE, "absolute"),
        ("../05_remap/lab_remap.c", tarfile.REGTYPE, "outside"),
        ("a/b/05_remap/lab_remap.c", tarfile.REGTYPE, "too deep"),
        ("02_pages/Kbuild", tarfile.REGTYPE, "$(shell touch /tmp/x)"),
        ("new\nline\x1b[2J", tarfile.REGTYPE, "name"),
    )
    found = read(archive, labs)
    assert not found.files and found.problem == "none of the labs' sources are in it"
    said = "\n".join(found.notes)
    for text in (
        f"{_PAGES} is not taken: it is a symbolic link",
        "lab_kmalloc.c is not taken: it is a hard link",
        "lab_vmalloc.c is not taken: it is no regular file",
        "/04_reserved/lab_reserved.c is not taken",
        "../05_remap/lab_remap.c is not taken",
    ):
        assert text in said, said
    assert not any(char in said for char in "\x1b"), repr(said)


def test_links_in_a_folder_are_not_followed(workspace: Path, labs: list[Lab]) -> None:
    (workspace / _PAGES).unlink()
    (workspace / _PAGES).symlink_to("/etc/passwd")
    (workspace / "03_vmalloc").symlink_to(all_labs()[2].directory)
    found = read(workspace, labs)
    assert sorted(found.files) == ["01_kmalloc/lab_kmalloc.c"]
    assert len(found.notes) == 2 and all("symbolic link" in note for note in found.notes)


def test_a_bomb_is_a_submission_of_which_nothing_is_taken(
    tmp_path: Path, labs: list[Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_MOST_BYTES", 16 << 20)
    archive = tmp_path / "eve.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        with made.open("zeroes", "w", force_zip64=True) as entry:
            for _ in range(17):
                entry.write(bytes(1 << 20))
    assert archive.stat().st_size < 1 << 20
    found = read(archive, labs)
    assert found.problem == "the archive has more than 16 MiB when it is unpacked"


def test_thousands_of_entries_are_too_many(
    tmp_path: Path, labs: list[Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "_MOST_ENTRIES", 100)
    entries = [(f"file{number}", tarfile.REGTYPE, "") for number in range(101)]
    found = read(tar_of(tmp_path / "eve.tar", *entries), labs)
    assert found.problem == "the archive has more than 100 entries"


def test_a_source_that_is_too_large_is_left_out_alone(workspace: Path, labs: list[Lab]) -> None:
    (workspace / _PAGES).write_bytes(b"x" * ((1 << 20) + 1))
    archive = workspace.parent / "eve.zip"
    subprocess.run(["bsdtar", "-a", "-cf", archive, "-C", workspace, "."], check=True)
    for found in (read(workspace, labs), read(archive, labs)):
        assert sorted(found.files) == ["01_kmalloc/lab_kmalloc.c"]
        assert f"{_PAGES}" in found.notes[0] and "larger than 1 MiB" in found.notes[0]


def test_of_two_workspaces_nobody_knows_which_counts(workspace: Path, labs: list[Lab]) -> None:
    subprocess.run(["cp", "-r", workspace, workspace.with_name("old")], check=True)
    found = read(workspace.parent, labs)
    assert (
        not found.files and found.problem == "there are sources in old and ws: which of them count?"
    )


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\3\4" + b"x" * 99], ids=len)
def test_what_is_no_archive_cannot_be_read(tmp_path: Path, labs: list[Lab], content: bytes) -> None:
    path = tmp_path / "eve.zip"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="^eve.zip"):
        read(path, labs)


def test_half_an_archive_cannot_be_read(workspace: Path, labs: list[Lab]) -> None:
    path = workspace.parent / "eve.tar.gz"
    (workspace / _PAGES).write_bytes(os.urandom(1 << 16))
    subprocess.run(["bsdtar", "-a", "-cf", path, "-C", workspace, "."], check=True)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(Unreadable, match="is missing|truncated"):
        read(path, labs)


def test_a_folder_of_submissions_is_read_with_what_is_none(tmp_path: Path) -> None:
    for name in ("ada", "ben_17_assignsubmission_file", "ben_17_assignsubmission_file_", ".git"):
        (tmp_path / name).mkdir()
    (tmp_path / "cyd.zip").touch()
    (tmp_path / "marks.csv").touch()
    (tmp_path / "dan").symlink_to(tmp_path / "ada")
    found = submissions.find(tmp_path)
    assert [one.student.key for one in found.submissions] == ["ada", "cyd"]
    assert len(found.problems) == 3, found.problems
    assert any(text.startswith("marks.csv is neither") for text in found.problems)
    assert any("ben-17 has handed in 2 times" in text for text in found.problems)


def test_a_folder_without_submissions_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="has no submission in it"):
        submissions.find(tmp_path)
    with pytest.raises(RequestError, match="is no folder"):
        submissions.find(tmp_path / "nowhere")


def test_the_digest_is_of_what_counts(workspace: Path, labs: list[Lab]) -> None:
    before = read(workspace, labs).digest
    (workspace / "notes.txt").write_text("nobody reads this")
    assert read(workspace, labs).digest == before
    (workspace / _PAGES).write_text("another")
    assert read(workspace, labs).digest != before
    assert isinstance(submissions.of_path(workspace), Submission)
