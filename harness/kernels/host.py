"""The machine that all is built on, and whether the guest of an architecture runs there."""

import platform

from harness.kernels.architecture import Architecture

# What uname -m says, and what Debian calls it.
_DEBIAN_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


def machine() -> str:
    """Return what the machine calls its architecture, as uname -m does."""
    return platform.machine()


def debian_name() -> str:
    """Return what Debian calls this machine's architecture, or what the machine does."""
    return _DEBIAN_NAMES.get(machine(), machine())


def why_not(architecture: Architecture) -> str | None:
    """Return why an architecture's guests cannot be built and run here; None if they can."""
    return None if debian_name() in architecture.hosts else architecture.elsewhere
