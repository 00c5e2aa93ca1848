"""The picture of one step: user space, page frames, kernel space, and the way to one page.

Jinja2 writes the SVG (reports/pages/picture.svg): a template reads as what comes of it, and the
marks of a class are written by it as well. Where each thing stands is computed here.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from harness.base.paths import ROOT
from harness.reports import picture_paths, picture_style
from harness.reports.picture_shapes import Panel, Curve, Drawing, Label, text_width
from harness.reports.step_words import (
    describe,
    happens,
    load_of,
    number,
    run_of,
    seen_of,
    zone_of,
)
from harness.results.steps import (
    TITLES,
    LabLife,
    LabPage,
    LifeStep,
    MappingLives,
    MemoryRegion,
    UserArea,
    UserSide,
)

_PAGES = ROOT / "harness/reports/pages"

_WIDTH = 1200
_EDGE = 24
_ROW = 26
_GAP = 8
# The three columns: where each begins, and how wide it is.
_USER = (_EDGE, 390)
_FRAMES = (500, 220)
_KERNEL = (_WIDTH - _EDGE - 390, 390)
_TOP = 172

# Between neighbours in the picture that are none in RAM.
_BREAK = 20
# Above the rows of a card in which frames, or their linear addresses, are in the order of RAM.
_HEADING = 66

_ZONES = ("linear map", "vmalloc space", "I/O mappings")


def draw(lives: MappingLives, life: LabLife, step: LifeStep, page: int | None = None) -> Drawing:
    """Return the picture of a step; ``page`` is the one whose way is shown, by default the middle.

    Raises IndexError if the lab has no such page.
    """
    chosen = step.pages[life.page if page is None else page].index
    title = f"{load_of(life)} on {lives.target}: {step.title}"
    name = re.sub(r"[./=]", "_", f"kp-{lives.target}-{life.place}-{step.name}-{chosen}")
    description = f"{describe(life, step)} {picture_paths.describe(step, chosen)}"
    drawing = Drawing(name, title, description, _WIDTH)
    _head(drawing, lives, life, step)
    _Map(drawing, life, step, chosen).draw()
    drawing.height = picture_paths.add(drawing, step, chosen, drawing.height + 2 * _GAP, _EDGE)
    _foot(drawing, lives)
    return drawing


def as_svg(drawing: Drawing) -> str:
    """Return the picture as SVG, which may stand alone or in a page of HTML."""
    return _template().render(drawing=drawing, css=picture_style.css()) + "\n"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("picture.svg")


def _head(drawing: Drawing, lives: MappingLives, life: LabLife, step: LifeStep) -> None:
    """The lab, what has happened, and where in its life the mapping is."""
    drawing.labels += [
        Label(_EDGE, 38, load_of(life), "ink", 21, bold=True),
        Label(_WIDTH - _EDGE, 38, lives.target, "dim", 15, at_end=True, mono=True),
        Label(_EDGE, 64, happens(life, step), "ink", 13.5),
        Label(_EDGE, 84, seen_of(step), "ink", 13.5),
    ]
    drawing.labels.append(
        Label(_FRAMES[0] + _FRAMES[1] - 14, 156, "first bytes", "dim", 11, at_end=True)
    )
    beside = _EDGE + text_width(load_of(life), 21, bold=True) + 12
    drawing.labels.append(Label(beside, 38, life.title, "dim", 13))
    width = (_WIDTH - 2 * _EDGE - 5 * _GAP) / len(TITLES)
    for place, (name, title) in enumerate(TITLES.items()):
        x, now = _EDGE + place * (width + _GAP), name == step.name
        drawing.panels.append(Panel(x, 98, width, 26, "now" if now else "edge", 13))
        text = f"{place + 1} {title}"
        kind, on = ("inverse", "now") if now else ("dim", "paper")
        drawing.labels.append(Label(x + 12, 115, text, kind, 10.5, on=on))
    for heading, (left, _) in (
        ("USER SPACE", _USER),
        ("PAGE FRAMES", _FRAMES),
        ("KERNEL SPACE", _KERNEL),
    ):
        drawing.labels.append(Label(left, 156, heading, "dim", 13, bold=True))


def _foot(drawing: Drawing, lives: MappingLives) -> None:
    """What the lines mean, and what the picture is of."""
    y = drawing.height + 30
    x = float(_EDGE)
    for kind, text, room in (
        ("user-line", "the process's page tables lead there", 330),
        ("kernel-line", "the kernel's, from the address that the lab uses", 400),
        ("alias-line", "the kernel's, from the linear map", 330),
    ):
        drawing.curves.append(Curve((x, y - 4), (x + 44, y - 4), kind))
        drawing.labels.append(Label(x + 52, y, text, "dim", 12))
        x += room
    drawing.labels.append(Label(_EDGE, y + 26, run_of(lives), "dim", 12, mono=True))
    drawing.reach(y + 26 + 18)


@dataclass
class _Map:
    """The three columns, and the lines between them."""

    drawing: Drawing
    life: LabLife
    step: LifeStep
    chosen: int
    # Where the lines of each frame end, and from which side: frame, then height.
    _heights: dict[int, float] = field(default_factory=dict)

    def draw(self) -> None:
        """Draw it, below what is there."""
        self._heights = {}
        bottoms = [self._frames(), self._users(), self._kernel()]
        self.drawing.reach(max(bottoms))

    def _card(self, column: tuple[int, int], y: float, height: float, kind: str) -> None:
        x, width = column
        self.drawing.panels.append(Panel(x, y, width, height, kind))

    def _say(self, column: tuple[int, int], y: float, text: str, kind: str, on: str) -> None:
        """A line of a card's heading."""
        label = Label(column[0] + 10, y, text, kind, 11, mono=True, on=on)
        self.drawing.labels.append(label)

    # The frames

    def _frames(self) -> float:
        """Draw the frames, in the order of RAM; return where they end."""
        pages = sorted(self.step.pages, key=lambda page: page.told)
        y = float(_TOP)
        for region in _regions(self.life, pages):
            inside = [page for page in pages if region is None or region.has(page.told)]
            y = (self._region(region, inside, y) if inside else self._other_ram(region, y)) + _GAP
        return y

    def _other_ram(self, region: MemoryRegion | None, y: float) -> float:
        """RAM beside a region that is none, so that both are seen."""
        assert region
        self._card(_FRAMES, y, 42, "frame-card")
        place = _FRAMES[0] + 10
        self.drawing.labels.append(
            Label(place, y + 17, "RAM", "frame", 12, bold=True, on="frame-card")
        )
        self._say(_FRAMES, y + 33, _extent(region), "frame", "frame-card")
        return y + 42

    def _region(self, region: MemoryRegion | None, pages: list[LabPage], y: float) -> float:
        ram = pages[0].is_ram
        kind, text = ("frame-card", "frame") if ram else ("reserved-card", "reserved")
        gaps = [two.told - one.told - 1 for one, two in zip(pages, pages[1:])]
        height = _HEADING + len(pages) * _ROW + sum(_BREAK for gap in gaps if gap) + 2
        if not ram:
            self._card((_FRAMES[0] - 8, _FRAMES[1] + 16), y - 4, height + 8, "hatched")
        self._card(_FRAMES, y, height, kind)
        heading = "RAM" if ram else f"{pages[0].region}: not the kernel's"
        self.drawing.labels.append(
            Label(_FRAMES[0] + 10, y + 19, heading, text, 12, bold=True, on=kind)
        )
        if region:
            self._say(_FRAMES, y + 36, _extent(region), text, kind)
        self._say(_FRAMES, y + (53 if region else 36), self._type(pages[0]), text, kind)
        y += _HEADING
        for page, gap in zip(pages, [*gaps, 0]):
            self._frame(page, y, kind)
            y += _ROW
            if gap:
                self._say(_FRAMES, y + 13, f"··· {gap:,} frames ···", "dim", kind)
                y += _BREAK
        return y + 2

    def _type(self, page: LabPage) -> str:
        """The memory type of the kernel's mapping, and of the user's if it is another."""
        kinds = [page.kernel.memory_type]
        kinds += [side.pages[page.index].memory_type for side in self.step.processes]
        known = list(dict.fromkeys(kind for kind in kinds if kind))
        if len(known) == 1:
            return f"memory type: {known[0]}"
        return " / ".join(known) if known else "memory type: not to be seen"

    def _frame(self, page: LabPage, y: float, card: str) -> None:
        x, width = _FRAMES
        chosen = page.index == self.chosen
        kind = "frame" if page.is_ram else "reserved"
        on = ("chosen-frame" if page.is_ram else "paper") if chosen else "paper"
        self.drawing.panels.append(Panel(x + 6, y, width - 12, _ROW - 4, on, 3))
        self.drawing.panels.append(Panel(x + 6, y, width - 12, _ROW - 4, _border(chosen), 3))
        middle = y + 15.5
        bytes_there = " ".join(page.content[place : place + 2] for place in (0, 2, 4, 6))
        self.drawing.labels += [
            Label(x + 14, middle, number(page.told), kind, 12.5, mono=True, bold=True, on=on),
            Label(x + width - 14, middle, bytes_there, "ink", 11.5, True, mono=True, on=on),
        ]
        self._heights[page.told] = y + (_ROW - 4) / 2

    def _line(self, from_user: bool, y: float, frame: int, kind: str, chosen: bool) -> None:
        """A line from a row to its frame, if the picture has it."""
        if frame not in self._heights:
            return
        height = self._heights[frame]
        start, end = (
            ((_USER[0] + _USER[1] - 6, y), (_FRAMES[0] + 6, height))
            if from_user
            else ((_FRAMES[0] + _FRAMES[1] - 6, height), (_KERNEL[0] + 6, y))
        )
        self.drawing.curves.append(Curve(start, end, kind, chosen))

    # User space

    def _users(self) -> float:
        y = float(_TOP)
        for side in self.step.processes:
            y = self._process(side, y) + _GAP
        return y

    def _process(self, side: UserSide, y: float) -> float:
        self.drawing.labels.append(Label(_USER[0] + 2, y + 14, side.name, "user", 13, bold=True))
        y += 22
        for area, group in groupby(side.pages, key=lambda way: _area_of(side, way.address)):
            numbers = [side.pages.index(way) for way in group]
            y = self._area(side, area, numbers, y) + _GAP
        return y

    def _area(self, side: UserSide, area: UserArea | None, pages: list[int], y: float) -> float:
        height = 30 + len(pages) * _ROW
        self._card(_USER, y, height, "user-card" if area else "absent")
        on = "user-card" if area else "paper"
        if area:
            text = (
                f"VMA {number(area.start)}–{number(area.end)} {area.rights} {' '.join(area.kinds)}"
            )
        else:
            text = "no VMA"
        self._say(_USER, y + 18, text.rstrip(), "user" if area else "dim", on)
        y += 27
        for page in pages:
            way = side.pages[page]
            self._row(_USER, y, page, number(way.address), "user", way.frame is not None)
            if way.frame is not None:
                self._line(True, y + (_ROW - 4) / 2, way.frame, "user-line", page == self.chosen)
            y += _ROW
        return y + 3

    def _row(
        self, column: tuple[int, int], y: float, page: int, text: str, kind: str, leads: bool
    ) -> None:
        """An address, and the number of the page that it is of."""
        x, width = column
        chosen = page == self.chosen
        on = f"chosen-{kind}" if chosen and leads and kind != "dim" else "paper"
        self.drawing.panels.append(Panel(x + 6, y, width - 12, _ROW - 4, on, 3))
        border = _border(chosen) if leads else "absent"
        self.drawing.panels.append(Panel(x + 6, y, width - 12, _ROW - 4, border, 3))
        colour = kind if leads else "dim"
        self.drawing.labels += [
            Label(x + 14, y + 15.5, f"page {page}", colour, 12, bold=chosen, on=on),
            Label(x + 90, y + 15.5, text, colour, 12.5, mono=True, bold=chosen, on=on),
        ]
        if not leads:
            self.drawing.labels.append(
                Label(x + width - 14, y + 15.5, "not mapped", "dim", 11.5, True, on=on)
            )

    # Kernel space

    def _kernel(self) -> float:
        y = float(_TOP)
        known = {zone.name: zone for zone in self.life.zones}
        names = sorted(_ZONES, key=lambda name: known[name].start if name in known else 1 << 64)
        for name in names:
            y = self._zone(name, y) + _GAP
        return y

    def _zone(self, name: str, y: float) -> float:
        """Draw a zone, with the lab's own addresses in it, or those that the linear map has."""
        zone = next((one for one in self.life.zones if one.name == name), None)
        own = [page for page in self.step.pages if zone_of(self.life, page) == name]
        aliases = [page for page in self.step.pages if page.linear and page not in own]
        aliases = sorted(aliases, key=lambda page: page.told) if name == "linear map" else []
        heading = [name.upper() if own else name]
        if zone:
            heading.append(f"{number(zone.start)}–{number(zone.end)}")
        if zone and zone.offset is not None:
            heading.append(f"address = physical + {number(zone.offset)}")
        if name == "I/O mappings":
            heading.append("vmalloc addresses, frames outside the kernel's RAM")
        rows = own or aliases
        if not rows:
            heading.append("nothing leads to this memory from here")
        places = self._places(name, rows, y, 11 + 17 * len(heading))
        bottom = places[-1] + _ROW if rows else y + 10 + 17 * len(heading)
        kind = "kernel-card" if own else "card"
        self._card(_KERNEL, y, bottom - y, kind)
        colour = "kernel" if own else "dim"
        self.drawing.labels.append(
            Label(_KERNEL[0] + 10, y + 19, heading[0], colour, 12, bold=True, on=kind)
        )
        for place, text in enumerate(heading[1:], 1):
            self._say(_KERNEL, y + 19 + 17 * place, text, colour, kind)
        for page, height in zip(rows, places):
            self._kernel_row(page, height, bool(own))
        return bottom

    def _places(self, name: str, rows: list[LabPage], y: float, heading: int) -> list[float]:
        """Where the rows of a zone are: those of the linear map beside their frames."""
        heights = [self._heights[page.told] - (_ROW - 4) / 2 for page in rows]
        if name == "linear map" and heights and min(heights) >= y + heading:
            return heights
        return [y + heading + place * _ROW for place in range(len(rows))]

    def _kernel_row(self, page: LabPage, y: float, own: bool) -> None:
        way = page.kernel if own else page.linear
        assert way
        colour = "kernel" if own else "dim"
        self._row(_KERNEL, y, page.index, number(way.address), colour, way.frame is not None)
        if way.frame is not None:
            line = "kernel-line" if own else "alias-line"
            chosen = own and page.index == self.chosen
            self._line(False, y + (_ROW - 4) / 2, way.frame, line, chosen)


def _area_of(side: UserSide, address: int) -> UserArea | None:
    return next((area for area in side.areas if area.start <= address < area.end), None)


def _regions(life: LabLife, pages: list[LabPage]) -> list[MemoryRegion | None]:
    """Return the regions with frames, and those beside one that is not the kernel's RAM."""
    known = life.memory
    full = [one for one in known if any(one.has(page.told) for page in pages)]
    if not full:
        return [None]
    outside = [known.index(one) for one in full if not one.is_ram]
    near = {place + way for place in outside for way in (-1, 1)}
    return [one for place, one in enumerate(known) if one in full or place in near]


def _extent(region: MemoryRegion) -> str:
    return f"{number(region.start)}–{number(region.end)}"


def _border(chosen: bool) -> str:
    return "strong" if chosen else "edge"
