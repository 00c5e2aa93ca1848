"""The kernel series, and which suites of Debian's archive carry them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DebianSuite:
    """A place in Debian's archive that carries kernel packages.

    ``name`` is the suite as an apt source names it. ``security`` says that it
    lies in the security archive, which has an address of its own.
    """

    name: str
    security: bool = False


# Suites to look in, best first. Those that belong together are fetched together,
# and the newest package wins.
Groups = tuple[tuple[DebianSuite, ...], ...]


@dataclass(frozen=True)
class Series:
    """Which suites carry a kernel series: as an image to boot, and as source.

    There is no image where the headers need a newer compiler or C library than
    bookworm's; user-mode Linux is built from the source.
    """

    image: Groups
    source: Groups


BOOKWORM = (DebianSuite("bookworm"), DebianSuite("bookworm-security", security=True))

# Where Debian puts a new series first.
NEWEST: Groups = ((DebianSuite("trixie-backports"),), (DebianSuite("sid"),))

SERIES: dict[str, Series] = {
    "6.1": Series((BOOKWORM,), (BOOKWORM,)),
    "6.12": Series(
        ((DebianSuite("bookworm-backports"),), (DebianSuite("trixie"),)),
        ((DebianSuite("bookworm-backports"),), (DebianSuite("trixie"),)),
    ),
    "7.2": Series((), NEWEST),
    "7.3": Series((), NEWEST),
}

DEFAULT_SERIES = "6.1"


def number(series: str) -> tuple[int, ...]:
    """Return what series are compared by: 6.12 comes after 6.2."""
    return tuple(int(part) for part in series.split("."))
