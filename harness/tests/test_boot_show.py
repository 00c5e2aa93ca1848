"""Real boots: the pictures of mappings, of one guest for each architecture."""

import json
import re
from xml.etree import ElementTree

import pytest

from harness.base import terminal
from harness.base.errors import SetupError
from harness.base.paths import BUILD, ROOT
from harness.base.tools import environment
from harness.catalogue.labs import all_labs
from harness.guest import prepare
from harness.kernels.architecture import RESERVED_MIB
from harness.kernels.request import Request
from harness.kernels.targets import ARCHES, KUNIT_ARCH, Target, series_of
from harness.results.steps import TITLES, LabLife, LifeStep, MappingLives, from_json
from harness.tests.conftest import KMAPLAB, Kmaplab, labs_of

pytestmark = pytest.mark.boot

# Its frames are shown to be scattered. Those of others that are not said to be contiguous
# may be neighbours by chance.
_SCATTERED = "lab_vmalloc"

_TEXT = "{http://www.w3.org/2000/svg}text"

# What the first store to a page changes in its entry, as docs/story.md says of its lab.
_STORY_OF = "lab_kmalloc"
_FIRST_STORE = {"x86_64": {"dirty"}, "arm64": {"dirty", "read-only"}}


def frames_drawn(target: Target, life: LabLife, step: LifeStep) -> set[int]:
    """Return the frames in a picture's middle column: nothing else there is so short."""
    path = BUILD / "pictures" / str(target) / life.place / f"{step.name}.svg"
    said = [text.text or "" for text in ElementTree.parse(path).iter(_TEXT)]
    return {int(text, 16) for text in said if re.fullmatch(r"0x[0-9a-f]{1,7}", text)}


def is_reserved(target: Target, frame: int) -> bool:
    """Say whether a frame is of the memory that the harness has kept from the kernel."""
    qemu = ARCHES[target.arch].qemu
    return qemu is not None and 0 <= (frame << 12) - qemu.reserved < RESERVED_MIB << 20


def check_step(target: Target, life: LabLife, step: LifeStep) -> None:
    """Compare what the machine showed with what LAB_IOC_PAGE and /proc/self/smaps say."""
    where = f"{life.lab}, {step.title}"
    for page in step.pages:
        assert page.kernel.frame == page.told, f"{where}: the kernel's address of page {page.index}"
        for side in step.processes:
            way = side.pages[page.index]
            if side.has(way.address):
                assert way.frame in (page.told, None), f"{where}: {side.name}, page {page.index}"
            else:
                assert way.frame is None, f"{where}: {side.name} reaches page {page.index}"
            for level in way.levels:
                named = sum(bits.value << bits.low for bits in level.fields)
                assert named == level.entry, f"{where}: bits without a name in {level}"
        assert not (page.is_ram and is_reserved(target, page.told)), f"{where}: {page.region}"
        assert (page.linear is not None) == page.is_ram, f"{where}: the linear map"


def changed_bits(life: LabLife, before: str, after: str) -> set[str]:
    """Return the names of bits that differ between two steps, on the program's way to its page."""
    ways = [life.step(name).processes[0].pages[life.page] for name in (before, after)]
    return {
        one.name
        for levels in zip(*(way.levels for way in ways), strict=True)
        for one, two in zip(*(level.fields for level in levels), strict=True)
        if one.value != two.value
    }


