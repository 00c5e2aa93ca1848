"""What `make show` prints: a step of a mapping's life, as a person sees it in a terminal."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.base.errors import OK
from harness.reports import picture_files, tables
from harness.reports.forms import Report
from harness.reports.picture_paths import chip_text, is_silent, silent_text
from harness.reports.step_words import (
    count,
    ends_at,
    happens,
    load_of,
    number,
    place_of,
    run_of,
    seen_of,
    zone_of,
)
from harness.results.steps import (
    TITLES,
    LabLife,
    LabPage,
    Level,
    LifeStep,
    MappingLives,
    UserSide,
    Way,
    to_json,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

# The step that is shown if none is chosen: everything is there then.
_USUAL = "touch"

_USER, _KERNEL, _FRAME, _DIM = "cyan", "yellow", "bold green", "dim"
_INDENT = 2


@dataclass(frozen=True)
class ShowReport(Report):
    """The lives of mappings, and which part of them is asked for; None stands for the usual.

    SVGs go to ``directory``.
    """

    lives: MappingLives
    step: str | None
    page: int | None
    directory: Path

    @property
    def status(self) -> int:
        """The exit status: what cannot be shown has raised an error before."""
        return OK

    def as_data(self) -> dict[str, Any]:
        """Return what JSON holds: all that was seen at the chosen steps."""
        labs = tuple(replace(life, steps=self._steps(life)) for life in self.lives.labs)
        data: dict[str, Any] = to_json(replace(self.lives, labs=labs))
        return data

    def print(self, form: str) -> None:
        """Write the report to standard output, or the pictures to files."""
        if form != "svg":
            super().print(form)
            return
        pairs = [(life, step) for life in self.lives.labs for step in self._steps(life)]
        for path in picture_files.write(self.lives, pairs, self.directory, self.page):
            print(path)

    def _steps(self, life: LabLife) -> tuple[LifeStep, ...]:
        return tuple(step for step in life.steps if self.step in (None, step.name))

    def print_table(self) -> None:
        """Print it for people."""
        console = tables.open_console()
        for life in self.lives.labs:
            if not life.usual:
                tables.say(console, f"FORMAT=svg also draws {load_of(life)}", _DIM)
                continue
            step = life.step(self.step or _USUAL)
            _print_step(console, life, step, life.page if self.page is None else self.page)
            if not self.step:
                _print_others(console, life)
        for lab, why in self.lives.skipped.items():
            tables.say(console, f"{lab} has no picture here: it {why}")
        tables.say(console, run_of(self.lives))


def _print_others(console: "Console", life: LabLife) -> None:
    """A line for each step."""
    for step in life.steps:
        tables.say(console, f"  STEP={step.name}: {step.title}. {seen_of(step)}", _DIM)
    console.print()


def _print_step(console: "Console", life: LabLife, step: LifeStep, page: int) -> None:
    place = list(TITLES).index(step.name) + 1
    tables.say(console, f"{load_of(life)}: {step.title} ({place} of {len(TITLES)})", "bold")
    tables.say(console, f"{happens(life, step)} {seen_of(step)}")
    for side in step.processes:
        console.print()
        _print_side(console, life, step, side, page)
    console.print()
    _print_kernel(console, life, step, page)
    for side in step.processes:
        _print_way(console, side.name, _USER, side.pages[page])
    _print_way(console, "kernel", _KERNEL, step.pages[page].kernel)
    console.print()


def _print_side(
    console: "Console", life: LabLife, step: LifeStep, side: UserSide, chosen: int
) -> None:
    """The pages of a process, with the frames in which it meets the kernel."""
    for area in side.areas:
        text = f"{side.name}: VMA {number(area.start)}-{number(area.end)} {area.rights}"
        tables.say(console, f"{text} {' '.join(area.kinds)}".rstrip(), _USER)
    if not side.areas:
        tables.say(console, f"{side.name}: no VMA", _USER)
    wide = max(len(number(page.told)) for page in step.pages)
    address = max(len(number(way.address)) for way in side.pages)
    head = f"    {'user space':{address + 4}}{'frame':{wide + 4}}kernel space, {_zones(life, step)}"
    tables.say(console, head, _DIM)
    for page in step.pages:
        console.print(_meeting(side, page, page.index == chosen, wide, address), no_wrap=True)


def _meeting(side: UserSide, page: LabPage, chosen: bool, wide: int, address: int) -> "Text":
    """A page's user address, frame and kernel address, and the lines between them."""
    from rich.text import Text

    way = side.pages[page.index]
    line = "━━" if chosen else "──"
    text = Text(f"{'▸' if chosen else ' '}{page.index:2} ", style="bold" if chosen else "")
    if side.has(way.address) or way.frame is not None:
        text.append(f"{number(way.address):{address}}", style=_USER)
    else:
        text.append(f"{'no VMA':{address}}", style=_DIM)
    meets = way.frame == page.told
    text.append(f" {line if meets else '  '} ", style=_USER)
    if way.frame is None or meets:
        text.append(f"{number(page.told):{wide}}", style=_FRAME)
    else:
        text.append(f"{number(way.frame):{wide}}", style="bold red")
    text.append(f" {line} ", style=_KERNEL)
    text.append(number(page.kernel.address), style=_KERNEL)
    return text


