"""What was asked for, as one value that goes from the command line down to the guest."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.paths import KUNIT, LABS
from harness.kernels.targets import Target


def new_seed() -> int:
    """Return a random seed of 64 bits."""
    return int.from_bytes(os.urandom(8), "little")


@dataclass(frozen=True)
class Request:
    """A target, and how to build, boot and check on it.

    ``flavour`` is that of a UML kernel, None for the default. ``accelerator`` is tcg, kvm
    or auto. ``limit`` is in seconds of wall time until a guest is killed, None for no
    limit. With ``boots`` a guest boots where it could go on from a snapshot.
    ``labs`` and ``suites`` are directories of sources; of a copy of the labs those in ``only``
    must be built, by default all. ``refresh`` looks for a
    newer kernel of the series first. The contents of all memory follow from ``seed``.
    """

    target: Target = Target()
    flavour: str | None = None
    accelerator: str = "tcg"
    limit: float | None = 120.0
    labs: Path = LABS
    suites: Path = KUNIT
    only: tuple[str, ...] = ()
    refresh: bool = False
    boots: bool = False
    seed: int = field(default_factory=new_seed)

    @property
    def is_strange(self) -> bool:
        """Whether it names code from elsewhere, which is built and run in the sandbox only."""
        return (self.labs, self.suites) != (LABS, KUNIT)
