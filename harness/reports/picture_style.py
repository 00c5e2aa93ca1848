"""The colours of pictures, in light and in dark.

A picture may stand alone or inside of a page that has a switch for its theme: an attribute
``data-theme`` of something around it, "light" or "dark". Without one it follows what the
reader's system prefers, and in print it is light. No viewer needs to know CSS variables.
"""

# What is filled with a colour, and what is drawn with one: class, light, dark.
FILLS = {
    "paper": ("#ffffff", "#14181d"),
    "card": ("#f1f4f7", "#20262d"),
    "user-card": ("#e3effb", "#15293d"),
    "kernel-card": ("#fcefe0", "#38260f"),
    "frame-card": ("#e1f4e7", "#14301f"),
    "chosen-user": ("#b9d9f7", "#1d4a74"),
    "chosen-kernel": ("#f9d5ab", "#64400f"),
    "chosen-frame": ("#b4e3c3", "#1e5735"),
    "reserved-card": ("#f3eef8", "#2b2138"),
    "set-chip": ("#2b3a4a", "#dfe6ee"),
    "now": ("#2b3a4a", "#dfe6ee"),
    "ink": ("#18212c", "#e9eef3"),
    "dim": ("#4c5764", "#b1bcc8"),
    "user": ("#0a4a8c", "#8cc4fa"),
    "kernel": ("#7a3400", "#f5b57c"),
    "frame": ("#0f4a27", "#8fdeaa"),
    "reserved": ("#53297d", "#cfaef0"),
    "inverse": ("#ffffff", "#14181d"),
}

STROKES = {
    "user-line": ("#0a4a8c", "#8cc4fa"),
    "kernel-line": ("#a04a08", "#f5b57c"),
    "alias-line": ("#6b7684", "#8e99a6"),
    "edge": ("#8b96a3", "#66717e"),
    "absent": ("#6b7684", "#8e99a6"),
    "clear-chip": ("#8b96a3", "#66717e"),
    "strong": ("#18212c", "#e9eef3"),
    "hatch": ("#a58bc0", "#6d5590"),
}

# What says the same as a colour, for who cannot tell colours: lines differ in more.
_SHAPES = """\
.kmaplab-picture{max-width:100%;height:auto}
.kmaplab-picture .kp-sans{font-family:system-ui,"DejaVu Sans",sans-serif}
.kmaplab-picture .kp-mono{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
.kmaplab-picture .kp-bold{font-weight:700}
.kmaplab-picture path{fill:none;stroke-width:1.4}
.kmaplab-picture .kp-chosen{stroke-width:3}
.kmaplab-picture .kp-alias-line{stroke-dasharray:2 4;stroke-width:1.2}
.kmaplab-picture .kp-kernel-line{stroke-dasharray:9 3}
.kmaplab-picture .kp-edge,.kmaplab-picture .kp-clear-chip{fill:none;stroke-width:1}
.kmaplab-picture .kp-absent{fill:none;stroke-width:1;stroke-dasharray:4 4}
.kmaplab-picture .kp-strong{fill:none;stroke-width:2}
"""


def css() -> str:
    """Return the style sheet."""
    dark, chosen_dark = _rules("", 1), _rules("[data-theme=dark] ", 1)
    return "".join(
        (
            _SHAPES,
            _rules("", 0),
            f"@media screen and (prefers-color-scheme:dark){{{dark}}}\n",
            _rules("[data-theme=light] ", 0),
            f"@media screen{{{chosen_dark}}}\n",
        )
    )


def _rules(where: str, theme: int) -> str:
    fills = {f"{name}": f"fill:{colours[theme]}" for name, colours in FILLS.items()}
    strokes = {f"{name}": f"stroke:{colours[theme]}" for name, colours in STROKES.items()}
    return "".join(
        f"{where}.kmaplab-picture .kp-{name}{{{rule}}}\n"
        for name, rule in (fills | strokes).items()
    )


def contrast(one: str, other: str) -> float:
    """Return how much two colours differ, 1 to 21 (WCAG 2.1, "contrast ratio")."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
        for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
