"""QEMU's monitor: writing a machine's state to a file, and going on from there.

The protocol is QMP (docs/interop/qmp-spec.txt), the commands are in qapi/migration.json. RAM
that is shared with a file is in that file whenever the machine stands still, and no part of
the state: QEMU calls that x-ignore-shared.
"""

import json
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from harness.base.errors import SetupError
from harness.guest import sockets

# The socket, in the directory that QEMU is started in.
_SOCKET = "monitor"
OPTION = ("-qmp", f"unix:{_SOCKET},server=on,wait=off")

# Seconds in which QEMU listens, and in which it answers.
_PATIENCE = 30.0
_PAUSE = 0.005


@dataclass(frozen=True)
class _Monitor:
    stream: IO[str]

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Have QEMU carry out a command. Raises SetupError if it refuses, or is gone."""
        self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.stream.flush()
        while line := self.stream.readline():
            answer = json.loads(line)
            if "error" in answer:
                raise SetupError(f"QEMU refuses {command}: {answer['error']['desc']}")
            if "return" in answer:
                return dict(answer["return"])
        raise SetupError(f"QEMU was gone before it answered {command}")

    def migrate(self, command: str, uri: str) -> None:
        """Have a machine's state go from or to a program. Raises SetupError if that fails."""
        capability = {"capability": "x-ignore-shared", "state": True}
        self.ask("migrate-set-capabilities", capabilities=[capability])
        self.ask(command, uri=uri)
        while (status := self.ask("query-migrate").get("status")) != "completed":
            if status in ("failed", "cancelled"):
                raise SetupError(f"QEMU's {command} has {status}")
            time.sleep(_PAUSE)


@contextmanager
def _monitor(directory: Path) -> Iterator[_Monitor]:
    try:
        with sockets.connected(directory, _SOCKET, _PATIENCE, _PATIENCE) as connection:
            with connection.makefile("rw") as stream:
                stream.readline()  # QEMU's greeting
                monitor = _Monitor(stream)
                monitor.ask("qmp_capabilities")
                yield monitor
    except (OSError, ValueError) as error:
        raise SetupError(f"QEMU's monitor does not answer: {error}") from error


def save(directory: Path, state: Path) -> None:
    """Stop the machine that was started in ``directory``, write its state, and end it.

    Raises SetupError if that fails.
    """
    with _monitor(directory) as monitor:
        monitor.ask("stop")
        monitor.migrate("migrate", f"exec:cat >{shlex.quote(str(state))}")
        monitor.ask("quit")


def go_on(directory: Path, state: Path) -> None:
    """Have the machine that was started in ``directory`` go on from a state.

    Raises SetupError if that fails.
    """
    with _monitor(directory) as monitor:
        monitor.migrate("migrate-incoming", f"exec:cat {shlex.quote(str(state))}")
        monitor.ask("cont")
