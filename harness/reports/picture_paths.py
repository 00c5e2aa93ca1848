"""The lower part of a picture: the way from each address of one page to its frame.

Each level of the page tables is a card with its index and its entry, and all bits of the entry
have their names on it.
"""

from harness.reports.picture_shapes import Panel, Drawing, Label, text_width
from harness.reports.step_words import ends_at, number
from harness.results.steps import EntryField, HostArea, Level, LifeStep, Way

_GAP = 16
_SIZE = 10.5
_CHIP = 19
_PAD = 10

# Names of bits that mean nothing as long as they are 0.
_SILENT = ("ignored", "reserved", "software", "protection key", "no meaning")
# What leads on is always shown.
_LEADS = ("frame", "table")


def add(drawing: Drawing, step: LifeStep, page: int, y: float, edge: float) -> float:
    """Draw the ways to a page side by side, from a height on; return where they end."""
    ways = [(side.name, "user", side.pages[page]) for side in step.processes]
    ways.append(("kernel", "kernel", step.pages[page].kernel))
    width = (drawing.width - 2 * edge - _GAP * (len(ways) - 1)) / len(ways)
    title = f"THE WAY TO PAGE {page}, LEVEL BY LEVEL"
    drawing.labels.append(Label(edge, y + 16, title, "dim", 13, bold=True))
    y += 30
    bottoms = [
        _way(drawing, name, kind, way, (edge + place * (width + _GAP), y, width))
        for place, (name, kind, way) in enumerate(ways)
    ]
    return max(bottoms)


def describe(step: LifeStep, page: int) -> str:
    """Return the ways to a page in words, for those who hear the picture."""
    ways = [(side.name, side.pages[page]) for side in step.processes]
    ways.append(("kernel", step.pages[page].kernel))
    said = " ".join(f"{name}, {_way_in_words(way)}." for name, way in ways)
    return f"The way to page {page}, level by level: {said}"


def _way_in_words(way: Way) -> str:
    parts = [f"from {number(way.address)}", *map(_level_in_words, way.levels)]
    parts += [" ".join(_host_lines(way.host))] if way.host else []
    return "; ".join([*parts, f"it ends: {ends_at(way)}"])


def _level_in_words(level: Level) -> str:
    """Index and entry, and the bits by their names: first those that are set."""
    named = [bits for bits in level.fields if not is_silent(bits)]
    kept = ", ".join(chip_text(bits) for bits in named if bits.value) or "none"
    clear = ", ".join(chip_text(bits).removesuffix("=0") for bits in named if not bits.value)
    words = f"{level.name} index {level.index}, entry {_entry(level)}, set: {kept}"
    return f"{words}, clear: {clear}" if clear else words


def _entry(level: Level) -> str:
    return f"{level.entry:#0{2 + level.width // 4}x}"


def _way(
    drawing: Drawing, name: str, kind: str, way: Way, place: tuple[float, float, float]
) -> float:
    """Draw one way in a column; return where it ends."""
    x, y, width = place
    drawing.labels.append(Label(x, y + 13, f"{name}:", kind, 13, bold=True))
    drawing.labels.append(
        Label(x + width, y + 13, number(way.address), kind, 12.5, True, mono=True, bold=True)
    )
    y += 24
    for level in way.levels:
        y = _level(drawing, level, kind, (x, y, width)) + 6
    if way.host:
        y = _host(drawing, way, kind, (x, y, width)) + 6
    drawing.labels.append(Label(x, y + 12, f"→ {ends_at(way)}", kind, 12.5, bold=True))
    return y + 20


def _host(drawing: Drawing, way: Way, kind: str, place: tuple[float, float, float]) -> float:
    """Draw what user-mode Linux has instead: the host maps a file."""
    x, y, width = place
    assert way.host
    lines = _host_lines(way.host)
    drawing.panels.append(Panel(x, y, width, 14 + 18 * len(lines), f"{kind}-card"))
    for text in lines:
        y += 18
        drawing.labels.append(Label(x + _PAD, y, text, kind, 11.5, on=f"{kind}-card"))
    return y + 14


def _host_lines(host: HostArea) -> tuple[str, ...]:
    return (
        "/proc of the host: the file that is the guest's RAM",
        f"is mapped at {number(host.start)}–{number(host.end)}",
        f"from its byte {number(host.offset)} on",
    )


def _level(drawing: Drawing, level: Level, kind: str, place: tuple[float, float, float]) -> float:
    """Draw a level; return where its card ends."""
    x, y, width = place
    card = f"{kind}-card" if level.is_present else "absent"
    on = card if level.is_present else "paper"
    box = len(drawing.panels)
    entry = _entry(level)
    colour = kind if level.is_present else "dim"
    drawing.labels += [
        Label(x + _PAD, y + 18, f"{level.name} index {level.index}", colour, 12, bold=True, on=on),
        Label(x + width - _PAD, y + 18, entry, colour, 12, True, mono=True, bold=True, on=on),
        Label(x + 130, y + 18, f"bits {level.low}–{level.high}", colour, 11, on=on),
    ]
    bottom = _chips(drawing, level, (x + _PAD, y + 26, width - 2 * _PAD), on)
    drawing.panels.insert(box, Panel(x, y, width, bottom - y + 6, card))
    return bottom + 6


def _chips(drawing: Drawing, level: Level, place: tuple[float, float, float], on: str) -> float:
    """Name the bits, in lines as they fit; return where the last line ends."""
    x, y, width = place
    left = x
    for bits in level.fields:
        if is_silent(bits):
            continue
        text = chip_text(bits)
        needed = text_width(text, _SIZE) + 10
        if left + needed > x + width:
            left, y = x, y + _CHIP + 3
        kind = "set-chip" if bits.value else "clear-chip"
        drawing.panels.append(Panel(left, y, needed, _CHIP, kind, 9))
        colour = "inverse" if bits.value else "dim"
        behind = kind if bits.value else on
        drawing.labels.append(Label(left + 5, y + 13, text, colour, _SIZE, mono=True, on=behind))
        left += needed + 4
    y += _CHIP
    for line in _wrapped(silent_text(level), width):
        y += 14
        drawing.labels.append(Label(x, y, line, "dim", _SIZE, mono=True, on=on))
    return y + 2


def is_silent(bits: EntryField) -> bool:
    """Say whether bits are 0 and would mean nothing else than that."""
    return bits.name in _SILENT and not bits.value


def chip_text(bits: EntryField) -> str:
    """Return the number of a bit, its name and its value."""
    place = f"{bits.low}" if bits.low == bits.high else f"{bits.low}–{bits.high}"
    return f"{place} {bits.name}={_value(bits)}"


def _value(bits: EntryField) -> str:
    """Return a number, or, of what leads on, that of the page frame."""
    leads = bits.name in _LEADS and bits.low < bits.high
    return f"{bits.value << bits.low - 12:#x}" if leads else f"{bits.value}"


def silent_text(level: Level) -> str:
    """Return the names of those bits that are 0 and mean nothing."""
    silent = [chip_text(bits).removesuffix("=0") for bits in level.fields if is_silent(bits)]
    return f"all 0: {', '.join(silent)}" if silent else ""


def _wrapped(text: str, width: float) -> list[str]:
    """Return a text in lines that fit."""
    lines: list[str] = []
    for part in text.split(", ") if text else ():
        if lines and text_width(f"{lines[-1]}, {part}", _SIZE) <= width:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return lines