def check_life(target: Target, lives: MappingLives, life: LabLife) -> None:
    """Compare the steps of a lab with each other."""
    assert [step.name for step in life.steps] == list(TITLES)
    for step in life.steps:
        check_step(target, life, step)
    touched, forked, cut = (life.step(name) for name in ("touch", "fork", "munmap"))
    middle = touched.processes[0].pages[life.page]
    assert middle.frame == touched.pages[life.page].told, f"{life.lab}: what it has touched"
    seed = lives.seed.to_bytes(8, "little").hex()
    assert touched.pages[life.page].content == seed, f"{life.lab}: the stored bytes in RAM"
    assert life.step("mmap").pages[life.page].content != seed
    if life.lab == _STORY_OF and target.arch in _FIRST_STORE:
        assert changed_bits(life, "mmap", "touch") == _FIRST_STORE[target.arch]
    assert [side.name for side in forked.processes] == ["program", "its child"]
    assert [len(side.areas) for side in cut.processes] == [2, 1], f"{life.lab}: VMAs"
    counted = [step.mappings for step in life.steps]
    assert counted in ([None] * 6, [0, 1, 1, 2, 3, 0]), f"{life.lab}: it counts {counted}"
    frames = [page.told for page in touched.pages]
    neighbours = frames == list(range(frames[0], frames[0] + len(frames)))
    assert neighbours or not life.contiguous, f"{life.lab}: {frames}"
    assert not (neighbours and life.lab == _SCATTERED), f"{life.lab}: {frames}"


def check_target(kmaplab: Kmaplab, target: Target) -> None:
    """Have all pictures of a target made, and compare them with what they are made of."""
    call = ("show", "--arch", target.arch, "--kernel", target.series)
    told = kmaplab(*call, "--format", "svg").expect(0).out.split()
    drawn = [
        (load.lab.name, load.parameters)
        for lab in all_labs()
        if lab.name in labs_of(target)
        for load in lab.loads_on(target)
        if load.lab.has_mmap
    ]
    assert len(set(told)) == len(drawn) * len(TITLES)
    again = kmaplab(*call, "--format", "json").expect(0)
    assert "leading" not in again.err, "nothing is run twice"
    lives: MappingLives = from_json(MappingLives, json.loads(again.out))
    kept = json.loads((BUILD / "pictures" / str(target) / "run.json").read_text())
    assert from_json(MappingLives, kept) == lives, "the file beside the pictures"
    assert [(life.lab, life.parameters) for life in lives.labs] == drawn
    for life in lives.labs:
        check_life(target, lives, life)
        for step in life.steps:
            assert frames_drawn(target, life, step) == {page.told for page in step.pages}


def test_pictures_show_what_the_machine_the_kernel_and_the_program_say(
    kmaplab: Kmaplab, debian_target: Target
) -> None:
    check_target(kmaplab, debian_target)


@pytest.mark.parametrize("arch", [name for name, one in ARCHES.items() if one.series])
def test_pictures_of_an_architecture_with_few_series_show_the_same(
    kmaplab: Kmaplab, arch: str
) -> None:
    target = Target(series_of(arch)[0], arch)
    try:
        prepare.kernel(Request(target))
    except SetupError as error:
        pytest.skip(str(error))
    check_target(kmaplab, target)


def test_pictures_of_user_mode_linux_show_the_same(kmaplab: Kmaplab, um_default: str) -> None:
    check_target(kmaplab, Target(um_default, KUNIT_ARCH))


def test_sixty_columns_are_enough(kmaplab: Kmaplab) -> None:
    wide = kmaplab("show", "--lab", "vmalloc").expect(0).out
    command = f"{KMAPLAB} show --lab vmalloc"
    status, shown = terminal.run(command, environment() | {"TERM": "xterm"}, ROOT, 300, 60)
    assert status == 0, shown
    # The terminal also shows how far a run is, or whom it waits for.
    shown = "\n".join(one for one in shown.splitlines() if not one.startswith("kmaplab:"))
    assert max(len(line.rstrip()) for line in shown.splitlines()) <= 60, shown
    meetings = [
        line for line in wide.splitlines() if re.match(r"[▸ ] ?\d 0x", line.replace("  ", " "))
    ]
    assert len(meetings) == 7, wide
    assert all(line in shown for line in meetings), "no line of frames is broken"
    assert wide.split() == shown.split(), "nothing is left out"


def test_another_page_than_there_is_is_refused(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("show", "--lab", "kmalloc", "--page", "99").expect(2)
    assert "PAGE=99: lab_kmalloc has pages 0 to 3 here" in outcome.err
