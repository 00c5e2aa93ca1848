"""The sockets on which QEMU listens, in the directory that it was started in."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE = 0.005


@contextmanager
def connected(
    directory: Path, name: str, patience: float, until_there: float = 0
) -> Iterator[socket.socket]:
    """Connect to a socket on which each answer may take ``patience`` seconds.

    Where QEMU was just started, the socket may come within ``until_there`` seconds.
    A socket's whole path might be longer than the 107 bytes that it may have, so it is
    reached by way of the directory. Raises OSError if nobody listens.
    """
    deadline = time.monotonic() + until_there
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience)
        place = os.open(directory, os.O_PATH)
        try:
            while True:
                try:
                    connection.connect(f"/proc/self/fd/{place}/{name}")
                    break
                except (FileNotFoundError, ConnectionRefusedError):
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(_PAUSE)
        finally:
            os.close(place)
        yield connection
