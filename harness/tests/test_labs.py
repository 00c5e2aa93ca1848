"""What lab.toml says, and on which targets a lab runs."""

from pathlib import Path

import pytest

from harness.base.errors import SetupError
from harness.base.paths import KUNIT
from harness.catalogue import labs
from harness.catalogue.labs import Load
from harness.kernels.targets import ARCHES, Target

_NO_SUITE = 'no_suite = "it is small"'
_LAB = f"""
name = "lab_x"
title = "a lab"
memory = "`alloc`"
mapped = "`map`"
lesson = "memory"
mapping = "pfnmap"
operations = ["read", "mmap"]
loads = ["pages=4 how=range", "pages=4 how=page"]
{_NO_SUITE}
"""


def read(directory: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> labs.Lab:
    path = directory / "01_x/lab.toml"
    path.parent.mkdir()
    path.write_text(text)
    monkeypatch.setattr(labs, "LABS", directory)
    return labs.all_labs()[0]


def test_a_lab_without_conditions_runs_everywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = read(tmp_path, _LAB, monkeypatch)
    assert lab.why_not(Target("6.1")) is None
    assert lab.why_not(Target("7.2", "um")) is None


def test_a_lab_runs_from_its_first_series_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Series are compared as numbers: 6.12 is newer than 6.1 and not below 6.2."""
    since = '[since]\nseries = "6.12"\nreason = "a thing is new"\n'
    lab = read(tmp_path, _LAB + since, monkeypatch)
    assert lab.why_not(Target("6.1")) == "runs from Linux 6.12 on: a thing is new"
    assert lab.why_not(Target("6.12")) is None
    assert lab.why_not(Target("7.2", "um")) is None


def test_an_architecture_comes_before_a_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[since]\nseries = "7.2"\nreason = "new"\n[cannot_run]\num = "no such memory"\n'
    lab = read(tmp_path, _LAB + text, monkeypatch)
    assert lab.why_not(Target("6.1", "um")) == "no such memory"
    assert lab.why_not(Target("7.2", "um")) == "no such memory"
    assert lab.why_not(Target("6.1")) == "runs from Linux 7.2 on: new"


def test_a_parameter_may_bring_large_entries_where_the_kernel_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[large_entries]\nwith = "big=1"\nseries = "6.12"\nreason = "new"\n'
    lab = read(tmp_path, _LAB + text + '[large_entries.cannot]\num = "no"\n', monkeypatch)
    with_them = Load(lab, ("big=1",))
    assert with_them.has_large_entries(Target("6.12", "x86_64"))
    assert not with_them.has_large_entries(Target("6.1", "x86_64"))
    assert not with_them.has_large_entries(Target("6.12", "um"))
    assert not Load(lab, ("big=0",)).has_large_entries(Target("6.12", "x86_64"))
    assert lab.large_entries and lab.large_entries.why_not(Target("6.12", "um")) == "no"


def test_a_parameter_may_change_the_mapping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = read(tmp_path, _LAB + '[mapping_with]\n"how=range" = "mixedmap"\n', monkeypatch)
    assert [Load(lab, load).mapping for load in lab.loads] == ["mixedmap", "pfnmap"]
    assert Load(lab, ()).mapping == "pfnmap"


def test_a_suite_is_loaded_after_modules_with_their_parameters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = _LAB.replace(_NO_SUITE, "") + '[suite]\nloads = ["!x pages=0; x", ""]\n'
    lab = read(tmp_path, text, monkeypatch)
    assert lab.suite_loads == (("!x pages=0", "x"), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("loads = [", r"Invalid"),
        (_LAB.replace('"lab_x"', '"x"'), r"name must be lab_"),
        (_LAB.replace('title = "a lab"', ""), r"title is missing"),
        (_LAB.replace('"a lab"', '" "'), r"title is empty"),
        (_LAB.replace('"a lab"', "4"), r"title must be text"),
        (
            _LAB.replace('"pfnmap"', '"slow"'),
            r"mapping must be one of pfnmap, mixedmap, fault, fault_pfn, none",
        ),
        (_LAB.replace('"mmap"]', '"read"]'), r"operations must be .* each once"),
        (_LAB.replace('"mmap"]', "4]"), r"operations must be a list of texts"),
        (_LAB.replace('"mmap"]', '"MMap"]'), r"operations must be .* in lower case"),
        (
            _LAB + 'devices = ["edu", "lp0"]\n',
            r"devices has lp0: choose from edu, ivshmem, testdev",
        ),
        (_LAB + "more_loads = 5\n", r"more_loads must be a list"),
        (_LAB + 'load = ["pages=4"]\n', r"load is unknown"),
        (_LAB + "suite = 4\n", r"suite must be a table"),
        (_LAB + "[suite]\nloads = []\n", r"\[suite\] loads is empty"),
        (_LAB.replace(_NO_SUITE, ""), r"no_suite must say why there is no table \[suite\]"),
        (_LAB + '[suite]\nloads = [""]\n', r"no_suite must say why .*, and only then"),
        (_LAB.replace(_NO_SUITE, "no_suite = ''"), r"no_suite is empty"),
        (_LAB + "page_by_page = 1\n", r"page_by_page must be true or false"),
        (_LAB + '[suite]\nloads = [""]\nload = 1\n', r"\[suite\] load is unknown"),
        (
            _LAB + '[mapping_with]\n"how=page" = "none at all"\n',
            r"\[mapping_with\] how=page must be",
        ),
        (_LAB + "[hints]\ncheck = 1\n", r"\[hints\] check must be text"),
        (_LAB + '[cannot_run]\nvax = "it has none"\n', r"\[cannot_run\] vax is unknown: .*x86_64"),
        (_LAB + "since = 7.2", r"since must be a table"),
        (_LAB + '[since]\nseries = "7.2"', r"\[since\] reason is missing"),
        (_LAB + '[since]\nreason = "new"', r"\[since\] series is missing"),
        (_LAB + '[large_entries]\nwith = "a=1"', r"\[large_entries\] series is missing"),
        (_LAB + '[since]\nseries = "7.2"\nreason = ""', r"\[since\] reason is empty"),
        (_LAB + '[since]\nseries = 7.2\nreason = "new"', r"\[since\] series must be text"),
        (_LAB + '[since]\nseries = "new"\nreason = "new"', r"\[since\] series must be the number"),
        (_LAB + '[since]\nseries = "7.2"\nreason = "new"\nuntil = "8"', r"\[since\] until is"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line_with_file_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    with pytest.raises(SetupError, match=rf"01_x/lab.toml: {said}") as refused:
        read(tmp_path, text, monkeypatch)
    assert "\n" not in str(refused.value)


def test_the_labs_themselves_say_where_they_run() -> None:
    without_devices = [
        *("lab_bar", "lab_port", "lab_regs", "lab_rtc", "lab_dma", "lab_uio"),
        *("lab_types", "lab_devmem", "lab_dmabuf"),
    ]
    cannot = {
        str(target): [lab.name for lab in labs.all_labs() if lab.why_not(target)]
        for target in (Target("6.1"), Target("6.12"), Target("6.12", "um"), Target("7.2", "um"))
    }
    assert cannot == {
        "6.1-x86_64": ["lab_prepare"],
        "6.12-x86_64": ["lab_prepare"],
        "6.12-um": ["lab_reserved", "lab_prepare", *without_devices],
        "7.2-um": ["lab_reserved", *without_devices],
    }


def test_a_lab_that_drives_devices_says_why_it_cannot_run_where_there_are_none() -> None:
    """Nowhere is a cell of the table empty without a reason."""
    without = {name for name, arch in ARCHES.items() if not arch.qemu}
    for lab in labs.all_labs():
        if lab.devices:
            assert set(lab.cannot_run) >= without, lab.name


def test_a_lab_is_named_alike_everywhere_in_its_folder() -> None:
    """The folder, the module's source, and the heading of the lesson."""
    for lab in labs.all_labs():
        assert lab.directory.name.partition("_")[2] == lab.name.removeprefix("lab_")
        assert (lab.directory / f"{lab.name}.c").is_file()
        lesson = (lab.directory / "lesson.md").read_text()
        assert lesson.splitlines()[0] == f"# {lab.title}"


def test_a_lab_has_loads_for_its_suite_if_and_only_if_it_has_one() -> None:
    for lab in labs.all_labs():
        has_source = any(KUNIT.rglob(f"{lab.name}_kunit.c"))
        assert bool(lab.suite_loads) == has_source, lab.name
