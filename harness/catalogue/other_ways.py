"""Right versions of the labs that are written differently: every check must pass for them.

    labs/02_pages/other_ways/exact.patch

        What: alloc_pages_exact(), which gives back what a block has beyond the buffer
        Right: the frames are as contiguous, and there are as many as are mapped

        --- a/lab_pages.c
        ...

A check that fails for one of them asks for more than docs/contract.md says.
"""

from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from harness.base.paths import LABS
from harness.catalogue import labs, patches
from harness.catalogue.labs import Lab

_KEYS = ("What", "Right")


@dataclass(frozen=True)
class OtherWay:
    """One right version: its patch, what is different in it, and why that is as right."""

    patch: Path
    lab: Lab
    what: str
    why: str

    def __str__(self) -> str:
        return patches.name_of(self.patch)


def read_all(directory: Path = LABS) -> list[OtherWay]:
    """Return all of them, in teaching order.

    Raises SetupError, with the patch's name, for a header that makes no sense.
    """
    return [
        _read(patch, lab)
        for lab in labs.all_labs()
        for patch in sorted(directory.glob(f"{lab.directory.name}/other_ways/*.patch"))
    ]


def _read(patch: Path, lab: Lab) -> OtherWay:
    header = patches.header(patch, _KEYS, _KEYS)
    return OtherWay(patch, lab, header["What"], header["Right"])


def rounds(ways: list[OtherWay]) -> list[list[OtherWay]]:
    """Put them together as few times as can be: the first of each lab, the second, and so on.

    Patches of different labs do not touch, so one copy can have them all.
    """
    of_labs = [[way for way in ways if way.lab == lab] for lab in labs.all_labs()]
    return [[way for way in one if way] for one in zip_longest(*of_labs)]
