"""What can be booted: the table of kernel series and architectures."""

from dataclasses import dataclass

from harness.base.errors import RequestError


@dataclass(frozen=True)
class Suite:
    """A place in Debian's archive that carries kernel packages.

    ``name`` is the suite as an apt source names it. ``security`` says that it
    lies in the security archive, which has an address of its own.
    """

    name: str
    security: bool = False


# Suites to look in, best first. Those that belong together are fetched together,
# and the newest package wins.
Groups = tuple[tuple[Suite, ...], ...]


@dataclass(frozen=True)
class Series:
    """Which suites carry a kernel series: as an image to boot, and as source.

    There is no image where the headers want a newer compiler or C library than
    bookworm's; user-mode Linux is built from the source.
    """

    image: Groups
    source: Groups


_BOOKWORM = (Suite("bookworm"), Suite("bookworm-security", security=True))

SERIES: dict[str, Series] = {
    "6.1": Series((_BOOKWORM,), (_BOOKWORM,)),
    "6.12": Series(
        ((Suite("bookworm-backports"),), (Suite("trixie"),)),
        ((Suite("bookworm-backports"),), (Suite("trixie"),)),
    ),
    "7.2": Series((), ((Suite("trixie-backports"),), (Suite("sid"),))),
}

# The kernel's name for an architecture: Debian's name, and the image flavour.
# um is user-mode Linux, a kernel that runs as a program on the machine itself.
ARCHES: dict[str, tuple[str, str]] = {
    "x86_64": ("amd64", "cloud-amd64"),
    "um": ("amd64", ""),
}

DEFAULT_SERIES = "6.1"
DEFAULT_ARCH = "x86_64"


@dataclass(frozen=True)
class Target:
    """A kernel series on an architecture, both known to the tables above."""

    series: str = DEFAULT_SERIES
    arch: str = DEFAULT_ARCH

    def __str__(self) -> str:
        return f"{self.series}-{self.arch}"

    @property
    def debian_arch(self) -> str:
        """The architecture as Debian's packages spell it."""
        return ARCHES[self.arch][0]

    @property
    def flavour(self) -> str:
        """The end of the kernel packages' names."""
        return ARCHES[self.arch][1]

    @property
    def is_um(self) -> bool:
        """Whether this is user-mode Linux."""
        return self.arch == "um"

    @property
    def suites(self) -> Groups:
        """Groups of suites to look for the image in, best first."""
        return SERIES[self.series].image

    @property
    def sources(self) -> Groups:
        """Groups of suites to look for the source in, best first."""
        return SERIES[self.series].source


def target(series: str | None, arch: str | None) -> Target:
    """Check a request against the tables.

    Raises RequestError, with the valid names, for an unknown one.
    """
    series = series or DEFAULT_SERIES
    arch = arch or DEFAULT_ARCH
    if series not in SERIES:
        raise RequestError(f"KERNEL={series} is unknown: choose one of {', '.join(SERIES)}")
    if arch not in ARCHES:
        raise RequestError(f"ARCH={arch} is unknown: choose one of {', '.join(ARCHES)}")
    wanted = Target(series, arch)
    if not wanted.is_um and not wanted.suites:
        raise RequestError(
            f"KERNEL={series} runs with ARCH=um only: "
            f"for ARCH={arch} choose one of {', '.join(series_of(arch))}"
        )
    return wanted


def series_of(arch: str) -> list[str]:
    """Return the series that run on an architecture."""
    return [name for name, series in SERIES.items() if arch == "um" or series.image]
