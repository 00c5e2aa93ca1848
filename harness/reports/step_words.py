"""Sentences about a step of a mapping's life, all of them made from what was seen."""

from harness.results.steps import LabLife, LabPage, LifeStep, MappingLives, UserSide, Way

# What stands where nothing leads to a page.
NOTHING = "nothing is mapped"


def number(value: int) -> str:
    """Return an address or a frame as the kernel prints it."""
    return f"0x{value:x}"


def count(many: int, thing: str) -> str:
    """Return a number of things."""
    return f"{many} {thing}" if many == 1 else f"{many} {thing}s"


def load_of(life: LabLife) -> str:
    """Return the module and its parameters."""
    return " ".join((life.lab, *life.parameters))


def run_of(lives: MappingLives) -> str:
    """Return what the pictures are of."""
    return (
        f"Linux {lives.release} ({lives.target}; {lives.machine}), {lives.date}, "
        f"SEED={number(lives.seed)}"
    )


def happens(life: LabLife, step: LifeStep) -> str:
    """Say what has just happened."""
    return {
        "before": "The module has its memory. The program has opened the device.",
        "mmap": "The program has called mmap().",
        "touch": f"The program has stored 8 bytes, the seed, in page {life.page}.",
        "fork": "The program has called fork().",
        "munmap": f"The program has unmapped page {life.page}, and its child has not.",
        "last": "The child has ended, and the program has unmapped the rest.",
    }[step.name]


def seen_of(step: LifeStep) -> str:
    """Say what is to be seen now."""
    seen = "; ".join(_reaches(side) for side in step.processes)
    hosted = any(way.host for page in step.pages for way in (page.kernel,))
    missing = any(
        side.has(way.address) and way.frame is None for side in step.processes for way in side.pages
    )
    if hosted and missing:
        seen += "; user-mode Linux has its host map a page when that is first used"
    counted = "" if step.mappings is None else f" The lab counts {count(step.mappings, 'VMA')}."
    return f"{seen[:1].upper()}{seen[1:]}.{counted}"


def _reaches(side: UserSide) -> str:
    reached = sum(way.frame is not None for way in side.pages)
    name = "the program" if side.name == "program" else side.name
    areas = count(len(side.areas), "VMA") if side.areas else "no VMA"
    if not side.areas and not reached:
        return f"{name} has no VMA of the device"
    return f"{name} has {areas} and reaches {reached} of {count(len(side.pages), 'page')}"


def zone_of(life: LabLife, page: LabPage) -> str:
    """Return the name of the zone in which the kernel's address of a page is."""
    for zone in life.zones:
        if zone.start <= page.kernel.address < zone.end:
            if zone.offset is None and not page.is_ram:
                return "I/O mappings"
            return zone.name
    return "vmalloc space"


def place_of(page: LabPage) -> str:
    """Return what kind of memory a frame is."""
    return "RAM" if page.is_ram else f"outside the kernel's RAM: {page.region}"


def ends_at(way: Way) -> str:
    """Return where a way leads."""
    if way.frame is None:
        return NOTHING
    kind = f", {way.memory_type}" if way.memory_type else ""
    return f"frame {number(way.frame)}{kind}"


def describe(life: LabLife, step: LifeStep) -> str:
    """Return the whole picture in words, a sentence for each page."""
    lines = [happens(life, step), seen_of(step)]
    for page in step.pages:
        users = ", ".join(
            f"{side.name} {number(side.pages[page.index].address)}: "
            f"{ends_at(side.pages[page.index])}"
            for side in step.processes
        )
        lines.append(
            f"Page {page.index}: kernel address {number(page.kernel.address)} in the "
            f"{zone_of(life, page)}: {ends_at(page.kernel)}, {place_of(page)}; {users}."
        )
    return " ".join(lines)
