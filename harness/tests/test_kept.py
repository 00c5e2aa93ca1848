"""Answers that are kept below build/."""

from pathlib import Path

import pytest

from harness.base import kept


@pytest.fixture(autouse=True)
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept, "BUILD", tmp_path)
    return tmp_path


def test_an_answer_is_given_again_without_work(build: Path) -> None:
    assert kept.answer("kind", ["a"], lambda: 1) == 1
    assert kept.answer("kind", ["a"], lambda: 2) == 1
    assert kept.answer("kind", ["b"], lambda: 2) == 2
    assert len([*build.glob("kind/*.json")]) == 2


def test_of_some_kinds_only_the_latest_answer_is_kept(build: Path) -> None:
    kept.answer("other", ["a"], lambda: 0)
    for source in ("6.1.1", "6.1.2", "6.1.3"):
        assert kept.latest_answer("kind", [source], lambda: source) == source
    assert [path.read_text() for path in build.glob("kind/*.json")] == ['"6.1.3"']
    assert [*build.glob("other/*.json")], "an answer of another kind is gone"
