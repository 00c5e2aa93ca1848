"""The initramfs: the same inputs give the same bytes."""

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.build import initramfs
from harness.build.initramfs import Spec, join, write_job


def spec(source: Path) -> Spec:
    made = Spec()
    made.directory("dir")
    made.console()
    made.file("dir/file", source, 0o755)
    made.link("link", "dir/file")
    return made


def listing(archive: Path) -> str:
    return subprocess.run(
        ["bsdtar", "--numeric-owner", "-tvf", archive], capture_output=True, text=True, check=True
    ).stdout


def test_neither_time_nor_mode_nor_place_of_a_file_change_the_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("content")
    spec(first).write(tmp_path / "first.cpio")
    second.write_text("content")
    second.chmod(0o600)
    os.utime(second, (time.time() + 1000,) * 2)
    spec(second).write(tmp_path / "second.cpio")
    assert (tmp_path / "first.cpio").read_bytes() == (tmp_path / "second.cpio").read_bytes()


def test_an_archive_is_read_whole_while_another_is_written(tmp_path: Path) -> None:
    archive = tmp_path / "an.cpio"
    Spec().write(archive)
    before = archive.read_bytes()
    with archive.open("rb") as reader:
        (tmp_path / "more").write_bytes(bytes(1 << 16))
        spec(tmp_path / "more").write(archive)
        assert reader.read() == before != archive.read_bytes()


def test_builds_side_by_side_make_the_archive_of_all_guests_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []

    def write(archive: Path, _: object) -> None:
        made.append(archive)
        time.sleep(0.2)  # the others come while it is being written
        archive.write_bytes(b"whole")

    for name, value in {
        "BUILD": tmp_path,
        "_facts": lambda _: "facts",
        "busybox_of": lambda _: __file__,
        "_write_base": write,
    }.items():
        monkeypatch.setattr(initramfs, name, value)
    kernel: Any = SimpleNamespace(name="a-kernel", version="1")
    with ThreadPoolExecutor(4) as builds:
        archives = list(builds.map(initramfs.base, [kernel] * 4))
    assert len(made) == 1, "each of the builds wrote the archive, over the others'"
    assert {archive.read_bytes() for archive in archives} == {b"whole"}


def test_all_belongs_to_root_and_the_console_is_there(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_text("content")
    spec(source).write(tmp_path / "out.cpio")
    lines = listing(tmp_path / "out.cpio").splitlines()
    assert all(line.split()[2:4] == ["0", "0"] for line in lines)
    assert any(line.startswith("crw-------") and line.endswith("dev/console") for line in lines)


@pytest.mark.parametrize("name", ["a b", "a#b", "a\\b", "a=b", "a*b?[", "ünïcode"])
def test_any_file_name_survives(tmp_path: Path, name: str) -> None:
    extra = tmp_path / "extra"
    extra.mkdir()
    (extra / name).write_text("content")
    base = tmp_path / "base.cpio"
    Spec().write(base)
    job = write_job(tmp_path, {"env": "A=1\n"}, extra)
    both = join([base, job], tmp_path)
    assert both.read_bytes() == base.read_bytes() + job.read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["bsdtar", "-xf", tmp_path / "job.cpio", "-C", out], check=True)
    assert (out / "extra" / name).read_text() == "content"
    assert (out / "job/env").read_text() == "A=1\n"


def test_modes_and_links_of_an_extra_directory_are_kept(tmp_path: Path) -> None:
    extra = tmp_path / "extra"
    (extra / "sub").mkdir(parents=True)
    (extra / "sub/run").write_text("#!/bin/sh\n")
    (extra / "sub/run").chmod(0o755)
    (extra / "link").symlink_to("sub/run")
    write_job(tmp_path, {}, extra)
    lines = listing(tmp_path / "job.cpio")
    assert "link -> sub/run" in lines
    assert any(line.startswith("-rwxr-xr-x") for line in lines.splitlines() if "sub/run" in line)
