"""What make show prints, from lives that are made up."""

import json
import re
from pathlib import Path

import pytest

from harness.reports.show_report import ShowReport
from harness.reports.step_words import number
from harness.results.steps import TITLES, MappingLives, from_json
from harness.tests import made_up_lives
from harness.tests.made_up_lives import FRAMES, MIDDLE, USER

PAGE = 4096


def shown(capsys: pytest.CaptureFixture[str], step: str | None = None, form: str = "table") -> str:
    ShowReport(made_up_lives.lives(), step, None, Path("/nowhere")).print(form)
    return capsys.readouterr().out


def test_the_frames_and_the_way_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, "fork")
    for frame in FRAMES:
        assert said.count(f" {number(frame)} ") == 2, "by the program and by its child"
    assert "scattered, by -9 +289 +1 +120,068" in said
    assert "63 no-execute=1" in said and f"12–51 frame={number(FRAMES[MIDDLE])}" in said
    assert "lab_prepare has no picture here: it runs from Linux 7.2 on" in said
    assert "SEED=0xfedcba9876543210" in said


def test_without_a_step_all_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys)
    assert re.findall(r"STEP=(\w+):", said) == list(TITLES)


def test_what_is_unmapped_has_no_line_to_its_frame(capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(capsys, "munmap")
    lines = [line for line in said.splitlines() if line.startswith(f"▸ {MIDDLE} ")]
    assert [line.split()[2] for line in lines] == ["no", number(USER + MIDDLE * PAGE)], said
    assert "nothing is mapped" in said


def test_json_holds_the_steps_that_were_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    found = from_json(MappingLives, json.loads(shown(capsys, "mmap", "json")))
    assert [step.name for step in found.labs[0].steps] == ["mmap"]
    assert from_json(MappingLives, json.loads(shown(capsys, None, "json"))) == made_up_lives.lives()


def test_svgs_go_where_they_are_asked_to(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ShowReport(made_up_lives.lives(), None, None, tmp_path).print("svg")
    ShowReport(made_up_lives.lives(), "fork", 0, tmp_path).print("svg")
    told = [Path(line) for line in capsys.readouterr().out.splitlines()]
    names = [f"{name}.svg" for name in (*TITLES, "fork-page-0")]
    assert told == [tmp_path / "lab_vmalloc" / name for name in names]
    assert all(path.read_text().startswith("<svg ") for path in told)
