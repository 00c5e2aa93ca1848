"""What the modules of a copy ask the kernel for: what reaches beyond a lab is not loaded."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from harness.build import modules, reach
from harness.build.modules import Modules
from harness.catalogue.labs import Lab, all_labs
from harness.grading.judge import Judging, LabTrouble
from harness.guest.machine import Machine
from harness.kernels import debian
from harness.kernels.debian import Kernel
from harness.kernels.request import Request
from harness.kernels.targets import Target
from harness.reports.check_report import CheckReport

PAGES, REMAP = (
    next(lab for lab in all_labs() if lab.name == name) for name in ("lab_pages", "lab_remap")
)


def kernel() -> Kernel:
    """Return as much of a kernel as is asked for: the names of its tools."""
    toolchain = SimpleNamespace(prefix="")
    return cast(
        Kernel,
        SimpleNamespace(target=SimpleNamespace(architecture=SimpleNamespace(toolchain=toolchain))),
    )


def compiled(place: Path, calls: dict[str, str]) -> Modules:
    """Return modules below ``place``, of which each calls one function that is not its own.

    A name is that of the file below the sources of modules.
    """
    files = []
    for name, call in calls.items():
        file = place / "src" / name
        kept = modules.stripped(place / "src", file)
        for path in (file, kept):
            path.parent.mkdir(parents=True, exist_ok=True)
        code = f"void {call}(void); int f(void) {{ {call}(); return 0; }}"
        command = ["gcc", "-c", "-x", "c", "-", "-o", str(kept)]
        subprocess.run(command, input=code, text=True, check=True)
        file.touch()
        files.append(file)
    return Modules(place, tuple(files), "digest")


ITS_FILE = f"labs/{PAGES.directory.name}/lab_pages.ko"
OTHERS_FILE = f"labs/{REMAP.directory.name}/lab_remap.ko"


@pytest.mark.parametrize(
    ("symbol", "does"),
    [
        ("call_usermodehelper", "starts programs"),
        ("call_usermodehelper_exec", "starts programs"),
        ("orderly_poweroff", "starts programs"),
        ("__request_module", "starts programs"),
        ("filp_open", "opens, reads or writes files"),
        ("kernel_read", "opens, reads or writes files"),
        ("kernel_write", "opens, reads or writes files"),
        ("kernel_read_file_from_path", "opens, reads or writes files"),
        ("vfs_unlink", "opens, reads or writes files"),
        ("kern_path", "opens, reads or writes files"),
        ("kallsyms_on_each_symbol", "looks up other code"),
        ("__symbol_get", "looks up other code"),
        ("register_kprobe", "hooks other code"),
        ("register_kretprobes", "hooks other code"),
        ("register_ftrace_function", "hooks other code"),
        ("tracepoint_probe_register", "hooks other code"),
        ("register_module_notifier", "hooks other code"),
        ("unregister_die_notifier", "hooks other code"),
        ("klp_enable_patch", "hooks other code"),
        ("set_memory_rw", "changes other code"),
        ("set_memory_x", "changes other code"),
        ("text_poke", "changes other code"),
        ("stop_machine", "changes other code"),
        ("access_process_vm", "reaches other programs"),
        ("kthread_use_mm", "reaches other programs"),
    ],
)
def test_a_call_is_known_by_its_family(symbol: str, does: str) -> None:
    assert reach.beyond(["remap_pfn_range", symbol]) == {symbol: does}


def test_what_gets_maps_and_gives_back_memory_is_of_no_family() -> None:
    near = ["set_memory_wc", "get_user_pages", "pin_user_pages", "__fentry__", "fd_install"]
    near += ["kernel_fpu_begin", "kthread_create_on_node", "request_threaded_irq", "pci_read_vpd"]
    near += ["vm_mmap", "lookup_address", "misc_register", "dma_buf_fd", "put_pid", "vfree"]
    assert reach.beyond(near) == {}


@pytest.mark.parametrize("lab", all_labs(), ids=[lab.name for lab in all_labs()])
def test_no_source_and_no_patch_of_a_lab_has_such_a_call(lab: Lab) -> None:
    """Its right versions among them, of which a run of the tests builds some."""
    sources = [path for path in lab.directory.rglob("*") if path.suffix in (".c", ".h", ".patch")]
    called = {
        (call, path.name)
        for path in sources
        for call in re.findall(r"\b\w+(?=\()", path.read_text())
    }
    assert any(path.parent.name == "other_ways" for path in sources) and len(called) > 20
    assert not [one for one in called if reach.beyond([one[0]])]


def test_a_lab_that_reaches_beyond_is_left_out_and_the_others_are_kept(tmp_path: Path) -> None:
    calls = {ITS_FILE: "call_usermodehelper", OTHERS_FILE: "remap_pfn_range"}
    built = compiled(tmp_path, calls | {"labs/core/lab_core.ko": "misc_register"})
    left = reach.refuse(kernel(), built)
    assert [path.stem for path in left.files] == ["lab_remap", "lab_core"]
    text = left.not_built["lab_pages"]
    assert list(left.not_built) == ["lab_pages"] and "\n" not in text
    assert text.startswith("lab_pages reaches beyond a lab: it uses call_usermodehelper, which")
    assert left.digest != built.digest, "a guest that was made before would have the module"


def test_the_suites_of_the_project_may_open_devices(tmp_path: Path) -> None:
    built = compiled(tmp_path, {ITS_FILE: "misc_register", "kunit/labs/x_kunit.ko": "filp_open"})
    left = reach.refuse(kernel(), built)
    assert (left.files, left.not_built, left.digest) == (built.files, {}, built.digest)


def test_what_a_guest_gets_is_read_and_not_what_lies_beside_it(tmp_path: Path) -> None:
    built = compiled(tmp_path, {ITS_FILE: "filp_open"})
    (tmp_path / "src" / ITS_FILE).write_bytes(b"")
    assert list(reach.of_labs(kernel(), built)) == ["lab_pages"]


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"not a module\n"])
def test_a_module_that_cannot_be_read_is_not_loaded_and_the_others_are(
    tmp_path: Path, content: bytes
) -> None:
    built = compiled(tmp_path, {ITS_FILE: "misc_register", OTHERS_FILE: "misc_register"})
    modules.stripped(tmp_path / "src", tmp_path / "src" / ITS_FILE).write_bytes(content)
    found = reach.of_labs(kernel(), built)
    assert list(found) == ["lab_pages"] and "nm cannot read its module" in found["lab_pages"]


def test_a_weak_name_counts_and_one_of_any_length_is_cut(tmp_path: Path) -> None:
    built = compiled(tmp_path, {ITS_FILE: "misc_register"})
    kept = modules.stripped(tmp_path / "src", tmp_path / "src" / ITS_FILE)
    code = f'asm(".weak vfs_{"x" * 5000}\\n.quad vfs_{"x" * 5000}");'
    command = ["gcc", "-c", "-x", "c", "-", "-o", str(kept)]
    subprocess.run(command, input=code, text=True, check=True)
    text = reach.of_labs(kernel(), built)["lab_pages"]
    assert "it uses vfs_xxx" in text and len(text) < 400


def test_what_a_lab_imports_is_known_also_of_one_that_is_not_loaded(tmp_path: Path) -> None:
    calls = {ITS_FILE: "filp_open", OTHERS_FILE: "remap_pfn_range"}
    left = reach.refuse(kernel(), compiled(tmp_path, calls))
    assert {name: "filp_open" in symbols for name, symbols in left.imports.items()} == {
        "lab_pages": True,
        "lab_remap": False,
    }


def test_only_what_no_lab_of_the_project_imports_is_unusual(tmp_path: Path) -> None:
    known = reach.usual(kernel(), compiled(tmp_path, {OTHERS_FILE: "remap_pfn_range"}))
    theirs = [
        "remap_pfn_range",
        "kthread_run",
        "filp_open",
        "\x1b[2J" + "x" * 100,
        "",
        "add_timer",
        "add_timer",
    ]
    found = reach.unusual(theirs, known)
    assert found[1:] == ("add_timer", "kthread_run") and found[0].startswith("\ufffd[2Jxxx")
    many = reach.unusual([f"symbol_{number}" for number in range(5000)], known)
    assert max(map(len, found)) <= 60 and len(many) <= 100, "a page could be of any length"


def test_strange_names_of_symbols_do_no_harm() -> None:
    said = "/a/b.ko: filp_open U         \n/a/b.ko: \n/a/b.ko:  U\n/a/c.ko: x U\nfilp_close U\n"
    assert reach.parse(said, Path("/a/b.ko")) == ["filp_open", "", ""]


def test_a_lab_that_reaches_beyond_earns_nothing_and_the_student_reads_why(
    tmp_path: Path,
) -> None:
    built = reach.refuse(kernel(), compiled(tmp_path, {ITS_FILE: "filp_open"}))
    machine = cast(Machine, SimpleNamespace(modules=built, kernel=debian_target()))
    judging = Judging(Request(seed=1), [PAGES])
    judging._note_not_built(judging._shown[PAGES.name], machine)
    [found] = judging.verdicts
    assert found.trouble is LabTrouble.REFUSED and found.earned == 0
    said = "\n".join(line for line, _ in CheckReport(tmp_path, [found], 1).lines())
    assert "filp_open, which opens, reads or writes files" in said, said
    assert "look at" not in said and "has to do without the calls" in said, said


def debian_target() -> SimpleNamespace:
    return SimpleNamespace(target=Target())


@pytest.mark.boot
@pytest.mark.parametrize("target", [Target(), Target(arch="arm64")], ids=str)
def test_no_lab_of_the_project_reaches_beyond_a_lab(target: Target) -> None:
    """The right versions are asked where they are tried."""
    found = debian.fetch(target)
    built = modules.build(found)
    assert reach.of_labs(found, built) == {}
    sandboxed = replace(built, sandboxed=True)
    assert reach.of_labs(found, sandboxed) == {}
    assert {"remap_pfn_range", "lab_register"} <= reach.usual(found, built)
    core = [path for path in built.stripped if path.stem == "lab_core"]
    [symbols] = reach._imports(found, core, sandboxed=False).values()
    assert symbols and "misc_register" in symbols
