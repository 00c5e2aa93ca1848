"""What can be booted: a kernel series on an architecture."""

from dataclasses import dataclass

from harness.base.errors import RequestError
from harness.kernels import arm64, host, i386, um, x86_64
from harness.kernels.architecture import Architecture
from harness.kernels.newest import newest_series
from harness.kernels.series import DEFAULT_SERIES, NEWEST, SERIES, Groups, Series

ARCHES: dict[str, Architecture] = {
    module.ARCHITECTURE.name: module.ARCHITECTURE for module in (x86_64, um, arm64, i386)
}
DEFAULT_ARCH = x86_64.ARCHITECTURE.name
# What KERNEL= is where the number of the series does not matter.
NEWEST_NAME = "newest"
# Where the KUnit suites run.
KUNIT_ARCH = next(name for name, arch in ARCHES.items() if arch.has_kunit)
# Those whose machine QEMU plays, in words.
EMULATED = " or ".join(name for name, arch in ARCHES.items() if arch.qemu)
# Where a machine describes its devices by a device tree, as x86 does not.
DEVICE_TREE_ARCH = next(
    name for name, arch in ARCHES.items() if arch.qemu and arch.qemu.has_device_tree
)
# What a browser can emulate.
WEB_ARCH = i386.ARCHITECTURE.name


@dataclass(frozen=True)
class Target:
    """A kernel series on an architecture.

    The series need not be in the table, if the kernel is built from its source.
    """

    series: str = DEFAULT_SERIES
    arch: str = DEFAULT_ARCH

    def __str__(self) -> str:
        return f"{self.series}-{self.arch}"

    @property
    def architecture(self) -> Architecture:
        """What the harness has to say of the architecture."""
        return ARCHES[self.arch]

    @property
    def has_image(self) -> bool:
        """Whether there is a kernel of the series for the architecture."""
        only = self.architecture.series
        return self.architecture.is_built or (
            bool(self.suites) and (not only or self.series in only)
        )

    @property
    def suites(self) -> Groups:
        """Groups of suites to look for the image in, best first."""
        return _series(self.series).image

    @property
    def sources(self) -> Groups:
        """Groups of suites to look for the source in, best first."""
        return _series(self.series).source


def _series(name: str) -> Series:
    return SERIES.get(name, Series((), NEWEST))


def target(series: str | None, arch: str | None, refresh: bool = False) -> Target:
    """Check a request against the tables; newest stands for the newest series there is.

    ``refresh`` has the mirror asked for that one. Raises RequestError, with the valid
    names, for an unknown one.
    """
    series = series or DEFAULT_SERIES
    arch = arch or DEFAULT_ARCH
    if arch not in ARCHES:
        raise RequestError(f"ARCH={arch} is unknown: choose one of {', '.join(ARCHES)}")
    if why := host.why_not(ARCHES[arch]):
        here = " and ".join(name for name in ARCHES if not host.why_not(ARCHES[name]))
        raise RequestError(
            f"ARCH={arch} does not run on this machine ({host.machine()}): {why}. "
            f"Here runs: {here or 'nothing of this project'}"
        )
    if series == NEWEST_NAME:
        is_built = ARCHES[arch].is_built
        return Target(newest_series(refresh) if is_built else series_of(arch)[-1], arch)
    if series not in SERIES:
        known = ", ".join((*SERIES, NEWEST_NAME))
        raise RequestError(f"KERNEL={series} is unknown: choose one of {known}")
    wanted = Target(series, arch)
    if not wanted.has_image:
        able = " or ".join(name for name in ARCHES if series in series_of(name))
        raise RequestError(
            f"KERNEL={series} runs with ARCH={able} only: "
            f"for ARCH={arch} choose one of {', '.join(series_of(arch))}"
        )
    return wanted


def check_flavour(wanted: Target, flavour: str | None) -> None:
    """Raise RequestError for a flavour that does not exist; None is the default."""
    known = wanted.architecture.flavours
    if flavour and not known:
        raise RequestError(f"FLAVOUR= is of no use with ARCH={wanted.arch}: leave it out")
    if flavour and flavour not in known:
        raise RequestError(f"FLAVOUR={flavour} is unknown: choose one of {', '.join(known)}")


def series_of(arch: str) -> list[str]:
    """Return the series that run on an architecture."""
    return [name for name in SERIES if Target(name, arch).has_image]
