"""A lab's life, made up of page tables in a made-up machine's RAM, for what draws it."""

from dataclasses import replace

from harness.kernels.page_tables import ARM64, PAGE_SIZE, X86, X86_32
from harness.results.steps import (
    TITLES,
    Hex,
    HostArea,
    LabLife,
    LabPage,
    LifeStep,
    MappingLives,
    MemoryRegion,
    UserArea,
    UserSide,
    Way,
    Zone,
)
from harness.runs.mapping_lives import way_to
from harness.tests.test_page_tables import MadeUpRam

USER, VMALLOC, OFFSET = 0x7FE98D1F8000, 0xFFFFD192405C6000, 0xFFFF8CD600000000
# The same where addresses have 32 bits.
_NARROW = (0xB7FD8000, 0xE08AE000, 0xC0000000)
# Two frames are neighbours, the others are not.
FRAMES = (0x28EA, 0x28E1, 0x2A02, 0x2A03, 0x1FF07)
MIDDLE = len(FRAMES) // 2

# Leaves for a user and for the kernel, and what leads to them; arm64's of ordinary memory.
_LEAVES = {
    "i386": (0x67, 0x163, 0x67),
    "x86_64": (1 << 63 | 0x267, 1 << 63 | 0x163, 0x67),
    "arm64": (0x0168000000000F43, 0x0068000000000703, 0x3),
}
_FORMATS = {"x86_64": X86, "arm64": ARM64, "i386": X86_32}
_REGISTERS = {
    "i386": {"cr3": 0x100000, "cs": 0x73},
    "x86_64": {"cr3": 0x100000, "cs": 0x33},
    "arm64": {"TTBR0_EL1": 0x100000, "TTBR1_EL1": 0x101000, "MAIR_EL1": 0xFFFF},
}


def _places(arch: str) -> tuple[int, int, int]:
    """Return where user and kernel have the memory, and what the linear map adds."""
    return _NARROW if arch == "i386" else (USER, VMALLOC, OFFSET)


def ways(arch: str = "x86_64") -> tuple[list[Way], list[Way], list[Way]]:
    """Return the ways from user's, vmalloc's and the linear map's addresses to the frames."""
    user_leaf, kernel_leaf, table = _LEAVES[arch]
    user, kernel, offset = _places(arch)
    ram = MadeUpRam(_FORMATS[arch], _REGISTERS[arch])
    numbers = range(len(FRAMES))
    for number, frame in enumerate(FRAMES):
        ram.map(user + number * PAGE_SIZE, frame * PAGE_SIZE | user_leaf, table)
        ram.map(kernel + number * PAGE_SIZE, frame * PAGE_SIZE | kernel_leaf, table)
        ram.map(offset + frame * PAGE_SIZE, frame * PAGE_SIZE | kernel_leaf, table)
    return (
        [way_to(ram.walker, user + number * PAGE_SIZE, False) for number in numbers],
        [way_to(ram.walker, kernel + number * PAGE_SIZE, True) for number in numbers],
        [way_to(ram.walker, offset + frame * PAGE_SIZE, True) for frame in FRAMES],
    )


def life(arch: str = "x86_64", reserved: bool = False) -> LabLife:
    """Return the life of a mapping of scattered pages, or of such outside of RAM."""
    user, kernel, linear = ways(arch)
    region = "Reserved" if reserved else "System RAM"
    pages = tuple(
        LabPage(
            number,
            Hex(frame),
            kernel[number],
            None if reserved else linear[number],
            region,
            "6162636461626364",
        )
        for number, frame in enumerate(FRAMES)
    )
    _, vmalloc, offset = _places(arch)
    zones = (
        Zone("linear map", Hex(offset + PAGE_SIZE), Hex(offset + 0x1FFDA000), Hex(offset)),
        Zone("vmalloc space", Hex(vmalloc & -(1 << 20)), Hex(vmalloc + (1 << 24)), None),
    )
    steps = tuple(LifeStep(name, 1, _processes(name, user), pages) for name in TITLES)
    name = "lab_reserved" if reserved else "lab_vmalloc"
    memory = (
        MemoryRegion("System RAM", Hex(0x1000), Hex(0x9FBFF)),
        MemoryRegion(region, Hex(0x100000), Hex(0x1FFFFFFF)),
    )
    return LabLife(name, "made up", ("pages=5",), MIDDLE, zones, memory, True, steps)


def on_host() -> LabLife:
    """Return the life of a mapping in user-mode Linux, where a host maps the frames."""
    made = life()

    def hosted(way: Way) -> Way:
        start = Hex(way.address & -PAGE_SIZE)
        area = HostArea(start, Hex(start + PAGE_SIZE), Hex((way.frame or 0) * PAGE_SIZE))
        host = None if way.frame is None else area
        return Way(way.address, way.frame, host=host)

    def step(one: LifeStep) -> LifeStep:
        processes = tuple(
            replace(side, pages=tuple(hosted(way) for way in side.pages)) for side in one.processes
        )
        pages = tuple(
            replace(page, kernel=hosted(page.kernel), linear=page.linear and hosted(page.linear))
            for page in one.pages
        )
        return replace(one, processes=processes, pages=pages)

    return replace(made, memory=(), steps=tuple(step(one) for one in made.steps))


def _processes(step: str, user: list[Way]) -> tuple[UserSide, ...]:
    def area(first: int, last: int) -> UserArea:
        start, end = (Hex(user[0].address + number * PAGE_SIZE) for number in (first, last))
        return UserArea(start, end, Hex(first * PAGE_SIZE), "rw-s", ("rd", "wr", "sh", "pf"))

    def without(numbers: range) -> tuple[Way, ...]:
        gone = [replace(way, frame=None, levels=way.levels[:1]) for way in user]
        return tuple(gone[n] if n in numbers else way for n, way in enumerate(user))

    count = len(FRAMES)
    whole = UserSide("program", (area(0, count),), tuple(user))
    child = replace(whole, name="its child")
    if step in ("before", "last"):
        return (UserSide("program", (), without(range(count))),)
    if step == "fork":
        return (whole, child)
    if step == "munmap":
        areas = (area(0, MIDDLE), area(MIDDLE + 1, count))
        return (UserSide("program", areas, without(range(MIDDLE, MIDDLE + 1))), child)
    return (whole,)


def lives(*labs: LabLife) -> MappingLives:
    """Return what a guest showed of some labs."""
    return MappingLives(
        target="6.1-x86_64",
        release="6.1.0-56-cloud-amd64",
        machine="QEMU, tcg",
        seed=Hex(0xFEDCBA9876543210),
        date="2026-11-22",
        labs=labs or (life(),),
        skipped={"lab_prepare": "runs from Linux 7.2 on"},
    )
