"""Errors of the operating system: what is said is what is wrong."""

import errno
import os
from pathlib import Path

import pytest

from harness.base import os_errors
from harness.base.paths import BUILD


def test_a_full_disk_and_a_full_output_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(os_errors, "_is_full", lambda place: False)
    assert os_errors.explain(error) == (
        "standard output cannot be written: No space left on device"
    )
    monkeypatch.setattr(os_errors, "_is_full", lambda place: True)
    assert os_errors.explain(error) == f"No space left on device: make room for {BUILD}"


def test_a_read_only_tree_is_called_one() -> None:
    text = os_errors.explain(OSError(errno.EROFS, os.strerror(errno.EROFS), str(BUILD / "x")))
    assert text.startswith(f"{BUILD / 'x'}: Read-only file system: ")
    assert "make clean" not in text


def test_a_file_of_another_user_is_named_with_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os_errors, "BUILD", tmp_path / "build")
    (tmp_path / "build").mkdir()
    error = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "build/none/file"))
    assert os_errors.explain(error) == f"{tmp_path}/build/none/file: Permission denied"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert os_errors.explain(error).endswith(
        f": {tmp_path}/build belongs to user {os.getuid()}; make clean as that user"
    )


def test_other_errors_are_as_the_system_says() -> None:
    error = OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), "/etc/passwd/x")
    assert os_errors.explain(error) == "/etc/passwd/x: Not a directory"
    assert os_errors.explain(OSError(errno.EIO, "Input/output error")).endswith("output error")
