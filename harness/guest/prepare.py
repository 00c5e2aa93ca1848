"""From a target to a machine that can be booted: fetch, build, pack."""

from pathlib import Path

from harness.build import check_programs, initramfs, modules
from harness.guest import accel
from harness.kernels import debian, uml
from harness.guest.guest import Machine
from harness.base.lock import locked
from harness.base.paths import BUILD, KUNIT, LABS
from harness.kernels.targets import Target


def machine(
    target: Target,
    wanted_accel: str,
    limit: float | None,
    labs: Path = LABS,
    refresh: bool = False,
    flavour: str | None = None,
    suites: Path = KUNIT,
) -> Machine:
    """Return a machine for a target with the modules in ``labs`` and ``suites``.

    Whatever is there and current is reused. Its initrd does nothing yet: a job
    has to be appended (initramfs.Job). ``limit`` is in seconds; ``refresh`` looks
    for a newer kernel; ``flavour`` is that of a UML kernel.
    """
    kernel = uml.fetch(target, flavour) if target.is_um else debian.fetch(target, refresh)
    with locked(BUILD / "build.lock", "the build"):
        built = modules.build(kernel, labs, suites)
        archive = initramfs.build(kernel, built, check_programs.build())
    return accel.choose(wanted_accel, Machine(kernel, archive, limit=limit))
