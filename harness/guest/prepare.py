"""From a request to a machine that can be booted: fetch, build, pack."""

from contextlib import AbstractContextManager

from harness.base import digest, sandbox
from harness.build import (
    check_programs,
    compiler_warnings,
    initramfs,
    modules,
    quick_modules,
    reach,
    taken,
)
from harness.build.check_programs import Programs
from harness.build.modules import Modules
from harness.guest import accel
from harness.kernels import debian, uml
from harness.guest.machine import Machine
from harness.base.lock import locked
from harness.base.paths import BUILD
from harness.base.progress import tell
from harness.kernels.debian import Kernel
from harness.kernels.request import Request

# Locks for copies of the labs: each has one of these, so that their number does not grow.
_COPY_LOCKS = 256


def kernel(request: Request) -> Kernel:
    """Return the kernel that a request names, fetched or built if it is not there."""
    if request.target.architecture.is_built:
        return uml.fetch(request.target, request.flavour)
    return debian.fetch(request.target, request.refresh)


def built(request: Request) -> Modules:
    """Return the modules that a request names, built for its kernel."""
    return _modules(kernel(request), request)


def machine(request: Request, suites: bool = True) -> Machine:
    """Return a machine for a request, with the modules that it names.

    Whatever is there and current is reused. Its initrd does nothing yet: a job
    has to be given to it (guest.job.Job). Without ``suites`` those are not built for a copy
    of the labs, which takes longer than to build the labs.
    """
    return machine_and_modules(request, suites)[0]


def machine_and_modules(request: Request, suites: bool = True) -> tuple[Machine, Modules]:
    """Return a machine for a request, and the modules that are in it; suites likewise."""
    found = kernel(request)
    ready = _modules(found, request, suites)
    with _building():
        programs = check_programs.build(request.target.architecture)
    with _building(request):
        made = of_modules(request, found, ready, programs)
    for text in compiler_warnings.of(ready, request.labs):
        tell(text)
    return accel.choose(request.accelerator, made), ready


def of_modules(request: Request, kernel: Kernel, ready: Modules, programs: Programs) -> Machine:
    """Return a machine for a request, with these modules and check programs."""
    return Machine(
        kernel,
        initrd=initramfs.build(kernel, ready, programs),
        before=(initramfs.base(kernel),),
        limit=request.limit,
        boots=request.boots,
        sandboxed=request.is_strange,
        modules=ready,
    )


def _building(request: Request | None = None) -> AbstractContextManager[object]:
    """Build alone what belongs to the project, or to the copy of the labs that a request names.

    Copies hardly wait for each other: of a class many are graded at once.
    """
    if not request or not request.is_strange:
        return locked(BUILD / "build.lock", "the build")
    number = int(digest.of([str(request.labs)]), 16) % _COPY_LOCKS
    return locked(BUILD / "copies" / f"{number}.lock", "the build of a copy of the labs")


def _modules(found: Kernel, request: Request, suites: bool = True) -> Modules:
    if not request.is_strange:
        with _building():
            return modules.build(found)
    sandbox.require()
    own = None
    if not found.target.architecture.has_kunit:
        with _building():
            own = modules.build(found)
    with _building(request):
        what = taken.take(request.labs)
        if own and quick_modules.can(found, own):
            made = quick_modules.build(found, own, what, request.only)
        else:
            wanted = request.suites if suites else None
            made = modules.build(found, what.directory, wanted, sandboxed=True, taken=what)
        return reach.refuse(found, made)
