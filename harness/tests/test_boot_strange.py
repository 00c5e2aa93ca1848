"""Code from elsewhere that attacks the machine it is built and run on, or never ends."""

import json
import shutil
from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.build import modules, quick_modules, taken
from harness.kernels import debian
from harness.kernels.targets import Target
from harness.tests.conftest import BreakLab, BrokenLab, Kmaplab

pytestmark = pytest.mark.boot

_SECRET = "do-not-tell-4711"

# Ten words become ten to the twelfth.
_BOMB = "#define T0 x x x x x x x x x x\n" + "".join(
    f"#define T{n} {f'T{n - 1} ' * 10}\n" for n in range(1, 12)
)


@pytest.fixture
def copy(workbench: Path) -> Path:
    """Return a copy of all labs, at a place that is the same in every run."""
    directory = workbench / "strange"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(LABS, directory, ignore=shutil.ignore_patterns("mistakes", "changes"))
    return directory


def add(source: Path, text: str) -> None:
    with source.open("a") as file:
        file.write(text)


@pytest.mark.parametrize("quick", [False, True], ids=["kbuild", "quick"])
def test_building_a_copy_neither_runs_nor_reads_anything_of_the_host(
    copy: Path, tmp_path: Path, quick: bool
) -> None:
    """Each lab attacks in its own way; what does not compile fails by itself."""
    secret, touched = tmp_path / "secret", tmp_path / "touched"
    secret.write_text(f'"{_SECRET}"\n')
    attack = f"\n$(shell touch {touched}; cat {secret} >{copy}/seen)\n"
    for name in ("Kbuild", "Makefile", "01_kmalloc/Kbuild", "01_kmalloc/Makefile"):
        add(copy / name, attack)
    add(copy / "02_pages/lab_pages.c", f'static const char *s =\n#include "{secret}"\n;\n')
    add(copy / "03_vmalloc/lab_vmalloc.c", f'asm(".incbin \\"{secret}\\"");\n')
    add(copy / "05_remap/lab_remap.c", f"{_BOMB}T11\n")
    solutions = modules.build(debian.fetch(Target())).directory / "src/labs/04_reserved"
    add(copy / "04_reserved/lab_reserved.c", f'#include "{solutions}/lab_reserved.c"\n')
    what = taken.take(copy)
    kernel = debian.fetch(Target())
    if quick:
        own = modules.build(kernel)
        assert quick_modules.can(kernel, own), "kbuild has kept other commands than expected"
        built = quick_modules.build(kernel, own, what)
    else:
        built = modules.build(kernel, what.directory, sandboxed=True, taken=what)
    names = {path.stem for path in built.files}
    assert {"lab_core", "lab_kmalloc"} <= names
    failed = {"lab_pages", "lab_vmalloc", "lab_reserved", "lab_remap"}
    assert set(built.not_built) >= failed, built.not_built
    assert f"{copy}/02_pages/lab_pages.c:" in built.not_built["lab_pages"]
    assert not touched.exists() and not (copy / "seen").exists()
    for path in built.directory.rglob("*"):
        assert not path.is_file() or _SECRET.encode() not in path.read_bytes(), path


# What a module of user-mode Linux may call: it is a part of a program of the host.
_ESCAPE = """
    int os_open_file(const char *file, unsigned long long flags, int mode);
    int run_helper(void (*before)(void *), void *data, char **argv);
    long syscall(long number, ...);
    static const char address[16] = "\\2\\0\\0\\26\\177\\0\\0\\1";
    char *argv[] = {{ "/bin/sh", "-c", "cat {secret}; echo ran >{touched}; ls {root}", NULL }};

    pr_emerg("open %d\\n", os_open_file("{secret}", 1, 0) < 0);
    pr_emerg("create %ld\\n", syscall(85, "{touched}", 0644) < 0);
    pr_emerg("unlink %ld\\n", syscall(87, "{secret}") < 0);
    pr_emerg("kernel %ld\\n", syscall(2, "/proc/sys/kernel/core_pattern", 1, 0) < 0);
    pr_emerg("socket %ld\\n", syscall(42, syscall(41, 2, 1, 0), address, 16) < 0);
    run_helper(NULL, NULL, argv);
    err = -ENODEV;"""


def test_a_module_of_user_mode_linux_cannot_touch_the_host(
    kmaplab: Kmaplab, broken_lab: BreakLab, um_default: str, tmp_path: Path
) -> None:
    secret, touched = tmp_path / "secret", tmp_path / "touched"
    secret.write_text(_SECRET)
    text = _ESCAPE.format(secret=secret, touched=touched, root=tmp_path)
    lab = broken_lab("lab_kmalloc").replace("	err = lab_kmalloc_get();", text)
    before = sorted(path.name for path in tmp_path.iterdir())
    arguments = ("run", "--arch", "um", "--labs", lab.directory, "--lab", "kmalloc")
    outcome = kmaplab(*arguments).expect(1)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert secret.read_text() == _SECRET
    said = outcome.out + outcome.err
    for call in ("open", "create", "unlink", "kernel", "socket"):
        assert f"{call} 1" in said, f"{call} of something of the host was not refused\n{said}"
    assert _SECRET not in said


def hang(lab: BrokenLab) -> None:
    lab.replace("	err = lab_pages_get();", "	for (;;)\n		cpu_relax();")


@pytest.mark.parametrize("arch", ["x86_64", "um"])
def test_a_guest_that_falls_silent_is_ended_long_before_its_limit(
    kmaplab: Kmaplab, broken_lab: BreakLab, arch: str
) -> None:
    lab = broken_lab("lab_pages")
    hang(lab)
    arguments = ("run", "--arch", arch, "--labs", lab.directory, "--lab", "pages")
    outcome = kmaplab(*arguments, "--limit", "900").expect(3)
    assert "said nothing for" in outcome.out


def test_a_lab_that_breaks_the_guest_does_not_keep_the_others_from_being_tried(
    kmaplab: Kmaplab, copy: Path
) -> None:
    source = copy / "01_kmalloc/lab_kmalloc.c"
    lab = BrokenLab(copy, source)
    lab.replace(
        "	err = lab_kmalloc_get();", "	*(volatile int *)0x10 = 0;\n	err = lab_kmalloc_get();"
    )
    arguments = ("run", "--labs", copy, "--lab", "kmalloc,remap", "--format", "json")
    data = json.loads(kmaplab(*arguments).expect(3).out)
    verdicts = {result["lab"]: result["verdict"] for result in data["labs"]}
    assert verdicts == {"lab_kmalloc": "broken", "lab_remap": "passed"}
