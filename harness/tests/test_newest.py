"""The newest series: found on the mirror, remembered, and no series of the table needed."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.base import paths
from harness.base.errors import SetupError
from harness.kernels import apt, newest, targets, uml
from harness.kernels.debian import Kernel
from harness.kernels.series import SERIES, DebianSuite
from harness.kernels.targets import KUNIT_ARCH, Target


class StubMirror:
    """Stands for Debian's mirror; what it carries by suite. Counts how often it is asked."""

    def __init__(self, **names: str) -> None:
        self.carried = {suite.replace("_", "-"): text.split() for suite, text in names.items()}
        self.asked = 0

    def names(self, prefix: str) -> list[str]:
        return [name for name in self.found if name.startswith(prefix)]

    @contextmanager
    def open_archive(
        self, suites: Sequence[DebianSuite], debian_arch: str, what: str
    ) -> Iterator["StubMirror"]:
        self.asked += 1
        if not self.carried:
            raise SetupError("cannot fetch")
        if suites[0].name not in self.carried:
            raise apt.NoSuchSuite(suites[0].name)
        self.found = self.carried[suites[0].name]
        yield self


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StubMirror:
    shelf = StubMirror(
        trixie_backports="linux-source linux-source-7.9 linux-source-7.10", sid="linux-source-7.8"
    )
    monkeypatch.setattr(apt, "open_archive", shelf.open_archive)
    monkeypatch.setattr(paths, "BUILD", tmp_path)
    return shelf


def test_the_newest_is_so_by_number_and_need_not_be_in_the_table(mirror: StubMirror) -> None:
    wanted = targets.target("newest", KUNIT_ARCH)
    assert wanted.series == "7.10" and wanted.series not in SERIES
    assert wanted.sources and wanted.has_image


def test_a_suite_that_is_not_there_is_passed_over(mirror: StubMirror) -> None:
    del mirror.carried["trixie-backports"]
    assert newest.newest_series() == "7.8"


def test_the_mirror_is_asked_once_a_day_or_when_told_to(mirror: StubMirror, tmp_path: Path) -> None:
    for _ in range(3):
        newest.newest_series()
    assert mirror.asked == 2
    newest.newest_series(refresh=True)
    assert mirror.asked == 4
    memory = tmp_path / "uml/newest.json"
    memory.write_text(json.dumps({"series": "7.9", "asked": time.time() - 25 * 3600}))
    assert newest.newest_series() == "7.10"


def test_the_last_answer_counts_while_the_mirror_cannot_be_reached(
    mirror: StubMirror, capsys: pytest.CaptureFixture[str]
) -> None:
    newest.newest_series()
    mirror.carried = {}
    assert newest.newest_series(refresh=True) == "7.10"
    assert "taking 7.10" in capsys.readouterr().err


def test_without_any_answer_the_reason_is_said(mirror: StubMirror) -> None:
    mirror.carried = {}
    with pytest.raises(SetupError, match="cannot fetch"):
        newest.newest_series()
    mirror.carried = {"sid": ["linux-source"]}
    with pytest.raises(SetupError, match=r"no linux-source-\* in trixie-backports, sid"):
        newest.newest_series()


def test_where_debians_kernel_is_booted_newest_is_the_last_in_the_table() -> None:
    assert targets.target("newest", "x86_64").series == targets.series_of("x86_64")[-1]


def test_a_series_that_is_gone_is_skipped_with_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    *_, before, last = targets.series_of(KUNIT_ARCH)
    nowhere = Path("none")

    def fetch(target: Target) -> Kernel:
        if target.series == last:
            raise uml.SeriesGone("no such source")
        return Kernel(target, "", "", nowhere, nowhere, nowhere, nowhere)

    monkeypatch.setattr(uml, "fetch", fetch)
    monkeypatch.setattr(uml, "is_there", lambda *target: True)
    assert [kernel.target.series for kernel in uml.fetch_some()][-1] == before
    assert capsys.readouterr().err == f"kmaplab: Linux {last} is skipped: no such source\n"


@pytest.mark.parametrize("gone", [False, True])
def test_series_between_are_left_out_with_a_line_unless_they_are_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], gone: bool
) -> None:
    first, *between, last = targets.series_of(KUNIT_ARCH)
    nowhere = Path("none")

    def fetch(target: Target) -> Kernel:
        if gone and target.series == last:
            raise uml.SeriesGone("no such source")
        return Kernel(target, "", "", nowhere, nowhere, nowhere, nowhere)

    monkeypatch.setattr(uml, "fetch", fetch)
    monkeypatch.setattr(uml, "is_there", lambda *target: False)
    monkeypatch.delenv("KMAPLAB_KERNELS", raising=False)
    newest = between.pop() if gone else last
    assert [kernel.target.series for kernel in uml.fetch_some()] == [first, newest]
    told = capsys.readouterr().err
    assert all(
        f"Linux {series} is left out: {series}-um is not built" in told for series in between
    )
    monkeypatch.setenv("KMAPLAB_KERNELS", "all")
    found = [kernel.target.series for kernel in uml.fetch_some()]
    assert found == [first, *between, newest]
