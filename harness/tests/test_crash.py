"""From the kernel's log of a crash to the line of a lab: with gcc, but without a guest."""

import subprocess
from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.build.modules import Modules
from harness.catalogue import contract
from harness.catalogue.labs import all_labs
from harness.kernels.targets import ARCHES
from harness.reports import verdict
from harness.reports.verdict import Wrong
from harness.results import kmemleak
from harness.results.crash import Crash, CrashFrame, Decoder, ReportPart, addresses

_SOURCE = """\
int shown;
static inline __attribute__((always_inline)) int look(volatile int *at)
{
    return *at; /* \x1b[31m the line */
}
__attribute__((noinline)) int lab_demo_mmap(int *at)
{
    return look(at) + 1;
}
__attribute__((section(".init.text"))) int lab_demo_init(void)
{
    return lab_demo_mmap(0) + shown;
}
"""
_FOLDER = "01_kmalloc"

# What stands before the instruction that crashed.
_EXACT = {"x86_64": "RIP: 0010:", "arm64": "pc : ", "i386": "EIP: "}

# As kbuild has them for the architectures of which a crash is read here.
_OPTIONS: dict[str, list[str]] = {
    "x86_64": ["-fcf-protection=none"],
    "arm64": [],
    "i386": ["-fcf-protection=none", "-fno-pie"],
}


@pytest.fixture(scope="module", params=list(_OPTIONS))
def decoder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Decoder:
    """Return one for a module that was compiled as kbuild does, in a directory as its own."""
    directory = tmp_path_factory.mktemp("built")
    folder = directory / "src/labs" / _FOLDER
    folder.mkdir(parents=True)
    (folder / "lab_demo.c").write_text(_SOURCE)
    toolchain = ARCHES[request.param].toolchain
    command = [toolchain.compiler, "-g", "-O2", *_OPTIONS[request.param], "-c", "lab_demo.c"]
    subprocess.run([*command, "-o", "lab_demo.ko"], cwd=folder, check=True)
    modules = Modules(directory, (folder / "lab_demo.ko",), "")
    return Decoder(ARCHES[request.param], modules)


def symbols(decoder: Decoder) -> dict[str, int]:
    """Return the size of each function of the module."""
    program = f"{decoder.architecture.toolchain.prefix}nm"
    command = [program, "-S", str(decoder.modules.files[0])]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    words = [line.split() for line in said.splitlines()]
    return {name: int(size, 16) for _, size, kind, name in words if kind in "Tt"}


def oops(decoder: Decoder, exact: str) -> list[str]:
    """Return a log with a crash in lab_demo_mmap(), called by lab_demo_init()."""
    size = symbols(decoder)
    # The call is the last but the few bytes that add and return.
    behind_the_call = {"x86_64": 0x7, "arm64": 0xC, "i386": 0x7}[decoder.architecture.name]
    return [
        "[    1.000000] lab_demo: loaded",
        "[    1.100000] BUG: kernel NULL pointer dereference, address: 0000000000000000",
        # What the kernel takes for the size has the gap behind the function in it.
        f"[    1.100000] {exact}lab_demo_mmap+0x0/{size['lab_demo_mmap'] + 8:#x} [lab_demo]",
        "[    1.100000]  ? lab_demo_init+0x0/0x99 [lab_demo]",
        "[    1.100000]  printk+0x1/0x2",
        f"[    1.100000]  lab_demo_init+{behind_the_call:#x}/{size['lab_demo_init']:#x} "
        "[lab_demo(OE+)]",
    ]


def test_a_crash_is_told_by_the_lines_of_the_source_inlined_ones_among_them(
    decoder: Decoder,
) -> None:
    found = decoder.decode(oops(decoder, _EXACT[decoder.architecture.name]))
    assert found and "NULL pointer" in found.begins
    lines = [(frame.function, frame.file, frame.line) for frame in found.frames]
    file = f"{_FOLDER}/lab_demo.c"
    assert lines[:2] == [("look", file, 4), ("lab_demo_mmap", file, 8)]
    # In a section of its own, and a return address: the line is that of the call.
    assert lines[2:] == [("lab_demo_init", file, 12)]
    assert "the line" in found.frame.text and "\x1b" not in found.frame.text


