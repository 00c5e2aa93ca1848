"""What can be booted: the table of kernel series and architectures."""

from dataclasses import dataclass

from harness.errors import RequestError


@dataclass(frozen=True)
class Suite:
    """A place in Debian's archive that carries kernel packages.

    ``name`` is the suite as an apt source names it. ``security`` says that it
    lies in the security archive, which has an address of its own.
    """

    name: str
    security: bool = False


# Which suites carry a series, best first. The kbuild programs of bookworm and
# its backports run on bookworm's libc; those of later suites may not. Suites
# that belong together are fetched together, and the newest package wins.
SERIES: dict[str, tuple[tuple[Suite, ...], ...]] = {
    "6.1": ((Suite("bookworm"), Suite("bookworm-security", security=True)),),
    "6.12": ((Suite("bookworm-backports"),), (Suite("trixie"),)),
}

# The kernel's name for an architecture: Debian's name, and the image flavour.
ARCHES: dict[str, tuple[str, str]] = {
    "x86_64": ("amd64", "cloud-amd64"),
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
    def suites(self) -> tuple[tuple[Suite, ...], ...]:
        """Groups of suites to look in, best first."""
        return SERIES[self.series]


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
    return Target(series, arch)
