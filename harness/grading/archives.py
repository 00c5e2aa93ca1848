"""Reading archives that somebody else made, of any common kind, within limits.

bsdtar knows zip, tar and what they are packed with, and finds out which it is. It runs in
the sandbox and turns the archive into one stream of tar, of which Python reads the regular
files that are wanted. Nothing is ever unpacked to a disk, so it does not matter what links,
devices and paths an archive has. An archive in an archive stays a file that nobody opens.
"""

import subprocess
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness.base import sandbox, tools
from harness.base.sandbox import Limits, Sandbox
from harness.build.taken import shown

SUFFIXES = (
    *(".zip", ".tar", ".tgz", ".txz", ".tbz", ".tzst"),
    *(".tar.gz", ".tar.xz", ".tar.bz2", ".tar.zst"),
)

# Unpacked, and entries. A workspace has a hundredth of it.
_MOST_BYTES = 128 << 20
_MOST_ENTRIES = 20_000
# Seconds of wall time.
_MOST_SECONDS = 60.0

_LIMITS = Limits(processes=16, memory=1 << 30, address_space=1 << 30, processor_seconds=20)


class Unreadable(Exception):
    """It is no archive, or a damaged one; the text says which file, and what is wrong."""


class TooMuch(Exception):
    """An archive holds more than anybody hands in; the text says of what."""


@dataclass(frozen=True)
class Member:
    """An entry of an archive: its path as it stands there, and what it is.

    ``data`` are the bytes of a regular file that was asked for.
    """

    path: str
    kind: str
    size: int
    data: bytes | None = None


class _Limited:
    """A stream that ends with TooMuch where it gets too long."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = _MOST_BYTES

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise TooMuch(f"more than {_MOST_BYTES >> 20} MiB when it is unpacked")
        return data


def stem(name: str) -> str | None:
    """Return the name of an archive without what says that it is one; None if nothing does."""
    found = [suffix for suffix in SUFFIXES if name.lower().endswith(suffix)]
    return name[: -max(len(suffix) for suffix in found)] if found else None


def members(archive: Path, wanted: Callable[[str, int], bool]) -> Iterator[Member]:
    """Yield the entries of an archive; those that are ``wanted``, by path and size, with data.

    Raises Unreadable, TooMuch, and SetupError if there is no sandbox.
    """
    count = 0
    with _as_tar(archive) as stream:
        try:
            with tarfile.open(fileobj=_Limited(stream), mode="r|") as tar:  # type: ignore[arg-type]
                for info in tar:
                    count += 1
                    if count > _MOST_ENTRIES:
                        raise TooMuch(f"more than {_MOST_ENTRIES} entries")
                    yield _member(tar, info, wanted)
        except (tarfile.TarError, EOFError, UnicodeError, ValueError) as error:
            raise Unreadable(f"{shown(archive.name)}: {shown(str(error))}") from error
    if not count:
        raise Unreadable(f"{shown(archive.name)} has nothing in it")


def _member(
    tar: tarfile.TarFile, info: tarfile.TarInfo, wanted: Callable[[str, int], bool]
) -> Member:
    data = None
    if info.isreg() and wanted(info.name, info.size):
        file = tar.extractfile(info)
        data = file.read() if file else None
    return Member(info.name, _kind(info), info.size, data)


def _kind(info: tarfile.TarInfo) -> str:
    if info.isreg():
        return "a file"
    if info.isdir():
        return "a folder"
    if info.issym():
        return "a symbolic link"
    return "a hard link" if info.islnk() else "no regular file"


@contextmanager
def _as_tar(archive: Path) -> Iterator[IO[bytes]]:
    """Give an archive as a stream of tar. Raises Unreadable behind a block that read it all."""
    sandbox.require()
    box = Sandbox(Path("/tmp"), read=(archive.resolve(),), limits=_LIMITS)
    # With -P paths stay as they are: later versions take the first slash away, which makes a
    # file that does not count one that does.
    options = ["-P", "-cf", "-", "--format=pax"]
    command = box.command(["bsdtar", *options, f"@{archive.resolve()}"])
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=tools.environment(),
        start_new_session=True,
    )
    assert process.stdout is not None and process.stderr is not None
    said = bytearray()
    listener = threading.Thread(target=_keep_some, args=(process.stderr, said), daemon=True)
    clock = threading.Timer(_MOST_SECONDS, process.kill)
    try:
        listener.start()
        clock.start()
        yield process.stdout
        while process.stdout.read(1 << 16):
            pass
        status = process.wait()
        listener.join()
    except Unreadable as error:
        # bsdtar itself knows better what is wrong than who reads what it made of it.
        listener.join(1)
        raise Unreadable(_why(archive, said) or str(error)) from error
    finally:
        clock.cancel()
        tools.kill_group(process)
        process.stdout.close()
    if status:
        raise Unreadable(_why(archive, said) or f"{shown(archive.name)}: status {status}")


def _keep_some(stream: IO[bytes], said: bytearray) -> None:
    while data := stream.read(4096):
        said += data[: 4096 - len(said)]


def _why(archive: Path, said: bytearray) -> str | None:
    """Return what bsdtar has said, which does not always know what is wrong."""
    lines = said.decode(errors="replace").splitlines()
    text = lines[0].removeprefix("bsdtar: ").strip() if lines else ""
    if not text:
        return None
    known = text if "(null)" not in text else "it is damaged, or a part of it is missing"
    return f"{shown(archive.name)}: {shown(known.replace(str(archive.resolve()), 'it'))}"
