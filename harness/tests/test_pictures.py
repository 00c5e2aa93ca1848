"""The pictures of mappings, drawn from lives that are made up: what must be in them, and how."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.kernels.request import Request
from harness.reports import picture, picture_files, picture_style
from harness.reports.picture_shapes import Drawing
from harness.reports.picture_style import FILLS, STROKES, contrast
from harness.reports.step_words import ends_at, number
from harness.results import steps
from harness.results.steps import TITLES, LabLife
from harness.runs import mapping_lives
from harness.tests import made_up_lives
from harness.tests.made_up_lives import FRAMES, MIDDLE

_SVG = "{http://www.w3.org/2000/svg}"

# The least that WCAG 2.1 asks of text, and of lines that mean something.
_TEXT, _LINE = 4.5, 3.0

LIVES = {
    "x86_64": made_up_lives.life("x86_64"),
    "arm64": made_up_lives.life("arm64"),
    "i386": made_up_lives.life("i386"),
    "reserved": made_up_lives.life(reserved=True),
    "host": made_up_lives.on_host(),
}
EACH = pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
EACH_STEP = pytest.mark.parametrize("name", TITLES)


def drawn(life: LabLife, name: str, page: int | None = None) -> Drawing:
    return picture.draw(made_up_lives.lives(life), life, life.step(name), page)


def texts_in(drawing: Drawing) -> list[str]:
    root = ElementTree.fromstring(picture.as_svg(drawing))
    return [text.text or "" for text in root.iter(f"{_SVG}text")]


@EACH
@EACH_STEP
def test_no_text_covers_another_or_leaves_the_picture(life: LabLife, name: str) -> None:
    for page in range(len(FRAMES)):
        drawing = drawn(life, name, page)
        covered = [(one.text, other.text) for one, other in drawing.overlaps()]
        assert covered == [], f"page {page}"
        assert [label.text for label in drawing.outside()] == [], f"page {page}"


@EACH
@EACH_STEP
def test_each_frame_of_the_facts_is_there_and_no_other(life: LabLife, name: str) -> None:
    said = texts_in(drawn(life, name))
    known = {number(frame) for frame in steps.frames_of(life.step(name))}
    in_column = {text for text in said if re.fullmatch(r"0x[0-9a-f]{1,7}", text)}
    assert in_column == known
    led_to = {found for text in said for found in re.findall(r"frame=?\s?(0x[0-9a-f]+)", text)}
    assert led_to <= known, said


@pytest.mark.parametrize(("arch", "levels"), [("x86_64", 4), ("arm64", 4), ("i386", 2)])
def test_each_bit_of_each_entry_is_named(arch: str, levels: int) -> None:
    life = LIVES[arch]
    step = life.step("touch")
    said = texts_in(drawn(life, "touch"))
    for way in (step.processes[0].pages[MIDDLE], step.pages[MIDDLE].kernel):
        assert len(way.levels) == levels
        for level in way.levels:
            assert f"{level.name} index {level.index}" in said
            assert f"{level.entry:#0{2 + level.width // 4}x}" in said
            for bits in level.fields:
                place = str(bits.low) if bits.low == bits.high else f"{bits.low}–{bits.high}"
                assert any(f"{place} {bits.name}" in text for text in said), (place, bits.name)


@EACH
def test_the_way_of_the_picture_is_told_in_words(life: LabLife) -> None:
    """Each level with its index, its entry and its bits, as they are drawn."""
    for name in TITLES:
        drawing, step = drawn(life, name), life.step(name)
        told = drawing.description.partition("The way to page ")[2]
        assert told.startswith(f"{MIDDLE}, level by level: ")
        ways = [side.pages[MIDDLE] for side in step.processes] + [step.pages[MIDDLE].kernel]
        for way in ways:
            assert f"from {number(way.address)}" in told and ends_at(way) in told
            for level in way.levels:
                found = re.search(
                    rf"{level.name} index {level.index}, entry 0x0*{level.entry:x}, set: (.*?);",
                    told,
                )
                assert found, f"{name}: {level.name}: {told}"
                kept = found[1].partition(", clear: ")[0]
                set_bits = [bits for bits in level.fields if bits.value]
                assert kept.count("=") == len(set_bits), kept
                assert all(bits.name in kept for bits in set_bits), kept
        assert all(line in told for line in texts_in(drawing) if line.startswith("/proc of"))


def test_a_missing_entry_is_shown_as_one() -> None:
    said = texts_in(drawn(LIVES["x86_64"], "munmap"))
    assert said.count("→ nothing is mapped") == 1, "of the program, and not of its child"
    assert "no VMA" in said and said.count("not mapped") == 1


def test_the_linear_map_and_the_reserved_region_are_told_apart() -> None:
    scattered = texts_in(drawn(LIVES["x86_64"], "touch"))
    assert f"address = physical + {number(made_up_lives.OFFSET)}" in scattered
    assert "VMALLOC SPACE" in scattered and "RAM" in scattered
    reserved = texts_in(drawn(LIVES["reserved"], "touch"))
    assert "Reserved: not the kernel's" in reserved and "I/O MAPPINGS" in reserved
    assert "memory type: write-back" in reserved, "its memory type"
    drawing = drawn(LIVES["reserved"], "touch")
    assert [box for box in drawing.panels if box.kind == "hatched"], "not by its colour alone"


def test_where_a_host_maps_there_are_no_levels() -> None:
    said = texts_in(drawn(LIVES["host"], "touch"))
    assert "/proc of the host: the file that is the guest's RAM" in said
    assert not [text for text in said if " index " in text]


@EACH
def test_a_picture_stands_alone_and_reads_aloud(life: LabLife) -> None:
    text = picture.as_svg(drawn(life, "fork"))
    root = ElementTree.fromstring(text)
    title, description = root.find(f"{_SVG}title"), root.find(f"{_SVG}desc")
    assert title is not None and "after fork" in (title.text or "")
    assert description is not None and description.text
    for page, frame in enumerate(FRAMES):
        assert f"Page {page}: " in description.text and number(frame) in description.text
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    without_names = text.replace("http://www.w3.org/2000/svg", "")
    for forbidden in ("<script", "http:", "https:", "@import", "@font-face", " on"):
        assert not re.search(rf"{forbidden}\w*\s*=|{forbidden}[:/(]", without_names), forbidden


def test_pictures_in_one_page_share_no_names() -> None:
    drawings = [drawn(life, name) for life in LIVES.values() for name in TITLES]
    by_lab = {drawing.name for drawing in drawings}
    assert len(by_lab) == len(TITLES) * len({life.lab for life in LIVES.values()})


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_texts_and_lines_can_be_seen_in_both_themes(theme: int) -> None:
    pairs = {
        (label.kind, label.on)
        for life in LIVES.values()
        for name in TITLES
        for label in drawn(life, name).labels
    }
    for kind, on in pairs:
        found = contrast(FILLS[kind][theme], FILLS[on][theme])
        assert found >= _TEXT, f"{kind} on {on}: {found:.1f}"
    for kind in ("user-line", "kernel-line", "alias-line", "strong"):
        found = contrast(STROKES[kind][theme], FILLS["paper"][theme])
        assert found >= _LINE, f"{kind}: {found:.1f}"


def test_pictures_are_drawn_once_for_what_they_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = made_up_lives.lives()
    monkeypatch.setattr(mapping_lives, "of_target", lambda request, seed: lives)
    monkeypatch.setattr(mapping_lives, "directory_of", lambda request: tmp_path)
    (tmp_path / "run.json").write_text("one")
    assert picture_files.of_target(Request()) == lives
    drawing = tmp_path / "lab_vmalloc/fork.svg"
    first = drawing.stat().st_mtime_ns
    picture_files.of_target(Request())
    assert drawing.stat().st_mtime_ns == first, "drawn again without need"
    (tmp_path / "run.json").write_text("another")
    picture_files.of_target(Request())
    assert drawing.stat().st_mtime_ns != first, "not drawn of another run"
    drawing.unlink()
    picture_files.of_target(Request())
    assert drawing.is_file()


def test_contrast_is_what_the_standard_says() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_all_kinds_have_a_style() -> None:
    css = picture_style.css()
    for life in LIVES.values():
        for name in TITLES:
            drawing = drawn(life, name)
            kinds = {box.kind for box in drawing.panels} | {one.kind for one in drawing.curves}
            kinds |= {label.kind for label in drawing.labels}
            missing = [kind for kind in kinds - {"hatched"} if f".kp-{kind}{{" not in css]
            assert missing == []