def test_without_debug_information_or_another_function_of_that_name_nothing_is_told(
    decoder: Decoder,
) -> None:
    log = oops(decoder, _EXACT[decoder.architecture.name])
    other = [*log[:2], "RIP: 0010:lab_demo_mmap+0x0/0x1 [lab_demo]"]
    assert decoder.decode(other) is None
    assert decoder.decode(["BUG: bad page", "lab_gone_mmap+0x1/0x2 [lab_gone]"]) is None
    assert decoder.decode(["all is well", log[2]]) is None


def test_the_line_of_a_file_elsewhere_is_never_shown(decoder: Decoder) -> None:
    """A source can say with #line that it is any file of the machine."""
    folder = decoder.modules.files[0].parent
    function = "__attribute__((noinline)) int lab_forged(void) { return 1; }"
    forged = f'int first;\n#line 1 "/etc/passwd"\n{function}\n'
    (folder / "lab_forged.c").write_text(forged)
    command = [decoder.architecture.toolchain.compiler, "-g", "-O2", "-c", "lab_forged.c"]
    subprocess.run([*command, "-o", "lab_forged.ko"], cwd=folder, check=True)
    modules = Modules(decoder.modules.directory, (folder / "lab_forged.ko",), "")
    one = Decoder(decoder.architecture, modules)
    size = symbols(one)["lab_forged"]
    found = one.decode([f"BUG: RIP: lab_forged+0x0/{size:#x} [lab_forged]"])
    assert not found or found.frame.text in forged.splitlines(), found and found.frame


def test_kasan_says_who_had_the_memory_before(decoder: Decoder) -> None:
    size = symbols(decoder)["lab_demo_mmap"]
    place = f"lab_demo_mmap+{size:#x}/{size:#x} [lab_demo]"
    init = f"lab_demo_init+0x1/{symbols(decoder)['lab_demo_init']:#x} [lab_demo]"
    log = [f"BUG: KASAN: use-after-free in {place}", "Call Trace:", f" {place}"]
    found = decoder.decode([*log, "Allocated by task 7:", f" {init}", "Freed by task 7:", place])
    assert found
    parts = [frame.part for frame in found.frames]
    assert parts[-2:] == [ReportPart.ALLOCATED, ReportPart.FREED]
    assert set(parts[:-2]) == {ReportPart.CRASHED}


def test_only_an_instructions_own_address_is_none_that_is_returned_to() -> None:
    lines = ["RIP: 0010:f+0x1/0x2 [m]", "pc : f+0x1/0x3 [m]", "lr : f+0x1/0x4 [m]"]
    lines += ["WARNING: CPU: 0 PID: 1 at labs/a.c:1 f+0x1/0x5 [m]", " ? f+0x1/0x6 [m]"]
    lines += [" f+0x1/0x7 [m]"]
    found = {place.size: place.is_return for place in addresses([*lines, *lines])}
    assert found == {2: False, 3: False, 5: False, 7: True}


_LEAKY = """\
void *vmalloc_user(unsigned long size);
void *kept, *also;
void *(*volatile indirect)(unsigned long size);
__attribute__((noinline)) void *lab_demo_get(int size)
{
    kept = vmalloc_user(size);
    return kept;
}
__attribute__((section(".init.text"))) int lab_demo_init(void)
{
    also = indirect(3);
    return !lab_demo_get(1);
}
"""


