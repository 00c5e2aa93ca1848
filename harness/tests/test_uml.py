"""Building user-mode Linux: what can be said without building it."""

import os
import re
import shutil
import threading
from pathlib import Path

import pytest

from harness.kernels import uml
from harness.base import paths
from harness.base.errors import BAD_SETUP, SetupError
from harness.base.progress import step
from harness.kernels.targets import Target


def test_objects_are_counted_while_make_makes_and_removes_folders(tmp_path: Path) -> None:
    (tmp_path / "kernel").mkdir()
    (tmp_path / "kernel/fork.o").touch()
    stop = threading.Event()

    def make() -> None:
        while not stop.is_set():
            for number in range(50):
                (tmp_path / f".tmp_{number}").mkdir()
            for number in range(50):
                (tmp_path / f".tmp_{number}").rmdir()

    thread = threading.Thread(target=make)
    thread.start()
    try:
        assert {uml._objects(tmp_path) for _ in range(300)} == {1}
    finally:
        stop.set()
        thread.join()


def build(tmp_path: Path, program: str) -> SetupError:
    """Build with a kunit.py of ours; return what came of it."""
    tool = tmp_path / "source/tools/testing/kunit/kunit.py"
    tool.parent.mkdir(parents=True)
    tool.write_text(program)
    (tmp_path / "source/Kconfig").write_text('mainmenu "A kernel"\n')
    directory = tmp_path / "build"
    directory.mkdir()
    with step("a build") as progress, pytest.raises(uml.KernelNotBuilt) as caught:
        uml._run_kunit_py(tmp_path / "source", directory, [], tmp_path / "log", progress)
    return caught.value


def test_a_kernel_that_does_not_build_ends_with_the_last_lines(tmp_path: Path) -> None:
    error = build(tmp_path, "print('mm/slub.c:1: error: nonsense'); raise SystemExit(1)")
    assert error.status == BAD_SETUP
    assert "UML does not build" in str(error)
    assert "mm/slub.c:1: error: nonsense" in str(error)


def test_a_build_that_makes_no_kernel_is_none(tmp_path: Path) -> None:
    assert "UML does not build" in str(build(tmp_path, "print('all is well')"))


def test_a_build_that_hangs_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uml, "_BUILD_LIMIT", 10)
    error = build(tmp_path, "import time; print('LD vmlinux', flush=True); time.sleep(600)")
    assert "still being built after 10 s" in str(error)
    assert "LD vmlinux" in str(error)


def test_what_a_series_does_not_offer_is_told_though_it_was_not_asked_for() -> None:
    wanted = "\n".join(
        (uml.CONFIGS / f"{name}.kunitconfig").read_text() for name in ("common", "instrumented")
    )
    assert uml.missing_options(wanted, "plain") == []
    assert uml.missing_options(wanted, "instrumented") == ["DEBUG_ATOMIC_SLEEP"]
    without = wanted.replace("CONFIG_KASAN=y", "# CONFIG_KASAN is not set")
    assert uml.missing_options(without, "instrumented") == ["KASAN", "DEBUG_ATOMIC_SLEEP"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # 6.1 and 6.12: too few for a processor with AMX, which has 11008.
        ("DEFINE_LONGS(HOST_FP_SIZE, 2696);", "DEFINE_LONGS(HOST_FP_SIZE, 12288);"),
        # Later series ask the host.
        ("DEFINE_LONGS(HOST_BX, RBX);", "DEFINE_LONGS(HOST_BX, RBX);"),
    ],
)
def test_there_is_room_for_the_registers_of_new_processors(
    tmp_path: Path, line: str, expected: str
) -> None:
    path = tmp_path / "arch/x86/um/user-offsets.c"
    path.parent.mkdir(parents=True)
    path.write_text(f"#ifdef FP_XSTATE_MAGIC1\n\t{line}\n#else\n")
    for _ in range(2):
        uml._make_room_for_registers(tmp_path)
        assert path.read_text() == f"#ifdef FP_XSTATE_MAGIC1\n\t{expected}\n#else\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with what a build needs of the source, and configs of its own."""
    shutil.copytree(uml.CONFIGS, tmp_path / "configs")
    monkeypatch.setattr(uml, "CONFIGS", tmp_path / "configs")
    path = tmp_path / "source" / uml._REGISTERS
    path.parent.mkdir(parents=True)
    path.touch()
    monkeypatch.setattr(uml, "_run_kunit_py", make)
    return tmp_path


def make(source: Path, directory: Path, *_: object) -> None:
    """Stand for kunit.py: make a kernel at once."""
    (directory / "include/config").mkdir(parents=True)
    (directory / "include/config/kernel.release").write_text("6.1.0\n")
    (directory / "linux").touch()
    (directory / ".config").touch()


def test_a_build_that_was_interrupted_goes_on_where_it_was(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []

    def interrupted(source: Path, directory: Path, *_: object) -> None:
        found.append([path.name for path in directory.iterdir()])
        (directory / "fork.o").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(uml, "_run_kunit_py", interrupted)
    for change in ("", "", "CONFIG_KERNEL_STACK_ORDER=6\n"):
        with (home / "configs/common.kunitconfig").open("a") as config:
            config.write(change)
        with pytest.raises(KeyboardInterrupt):
            uml._build(Target("6.1", "um"), "plain", "1", home)
    assert found == [[], ["fork.o"], []]


def test_a_kernel_that_was_damaged_is_built_again_from_nothing(home: Path) -> None:
    kernel = uml._build(Target("6.1", "um"), "plain", "1", home)
    (kernel.root / "fork.o").touch()
    kernel.image.write_text("something else")
    uml._build(Target("6.1", "um"), "plain", "1", home)
    assert kernel.image.read_text() == "" and not (kernel.root / "fork.o").exists()


def test_a_kernel_of_another_configuration_is_another_kernel(home: Path) -> None:
    """Else modules of the old one would be loaded into the new one, and crash it."""
    first, again = (uml._build(Target("6.1", "um"), "plain", "1", home) for _ in range(2))
    with (home / "configs/common.kunitconfig").open("a") as config:
        config.write("CONFIG_KERNEL_STACK_ORDER=6\n")
    other = uml._build(Target("6.1", "um"), "plain", "1", home)
    assert first.version == again.version != other.version


def test_a_signal_that_comes_in_another_ones_handler_has_room_on_the_stack() -> None:
    """Else it writes over the stack below, which is that of the first process."""
    config = (uml.CONFIGS / "common.kunitconfig").read_text()
    order = re.search(r"^CONFIG_KERNEL_STACK_ORDER=(\d+)$", config, re.MULTILINE)
    kept = re.search(r"(\d+)\);", uml._ENOUGH_BYTES)
    assert order and kept
    registers = int(kept[1])
    # The largest that Linux makes, which is that of a processor with AMX; this host's own is
    # sysconf(_SC_MINSIGSTKSZ).
    frame = max(os.sysconf("SC_MINSIGSTKSZ"), 12 << 10)
    a_signals = frame + registers + (8 << 10)
    assert os.sysconf("SC_PAGE_SIZE") << int(order[1]) >= registers + 2 * a_signals


def test_a_path_that_kbuild_cannot_handle_is_refused_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "BUILD", tmp_path / "my labs/build")
    with pytest.raises(SetupError, match="space or a colon"):
        uml.fetch(Target("6.1", "um"))


def test_a_series_that_is_newer_than_the_file_with_the_registers_is_built(home: Path) -> None:
    (home / "source" / uml._REGISTERS).unlink()
    assert uml._build(Target("9.9", "um"), "plain", "1", home).release == "6.1.0"
