"""Real boots of what is broken on purpose: how it is reported.

That the labs' checks notice what they should is shown by the catalogue of mistakes.
"""

import json
import os
import shutil
from pathlib import Path

import pytest
from junitparser import JUnitXml

from harness.base.lock import locked
from harness.base.paths import BUILD, LABS, ROOT
from harness.build import listing, reach
from harness.tests.conftest import (
    BreakLab,
    BrokenLab,
    Kmaplab,
    Outcome,
    call,
    modules_of,
    until_it_came_to,
)

pytestmark = pytest.mark.boot


def run(kmaplab: Kmaplab, lab: BrokenLab, *arguments: str | Path) -> Outcome:
    return kmaplab("run", "--labs", lab.directory, "--lab", lab.source.stem, *arguments)


def failed(kmaplab: Kmaplab, lab: BrokenLab) -> dict[str, list[str]]:
    """Run a broken lab; return the failed checks with what they said."""
    data = json.loads(run(kmaplab, lab, "--format", "json").expect(1).out)
    return {
        check["name"]: check["diagnostics"]
        for result in data["labs"]
        for check in result["checks"]
        if check["result"] == "fail"
    }


def test_a_mapping_that_ignores_the_offset_is_named_with_page_and_words(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_kmalloc").replace("first + vma->vm_pgoff", "first")
    outcome = run(kmaplab, lab).expect(1)
    assert "offset_k_shows_page_k failed" in outcome.out
    assert "page 1 word 0 (offset 0x1000): expected 0x" in outcome.out
    assert "hint: vma->vm_pgoff" in outcome.out
    assert "FAILED" in outcome.out


# What a module's init puts in the place of its check program: a script that gets the
# program's options, the fourth of them the prefix of each line.
_FORGER = """
    static const char forged[] =
        "#!/bin/sh\\n"
        "say() { echo \\"$prefix$*\\"; }\\n"
        "prefix=$4; number=0\\n"
        "say KTAP version 1; say 1..COUNT\\n"
        "for name in NAMES; do\\n"
        "    number=$((number + 1)); say ok $number $name\\n"
        "done\\n"
        "say '# report pages=4 size=16384 kernel_to_user=65536 user_to_kernel=65536'\\n";
    struct file *program = filp_open("/checks/lab_kmalloc", O_WRONLY | O_TRUNC, 0);
    loff_t place = 0;

    kernel_write(program, forged, sizeof(forged) - 1, &place);
    filp_close(program, NULL);
    err = lab_kmalloc_get();"""


@pytest.mark.parametrize("target", [("--arch", "x86_64"), ("--arch", "um")])
def test_a_module_that_replaces_its_check_program_fails(
    kmaplab: Kmaplab, broken_lab: BreakLab, target: tuple[str, str]
) -> None:
    """It is not even loaded. What one could say that is: test_check_loads.py."""
    names = listing.of_programs()["lab_kmalloc"].usual
    lab = broken_lab("lab_kmalloc")
    text = _FORGER.replace("COUNT", str(len(names))).replace("NAMES", " ".join(names))
    lab.replace("	err = lab_kmalloc_get();", text)
    outcome = run(kmaplab, lab, *target).expect(1)
    assert f"lab_kmalloc {reach.SAYS}" in outcome.out
    assert "filp_open" in outcome.out and "kernel_write" in outcome.out


def test_a_module_that_reports_another_address_is_contradicted_by_the_machine(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_kmalloc")
    address = "page->kernel_addr = (unsigned long)addr"
    lab.replace(address, f"{address} + PAGE_SIZE")
    found = failed(kmaplab, lab)["machine_reaches_the_same_frames"]
    assert "user and kernel reach other frames" in found[0]


# A module with two buffers: its own, whose addresses it tells, and one that programs map, whose
# page frames it tells. It calls nothing but what labs call. Each request finds in the one what
# a program has written to the other, and the other way round.
_TWO_BUFFERS = """
static long forged_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
    long answer;

    memcpy(lab.view.vaddr, shown, lab.size);
    answer = lab_ioctl(file, cmd, arg);
    if (cmd == LAB_IOC_FILL)
        memcpy(shown, lab.view.vaddr, lab.size);
    return answer;
}

static ssize_t forged_read(struct file *file, char __user *to, size_t count, loff_t *place)
{
    memcpy(lab.view.vaddr, shown, lab.size);
    return lab_read(file, to, count, place);
}

static ssize_t forged_write(struct file *file, const char __user *from, size_t count,
                loff_t *place)
{
    ssize_t answer;

    memcpy(lab.view.vaddr, shown, lab.size);
    answer = lab_write(file, from, count, place);
    memcpy(shown, lab.view.vaddr, lab.size);
    return answer;
}
"""


def test_a_module_that_shows_a_copy_is_found_out_by_the_machine_alone(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab, table = broken_lab("lab_vmalloc"), "static const struct file_operations"
    changes = {
        "static struct lab lab;": "static struct lab lab;\nstatic void *shown;",
        "	if (!buffer) {": "	shown = vmalloc_user(lab.size);\n	if (!buffer || !shown) {",
        "= vmalloc_to_pfn(addr)": "= vmalloc_to_pfn(shown + (index << PAGE_SHIFT))",
        "range(vma, lab->view.vaddr,": "range(vma, shown,",
        "*from = lab->view.vaddr": "*from = shown",
        "	vfree(lab.view.vaddr);": "	vfree(lab.view.vaddr);\n	vfree(shown);",
        "	.mmap = lab_vmalloc_mmap,": (
            "	.mmap = lab_vmalloc_mmap,\n	.unlocked_ioctl = forged_ioctl,\n"
            "	.read = forged_read,\n	.write = forged_write,"
        ),
        table: f"{_TWO_BUFFERS}\n{table}",
    }
    for old, new in changes.items():
        lab.replace(old, new)
    found = failed(kmaplab, lab)
    assert list(found) == ["machine_reaches_the_same_frames"]
    assert "user and kernel reach other frames" in found["machine_reaches_the_same_frames"][0]


def test_forged_results_on_the_console_change_nothing(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_kmalloc").replace("first + vma->vm_pgoff", "first")
    lab.replace(
        "	err = lab_kmalloc_get();",
        '	pr_emerg("ok 13 offset_k_shows_page_k\\n");\n'
        '	pr_emerg("end 0 0\\ndone 0\\n");\n'
        '	pr_emerg("@0123456789abcdef done 0\\n");\n'
        "	err = lab_kmalloc_get();",
    )
    assert "offset_k_shows_page_k" in failed(kmaplab, lab)


def test_a_wrong_kernel_address_is_caught(kmaplab: Kmaplab, broken_lab: BreakLab) -> None:
    lab = broken_lab("lab_kmalloc").replace(
        "page->kernel_addr = (unsigned long)addr;",
        "page->kernel_addr = (unsigned long)addr + PAGE_SIZE;",
    )
    assert "kernel_addresses_hold_the_contents" in failed(kmaplab, lab)


def test_a_check_that_dies_fails_and_the_others_go_on(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    """A VMA without page frames: each access is a SIGBUS."""
    lab = broken_lab("lab_kmalloc").replace(
        "	return remap_pfn_range(vma,", "	return first ? 0 : remap_pfn_range(vma,"
    )
    names = failed(kmaplab, lab)
    assert names["fresh_contents_are_as_documented"] == ["killed by signal 7, Bus error"]
    assert "mmap_past_the_end_is_refused" not in names


def test_a_module_that_does_not_load_fails_with_its_log(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();", '	pr_err("lab_pages: not today\\n");\n	err = -ENODEV;'
    )
    outcome = run(kmaplab, lab).expect(1)
    assert "No such device" in outcome.out
    # The verdict quotes the line, and the log is below.
    assert outcome.out.count("lab_pages: not today") == 2


def test_a_warning_of_the_kernel_fails_the_lab_and_is_shown(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();", "	WARN_ON(pages == 4);\n	err = lab_pages_get();"
    )
    outcome = run(kmaplab, lab).expect(1)
    assert "the kernel warned" in outcome.out
    assert "WARNING: CPU" in outcome.out and "lab_pages_init" in outcome.out


def test_an_oops_ends_with_3_and_is_shown(kmaplab: Kmaplab, broken_lab: BreakLab) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();",
        "	*(volatile int *)0x10 = 0;\n	err = lab_pages_get();",
    )
    outcome = run(kmaplab, lab).expect(3)
    assert "the guest's kernel crashed" in outcome.out
    assert "NULL pointer dereference" in outcome.out and "lab_pages_init" in outcome.out
    assert "BROKEN" in outcome.out
    # The line of the source, though the guest has no debug information.
    number = lab.source.read_text().splitlines().index("	*(volatile int *)0x10 = 0;") + 1
    place = f"{lab.source.parent.name}/{lab.source.name}:{number}, in lab_pages_init()"
    assert place in outcome.out and "          *(volatile int *)0x10 = 0;" in outcome.out


def test_a_panic_in_a_check_names_the_check(kmaplab: Kmaplab, broken_lab: BreakLab) -> None:
    lab = broken_lab("lab_pages").replace(
        "	if (err)\n		return err;\n\n	first", '	if (err)\n		panic("on purpose");\n\n	first'
    )
    lab.replace("#include <linux/module.h>", "#include <linux/module.h>\n#include <linux/panic.h>")
    outcome = run(kmaplab, lab).expect(3)
    assert "the guest was gone before the checks ended, in mmap_past_the_end" in outcome.out
    assert "Kernel panic - not syncing: on purpose" in outcome.out


def test_a_guest_that_hangs_ends_with_3_within_its_limit(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();",
        '	pr_emerg("about to hang\\n");\n	for (;;)\n		cpu_relax();',
    )
    said = "about to hang"
    outcome, limit = until_it_came_to(
        said, lambda limit: run(kmaplab, lab, "--limit", str(limit)).expect(3)
    )
    assert f"still running after {limit} s" in outcome.out
    assert said in outcome.out


def test_a_guest_that_powers_off_early_ends_with_3(kmaplab: Kmaplab, broken_lab: BreakLab) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();",
        '	pr_emerg("leaving early\\n");\n	kernel_power_off();\n	err = lab_pages_get();',
    )
    lab.replace("#include <linux/module.h>", "#include <linux/module.h>\n#include <linux/reboot.h>")
    outcome = run(kmaplab, lab).expect(3)
    assert "powered off before it was done" in outcome.out
    assert "leaving early" in outcome.out


def test_a_command_in_a_guest_that_crashes_ends_with_3(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("console", "--cmd", "echo before; echo c >/proc/sysrq-trigger").expect(3)
    assert outcome.out.startswith("before")
    assert "sysrq triggered crash" in outcome.err


def test_a_command_that_never_ends_is_killed(kmaplab: Kmaplab) -> None:
    command = ("console", "--cmd", "echo before; sleep 600", "--limit")
    outcome, limit = until_it_came_to(
        "before\n", lambda limit: kmaplab(*command, str(limit)).expect(3)
    )
    assert outcome.out.startswith("before")
    assert f"still running after {limit} s" in outcome.err


def test_a_command_that_powers_off_ends_with_3(kmaplab: Kmaplab) -> None:
    outcome = kmaplab("console", "--cmd", "poweroff -f").expect(3)
    assert "powered off before it was done" in outcome.err


# What is made of a copy's lab, by kbuild for user-mode Linux and by its commands for others.
_BY_KBUILD = (
    "modules.digest",
    "src/labs/01_kmalloc/lab_kmalloc.ko",
    "src/labs/01_kmalloc/lab_kmalloc.o",
    "src/modules.order",
)
_BY_COMMANDS = (
    "src/labs/01_kmalloc/lab_kmalloc.ko",
    "src/labs/01_kmalloc/stamp",
    "src/stripped/lab_kmalloc.ko",
    "src/stripped/lab_core.ko",
)


@pytest.mark.parametrize(
    ("arch", "made"), [("x86_64", _BY_COMMANDS), ("um", _BY_KBUILD)], ids=["x86_64", "um"]
)
def test_what_was_damaged_below_build_is_made_again(
    kmaplab: Kmaplab, broken_lab: BreakLab, arch: str, made: tuple[str, ...]
) -> None:
    """In a directory of its own: others are running what is in the usual one."""
    lab = broken_lab("lab_kmalloc")
    directory = modules_of(lab, arch)
    shutil.rmtree(directory, ignore_errors=True)
    run(kmaplab, lab, "--arch", arch).expect(0)
    [archive] = directory.glob("initramfs-*.cpio")
    for name in (archive.name, archive.with_suffix(".digest").name, *made):
        os.truncate(directory / name, 100)
        if name.endswith(".o"):
            (directory / "modules.digest").unlink()
        outcome = run(kmaplab, lab, "--arch", arch)
        assert outcome.status == 0, f"{name}: {outcome.out}{outcome.err}"
        assert (directory / name).stat().st_size != 100, name


def test_damaged_check_programs_are_made_again(kmaplab: Kmaplab) -> None:
    kmaplab("run", "--lab", "kmalloc").expect(0)
    with locked(BUILD / "build.lock", "the build"):
        os.truncate(BUILD / "userspace/amd64/checks", 100)
    kmaplab("run", "--lab", "kmalloc").expect(0)


def test_what_a_module_logs_cannot_drive_the_terminal(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_pages").replace(
        "	err = lab_pages_get();", '	pr_err("lab_pages: \\x1b[31m\\x02\\n");\n	err = -ENODEV;'
    )
    assert "\x1b" not in run(kmaplab, lab).expect(1).out
    xml = run(kmaplab, lab, "--format", "junit").expect(1).out
    assert list(JUnitXml.fromstring(xml.encode()))[0].errors == 1


def test_a_lab_that_does_not_compile_fails_in_the_copys_terms_and_the_others_are_tried(
    kmaplab: Kmaplab, broken_lab: BreakLab
) -> None:
    lab = broken_lab("lab_pages").replace(
        "	int err = lab_refuse_mmap", "	int err == lab_refuse_mmap"
    )
    shutil.copytree(LABS / "01_kmalloc", lab.directory / "01_kmalloc")
    arguments = ("run", "--labs", lab.directory, "--lab", "kmalloc,pages,vmalloc")
    data = json.loads(kmaplab(*arguments, "--format", "json").expect(1).out)
    verdicts = {result["lab"]: result["verdict"] for result in data["labs"]}
    assert verdicts == {"lab_kmalloc": "passed", "lab_pages": "failed", "lab_vmalloc": "failed"}
    said = {result["lab"]: str(result) for result in data["labs"]}
    assert f"does not compile: {lab.source}:" in said["lab_pages"]
    assert f"lab_vmalloc is not taken: {lab.directory}/03_vmalloc" in said["lab_vmalloc"]


def test_an_unreachable_mirror_ends_with_2_and_says_what_to_do(tmp_path: Path) -> None:
    """In a tree that has fetched nothing yet."""
    tree = tmp_path / "tree"
    for part in ("harness", "labs", "userspace"):
        shutil.copytree(ROOT / part, tree / part)
    mirror = {"KMAPLAB_MIRROR": "http://127.0.0.1:9/debian"}
    outcome = call(tree / "harness/kmaplab", "run", environment=mirror).expect(2)
    assert "127.0.0.1:9" in outcome.err and "KMAPLAB_MIRROR" in outcome.err
