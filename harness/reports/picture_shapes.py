"""What a picture is put together from: boxes, lines and texts, each with its place in pixels."""

from collections.abc import Iterator
from dataclasses import dataclass, field

# The width of a letter in parts of its size, in the widest of the usual fonts.
_LETTER = 0.61
_BOLD_LETTER = 0.7

# How far a text reaches above its line, and below, in parts of its size.
_ABOVE, _BELOW = 0.8, 0.25


@dataclass(frozen=True)
class Panel:
    """A rectangle with round corners; ``kind`` is its class in picture_style."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    radius: float = 5


@dataclass(frozen=True)
class Curve:
    """A line from one point to another, with a bend where these are not on one height."""

    start: tuple[float, float]
    end: tuple[float, float]
    kind: str
    chosen: bool = False

    @property
    def classes(self) -> str:
        """The classes of its colour and its breadth."""
        return f"kp-{self.kind} kp-chosen" if self.chosen else f"kp-{self.kind}"

    @property
    def path(self) -> str:
        """The line as the attribute ``d`` has it."""
        (x1, y1), (x2, y2) = self.start, self.end
        middle = (x1 + x2) / 2
        return f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"


@dataclass(frozen=True)
class Label:
    """A text whose line begins at a point, or ends there; ``on`` is the box behind it."""

    x: float
    y: float
    text: str
    kind: str
    size: float = 13
    at_end: bool = False
    mono: bool = False
    bold: bool = False
    on: str = "paper"

    @property
    def classes(self) -> str:
        """The classes of its colour, its font and its weight."""
        return " ".join(
            f"kp-{one}"
            for one in (self.kind, "mono" if self.mono else "sans", "bold" if self.bold else "")
            if one
        )

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The place that it takes at most: left, top, right, bottom."""
        width = text_width(self.text, self.size, self.bold and not self.mono)
        left = self.x - width if self.at_end else self.x
        top, bottom = self.y - _ABOVE * self.size, self.y + _BELOW * self.size
        return left, top, left + width, bottom


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return what a text takes at most."""
    return len(text) * size * (_BOLD_LETTER if bold else _LETTER)


@dataclass
class Drawing:
    """A picture: what it shows, in the order in which it is drawn, and words for who cannot see."""

    name: str
    title: str
    description: str
    width: float
    height: float = 0
    panels: list[Panel] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)

    def reach(self, y: float) -> None:
        """Have the picture be at least so high."""
        self.height = max(self.height, y)

    def overlaps(self) -> Iterator[tuple[Label, Label]]:
        """Yield texts that may cover each other."""
        for number, one in enumerate(self.labels):
            left, top, right, bottom = one.extent
            for other in self.labels[number + 1 :]:
                x1, y1, x2, y2 = other.extent
                if left < x2 and x1 < right and top < y2 and y1 < bottom:
                    yield one, other

    def outside(self) -> Iterator[Label]:
        """Yield texts that may reach over the edge."""
        for one in self.labels:
            left, top, right, bottom = one.extent
            if left < 0 or top < 0 or right > self.width or bottom > self.height:
                yield one
