"""Choosing between emulation and KVM.

/dev/kvm proves nothing: in a nested or cloud machine QEMU may open it and the
guest then hangs for ever in its firmware. So KVM is used where it is asked for,
or after a real boot under a short limit has shown that it works.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harness.base import paths
from harness.guest import guest
from harness.guest.channel import CommandReader
from harness.base.errors import RequestError, SetupError
from harness.guest.job import Job
from harness.guest.machine import Machine
from harness.base.paths import BUILD
from harness.base.progress import say, step
from harness.kernels.targets import Target

CHOICES = ("tcg", "kvm", "auto")
_DEVICE = Path("/dev/kvm")
_MEMORY = BUILD / "accel.json"

# Seconds: with KVM a guest is up in one, and emulation takes three.
_PROBE_LIMIT = 15.0


def require_known(wanted: str, target: Target) -> None:
    """Raise RequestError for a choice that is unknown, or that a target does not have."""
    qemu = target.architecture.qemu
    if wanted not in CHOICES:
        raise RequestError(f"ACCEL={wanted} is unknown: choose one of {', '.join(CHOICES)}")
    if wanted == "kvm" and qemu and not qemu.has_kvm:
        raise RequestError(
            f"ACCEL=kvm is for guests of this machine's architecture, and {target.arch} is not"
        )


def choose(wanted: str, machine: Machine) -> Machine:
    """Return ``machine`` with its accelerator set.

    ``machine.initrd`` is the bare initramfs, which a probe can boot. Raises
    SetupError if KVM is asked for and cannot be opened.
    """
    if not machine.qemu:
        return replace(machine, accel="native")
    if not machine.qemu.has_kvm:
        return replace(machine, accel="tcg")
    if wanted == "kvm" and not _can_open():
        raise SetupError(f"{_DEVICE} cannot be opened: use ACCEL=tcg, or join the group kvm")
    if wanted != "auto":
        return replace(machine, accel=wanted)
    works = _remembered(_host(machine.qemu.program), lambda: _can_open() and _boots(machine))
    if not works:
        say("KVM does not work on this machine: emulating")
    return replace(machine, accel="kvm" if works else "tcg")


def _can_open() -> bool:
    return os.access(_DEVICE, os.R_OK | os.W_OK)


def _host(program: str) -> str:
    """Name what the answer depends on: the host's kernel, CPU, QEMU and rights."""
    cpu = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    model = [line for line in cpu.splitlines() if line.startswith(("model name", "hypervisor"))]
    qemu = shutil.which(program) or ""
    size = Path(qemu).stat().st_size if qemu else 0
    text = f"{os.uname().release} {model} {qemu} {size} {_can_open()}"
    return hashlib.sha256(text.encode()).hexdigest()


def _remembered(host: str, ask: Callable[[], bool]) -> bool:
    try:
        answers = json.loads(_MEMORY.read_text())
    except (OSError, ValueError):
        answers = {}
    if not isinstance(answers, dict) or host not in answers:
        answers = {host: ask()}
        _MEMORY.parent.mkdir(parents=True, exist_ok=True)
        _MEMORY.write_text(json.dumps(answers))
    return bool(answers[host])


def _boots(machine: Machine) -> bool:
    """Boot a guest with KVM that runs one command; say whether it did."""
    job = Job("command", command="true")
    reader = CommandReader(job.nonce)

    def heard(data: bytes) -> bool:
        reader.feed(data)
        return reader.status is not None

    with step("trying KVM"), paths.scratch() as directory:
        trial = replace(job.give(machine, directory), accel="kvm", limit=_PROBE_LIMIT)
        try:
            return guest.run(trial, heard).finished
        except SetupError:
            return False
