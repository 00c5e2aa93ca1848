"""The lives of mappings: what is kept of them, and what follows from what a guest says."""

import json

import pytest

from harness.kernels.page_tables import ARM64, X86, X86_32, Format, WalkStep
from harness.results import steps
from harness.results.steps import MappingLives, from_json, to_json
from harness.runs.mapping_lives import linear_offset
from harness.tests import made_up_lives
from harness.tests.made_up_lives import FRAMES

IOMEM = """\
00001000-0009fbff : System RAM
00100000-17ffffff : System RAM
  0de00000-0ec01ef1 : Kernel code
18000000-18ffffff : Reserved
  18000000-18003fff : lab_reserved
""".splitlines()


@pytest.mark.parametrize("arch", ["x86_64", "arm64", "i386"])
def test_json_holds_all_of_it(arch: str) -> None:
    found = made_up_lives.lives(made_up_lives.life(arch))
    text = json.dumps(to_json(found))
    assert from_json(MappingLives, json.loads(text)) == found
    assert '"frame": "0x28ea"' in text, "numbers of 64 bits are text"


@pytest.mark.parametrize("spoilt", ["{}", "[]", '{"labs": 3}'])
def test_other_json_is_refused(spoilt: str) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_json(MappingLives, json.loads(spoilt))


@pytest.mark.parametrize(
    ("physical", "region"),
    [(0x28EA000, "System RAM"), (0x18002000, "Reserved"), (0x90000000, "nothing")],
)
def test_the_region_is_that_of_the_outermost_line(physical: int, region: str) -> None:
    regions = steps.regions_in(IOMEM)
    assert len(regions) == 3
    assert steps.region_of(regions, physical >> 12) == region
    assert steps.region_of([], physical >> 12) == "System RAM", "the kernel tells of none"


def test_the_linear_map_is_the_largest_zone_with_one_offset() -> None:
    text = (0xFFFFFFFF81000000, 0xFFFFFFFF83000000, 0xDE00000)
    vmalloc = (0xFFFFD19200000000, 0xFFFFF191FFFFFFFF, None)
    pieces = [
        (0xFFFF8CD600000000 + at, 0xFFFF8CD600000000 + at + 0x8000000, at) for at in (0, 1 << 28)
    ]
    assert linear_offset([text, vmalloc, *pieces]) == 0xFFFF8CD600000000
    assert linear_offset([vmalloc]) is None


@pytest.mark.parametrize("layout", [X86, ARM64, X86_32])
@pytest.mark.parametrize("level", [1, 2, 3, 4])
@pytest.mark.parametrize("entry", [0, 1, 3, 0x83, 0x200000000000E1, (1 << 64) - 1])
def test_each_bit_of_an_entry_has_one_name(layout: Format, level: int, entry: int) -> None:
    width = 8 * layout.entry_size
    entry &= (1 << width) - 1
    named = layout.fields(WalkStep(level, 0, entry))
    bits = [bit for field in named for bit in range(field.low, field.high + 1)]
    assert bits == list(range(width)), named
    put_together = sum(field.value(entry) << field.low for field in named)
    assert put_together == entry, named


def test_every_frame_of_a_step_is_found() -> None:
    step = made_up_lives.life().step("fork")
    assert set(steps.frames_of(step)) == set(FRAMES)