def _zones(life: LabLife, step: LifeStep) -> str:
    return ", ".join(dict.fromkeys(zone_of(life, page) for page in step.pages))


def _print_kernel(console: "Console", life: LabLife, step: LifeStep, chosen: int) -> None:
    """What kind of memory the frames are, how far apart they are, and what else leads there."""
    page = step.pages[chosen]
    frames = [one.told for one in step.pages]
    steps = [f"{two - one:+,}" for one, two in zip(frames, frames[1:])]
    scattered = any(text != "+1" for text in steps)
    how = f"scattered, by {' '.join(steps)}" if scattered else "one behind the other"
    tables.say(console, f"{count(len(frames), 'frame')}, {how}", _FRAME)
    kind = f", {page.kernel.memory_type}" if page.kernel.memory_type else ""
    tables.say(console, f"memory: {place_of(page)}{kind}", _FRAME)
    for zone in life.zones:
        more = ""
        if zone.offset is not None:
            more = f", address = physical + {number(zone.offset)}"
        tables.say(console, f"{zone.name}: from {number(zone.start)}{more}", _KERNEL)
    if not page.linear:
        tables.say(console, "the linear map leaves these frames out", _KERNEL)
    elif page.linear.address != page.kernel.address:
        text = f"the linear map has page {chosen} at {number(page.linear.address)}"
        tables.say(console, text, _KERNEL)
    spelt = " ".join(page.content[place : place + 2] for place in range(0, len(page.content), 2))
    tables.say(console, f"the first bytes of page {chosen}, in its frame: {spelt}", _FRAME)


def _print_way(console: "Console", name: str, style: str, way: Way) -> None:
    """The page table entries on the way to a page, with all their bits."""
    from rich.padding import Padding

    console.print()
    tables.say(console, f"{name}: the way to {number(way.address)}", f"bold {style}")
    for level in way.levels:
        entry = f"{level.entry:#0{2 + level.width // 4}x}"
        where = f"{level.name} index {level.index:4}, bits {level.low}-{level.high}"
        tables.say(console, f"  {where}: {entry}", style)
        bits = _bits(level, console.width - 2 * _INDENT)
        console.print(Padding(bits, (0, 0, 0, 2 * _INDENT), expand=False))
    if way.host:
        place = f"{number(way.host.start)}-{number(way.host.end)}"
        text = f"  the host maps the guest's RAM there, a file: {place}"
        tables.say(console, f"{text} is the file from {number(way.host.offset)} on", style)
    tables.say(console, f"  {ends_at(way)}", f"bold {style}")


def _bits(level: Level, width: int) -> "Text":
    """All bits of an entry, in lines that end between two names; those that are set stand out."""
    from rich.text import Text

    named = [
        Text(chip_text(bits), style="bold" if bits.value else _DIM)
        for bits in level.fields
        if not is_silent(bits)
    ]
    named += [Text(name, style=_DIM) for name in silent_text(level).split(", ") if name]
    for name in named[:-1]:
        name.append(",")
    lines: list[Text] = []
    for name in named:
        if lines and lines[-1].cell_len + 1 + name.cell_len <= width:
            lines[-1].append(" ").append_text(name)
        else:
            lines.append(name)
    return Text("\n").join(lines)
