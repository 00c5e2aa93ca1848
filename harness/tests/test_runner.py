"""The runner of the check programs, with checks that fail in all ways; on this machine."""

from pathlib import Path

import pytest

from harness.base import tools
from harness.base.paths import LABS, ROOT, USERSPACE
from harness.build import check_programs
from harness.results.ktap import Ktap, KtapReader
from harness.tests.conftest import call

SOURCE = ROOT / "harness/tests/runner/checks_of_null.c"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a check program of /dev/null, of which only the checks are not the real ones."""
    objects = check_programs.build().executable.parent
    directory = tmp_path_factory.mktemp("null")
    others = ("labs", "tools")
    rooms = [path for path in sorted(objects.glob("*/*.o")) if path.parent.name not in others]
    command: list[str | Path] = ["gcc-12", "-std=gnu11", "-O2", "-D_GNU_SOURCE", "-static"]
    command += [f"-I{USERSPACE}", f"-I{LABS}/include", "-Wl,--wrap=_ck_assert_failed"]
    command += ["-o", directory / "null", SOURCE, *rooms]
    command += ["-lcheck", "-lsubunit", "-lm", "-lrt", "-lpthread"]
    tools.run(command, directory / "log", "building checks_of_null")
    return directory / "null"


def results(program: Path) -> Ktap:
    reader = KtapReader()
    names = SOURCE.read_text().split("	CHECK(")[1:]
    only = ",".join(name.partition(",")[0] for name in names)
    outcome = call(program, "--only", only).expect(1)
    for line in outcome.out.splitlines():
        reader.feed(line)
    return reader.finish()


def test_each_check_says_once_what_went_wrong(program: Path) -> None:
    found = results(program).checks
    assert [(check.name, check.diagnostics) for check in found] == [
        ("child_asserts", ("said by the child", "said of the child")),
        ("child_asserts_and_nobody_asks", ("said by the child",)),
        ("text_looks_like_other_lines", ("seed 0x5, call 7: lseek", "report of it", "running on")),
        ("signal_is_awaited", ()),
        ("another_signal_is_awaited", ("a store: expected SIGBUS, found status 0xb",)),
    ]
    assert [check.passed for check in found] == [False, False, False, True, False]
