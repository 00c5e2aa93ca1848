"""What one guest is to do, in the form that its init reads (harness/guest/files/init)."""

import shlex
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.build import initramfs
from harness.guest import snapshots
from harness.guest.channel import new_nonce
from harness.guest.machine import Machine


@dataclass(frozen=True)
class Job:
    """One of init's verbs, with the settings and the files that it reads.

    ``plan`` has a line for each load. ``extra`` is a directory that appears as /extra.
    The guest's answers begin with ``nonce``.
    """

    verb: str
    settings: dict[str, str | int] = field(default_factory=dict)
    plan: tuple[str, ...] = ()
    command: str = ""
    extra: Path | None = None
    nonce: str = field(default_factory=new_nonce)

    def give(self, machine: Machine, directory: Path) -> Machine:
        """Return the machine with this job, which goes to ``directory``, as do its files.

        A machine that may goes on from a snapshot, which is taken if there is none yet.
        Raises RequestError if the extra directory cannot be used.
        """
        files = {
            "env": self._environment(machine),
            "plan": "".join(f"{line}\n" for line in self.plan),
            "command": f"{self.command}\n",
        }
        job = initramfs.write_job(directory, files, self.extra)
        if snapshots.can_be_taken(machine) and (ready := snapshots.restored(machine, job)):
            return ready
        archives = (*machine.before, machine.initrd, job)
        return replace(machine, initrd=initramfs.join(archives, directory), before=())

    def _environment(self, machine: Machine) -> str:
        values: dict[str, str | int] = {
            "NONCE": self.nonce,
            "VERB": self.verb,
            "KERNEL": machine.kernel.target.series,
            **self.settings,
        }
        return "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in values.items())
