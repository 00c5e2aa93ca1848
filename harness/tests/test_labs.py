"""What lab.toml says, and on which targets a lab runs."""

from pathlib import Path

import pytest

from harness.catalogue import labs
from harness.base.errors import SetupError
from harness.kernels.targets import Target

_LAB = 'name = "lab_x"\ntitle = "a lab"\nloads = ["pages=4"]\n'


def read(directory: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> labs.Lab:
    path = directory / "01_x/lab.toml"
    path.parent.mkdir()
    path.write_text(_LAB + text)
    monkeypatch.setattr(labs, "LABS", directory)
    return labs.all_labs()[0]


def test_a_lab_without_conditions_runs_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = read(tmp_path, "", monkeypatch)
    assert lab.why_not(Target("6.1")) is None
    assert lab.why_not(Target("7.2", "um")) is None


def test_a_lab_runs_from_its_first_series_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Series are compared as numbers: 6.12 is newer than 6.1 and not below 6.2."""
    lab = read(tmp_path, '[since]\nseries = "6.12"\nreason = "a thing is new"\n', monkeypatch)
    assert lab.why_not(Target("6.1")) == "runs from Linux 6.12 on: a thing is new"
    assert lab.why_not(Target("6.12")) is None
    assert lab.why_not(Target("7.2", "um")) is None


def test_an_architecture_comes_before_a_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[since]\nseries = "7.2"\nreason = "new"\n[cannot_run]\num = "no such memory"\n'
    lab = read(tmp_path, text, monkeypatch)
    assert lab.why_not(Target("6.1", "um")) == "no such memory"
    assert lab.why_not(Target("7.2", "um")) == "no such memory"
    assert lab.why_not(Target("6.1")) == "runs from Linux 7.2 on: new"


@pytest.mark.parametrize(
    "since",
    [
        "since = 7.2",
        'since = "7.2"',
        '[since]\nseries = "7.2"',
        '[since]\nreason = "new"',
        '[since]\nseries = "7.2"\nreason = ""',
        '[since]\nseries = 7.2\nreason = "new"',
        '[since]\nseries = "7.3"\nreason = "of no kernel that we have"',
        '[since]\nseries = "7.2"\nreason = "new"\nuntil = "7.3"',
    ],
)
def test_a_wrong_since_is_refused_with_the_file_and_the_valid_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, since: str
) -> None:
    with pytest.raises(SetupError, match=r"01_x/lab.toml: \[since\] wants .*6\.1, 6\.12, 7\.2"):
        read(tmp_path, since, monkeypatch)


def test_the_labs_themselves_say_where_they_run() -> None:
    cannot = {
        str(target): [lab.name for lab in labs.all_labs() if lab.why_not(target)]
        for target in (Target("6.1"), Target("6.12"), Target("6.12", "um"), Target("7.2", "um"))
    }
    assert cannot == {
        "6.1-x86_64": ["lab_prepare"],
        "6.12-x86_64": ["lab_prepare"],
        "6.12-um": ["lab_reserved", "lab_prepare"],
        "7.2-um": ["lab_reserved"],
    }