@pytest.mark.parametrize("model", ["small", "large"])
def test_a_leak_is_told_by_the_line_that_allocated_it_although_the_module_has_gone(
    tmp_path: Path, model: str
) -> None:
    """User-mode Linux's modules are of the large model: a register has the address to call."""
    folder = tmp_path / "src/labs" / _FOLDER
    folder.mkdir(parents=True)
    (folder / "lab_demo.c").write_text(_LEAKY)
    compiler = ARCHES["um"].toolchain.compiler
    command = [compiler, "-g", "-O2", f"-mcmodel={model}", "-fno-pic", "-c", "lab_demo.c"]
    subprocess.run([*command, "-o", "lab_demo.ko"], cwd=folder, check=True)
    module = folder / "lab_demo.ko"
    code = subprocess.run(
        ["objdump", "-d", "-j", ".text", module], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    [call] = [place for place, line in enumerate(code) if "\tcall" in line]
    behind = int(code[call + 1].partition(":")[0], 16)
    leak = [
        "unreferenced object 0x655a2100 (size 64):",
        '  comm "modprobe", pid 7, jiffies 4294937298',
        "    [<00000000c2d975a9>] vmalloc_user+0x32/0xd0",
        f"    [<00000000934fc4d4>] {0x6E811000 + behind:#x}",
        "    [<0000000027b8d8a4>] 0x6e999001",
    ]
    decoder = Decoder(ARCHES["um"], Modules(tmp_path, (module,), ""))
    found = decoder.decode_leaks(kmemleak.read(leak), {"lab_demo"})
    assert found and found.begins == leak[0] and found.leaked
    assert [(frame.function, frame.line) for frame in found.frames] == [("lab_demo_get", 6)]
    other = [line.replace("vmalloc_user", "kmalloc") for line in leak]
    assert decoder.decode_leaks(kmemleak.read(other), {"lab_demo"}) is None
    assert decoder.decode_leaks(kmemleak.read(leak), {"lab_other"}) is None


def test_a_verdict_has_the_line_and_its_callers(decoder: Decoder) -> None:
    crash = decoder.decode(oops(decoder, "pc : "))
    assert isinstance(crash, Crash)
    lab = all_labs()[0]
    wrong = Wrong("lab_kmalloc", lab, {}, ["the guest was gone"], [], LABS, crash)
    text = "\n".join(verdict.lines(wrong))
    assert "01_kmalloc/lab_demo.c:4, in look()" in text, text
    assert "from: " in text and "lab_demo.c:12, in lab_demo_init()" in text, text
    assert Path("/") not in Path(crash.frame.file).parents, crash.frame.file


def test_a_leak_is_looked_for_where_the_memory_was_allocated() -> None:
    lab = all_labs()[0]
    frame = CrashFrame("lab_ioctl_info", "core/lab_core.c", 1, "", ReportPart.CRASHED)
    crash = Crash("unreferenced object 0x655a2100 (size 64):", (frame,), leaked=True)
    for check in ("requests_survive_every_failed_copy", contract.LEAKS, "open_fails_cleanly"):
        wrong = Wrong("lab_kmalloc", lab, {check: ["it leaks"]}, crash=crash)
        [look] = [line for line in verdict.lines(wrong) if "look at:" in line]
        assert "lab_ioctl_info in " in look, look


def test_where_the_kernel_names_a_line_no_other_is_guessed_from_the_check() -> None:
    """One that hangs since the lab's init function never ends, for one."""
    lab = all_labs()[0]
    frame = CrashFrame("lab_kmalloc_init", "01_kmalloc/lab_kmalloc.c", 1, "", ReportPart.CRASHED)
    failed = {"fresh_contents_are_as_documented": ["the guest was gone"]}
    crash = Crash("rcu: INFO: rcu_sched self-detected stall on CPU", (frame,))
    assert "look at:" in "\n".join(verdict.lines(Wrong("lab_kmalloc", lab, failed)))
    lines = "\n".join(verdict.lines(Wrong("lab_kmalloc", lab, failed, crash=crash)))
    assert "in lab_kmalloc_init()" in lines and "look at:" not in lines, lines
