"""From all that failed to the cause, and to the function of the lab that it is in."""

from pathlib import Path

import pytest

from harness.base.paths import LABS
from harness.catalogue import contract, functions
from harness.catalogue.functions import Part
from harness.catalogue.labs import Lab, all_labs
from harness.results import diagnosis

CLAUSES = contract.read()
FRAMES = "page_tables_name_the_reported_frames"


def silent(*checks: str) -> dict[str, list[str]]:
    """Return checks that failed and said nothing."""
    return {check: [] for check in checks}


def failing(patch: str) -> dict[str, list[str]]:
    """Return the checks that fail for a patch of a lesson, as its header says."""
    header = (LABS / patch).read_text().partition("\n\n")[0]
    [fails] = [line for line in header.replace("\n ", " ").splitlines() if line[:6] == "Fails:"]
    return silent(*fails.removeprefix("Fails: ").replace(",", "").split())


@pytest.mark.parametrize(
    ("patch", "check", "clause", "part"),
    [
        ("01_kmalloc/mistakes/offset-ignored", "offset_k_shows_page_k", "1.6", Part.MAP),
        (
            "01_kmalloc/mistakes/not-cleared",
            "fresh_contents_are_as_documented",
            "2.1",
            Part.GET,
        ),
        ("02_pages/mistakes/offset-as-frame-number", FRAMES, "1.8", Part.MAP),
        (
            "02_pages/changes/page-offset-without-kaslr",
            "kernel_addresses_hold_the_contents",
            "1.8",
            Part.TRANSLATE,
        ),
        ("05_remap/mistakes/allocates-in-mmap", FRAMES, "1.8", Part.MAP),
        ("05_remap/mistakes/first-not-counted", "", "4.8", Part.COUNT),
    ],
)
def test_the_cause_is_told_and_not_the_first_failure(
    patch: str, check: str, clause: str, part: Part
) -> None:
    found = diagnosis.diagnose(failing(f"{patch}.patch"), CLAUSES)
    assert found and found.clause and found.clause.number == clause
    assert found.check == check or not check
    assert found.part is part


def test_a_lab_that_tells_other_frames_than_it_maps_is_told_from_one_that_maps_others() -> None:
    both = [FRAMES, "kernel_addresses_hold_the_contents"]
    found = diagnosis.diagnose(silent(*both), CLAUSES)
    assert found and found.part is Part.TRANSLATE
    found = diagnosis.diagnose(silent(*both, "kernel_fills_user_reads_every_word"), CLAUSES)
    assert found and found.part is Part.MAP


def test_where_the_kernel_has_named_a_function_of_the_lab_it_is_that_one() -> None:
    log = [
        "WARNING: CPU: 0 PID: 1 at lab_x.c:1",
        " ? printk+0x1/0x2",
        " lab_x_init+0x4/0x9 [lab_x]",
    ]
    found = diagnosis.diagnose(silent(contract.REPORTS), CLAUSES, log)
    assert found and found.function == "lab_x_init"


@pytest.mark.parametrize(
    ("said", "part"),
    [
        ("pread: predicted 12, found EFAULT", Part.READ),
        ("write: predicted 1, found 0", Part.WRITE),
        ("lseek: predicted EINVAL, found 4096", Part.SEEK),
        ("ioctl(LAB_IOC_USER_PAGE): predicted 0, found EINVAL", Part.REQUEST),
        ("LAB_IOC_CHECK: a difference at 0x8, not at 0x4", Part.REQUEST),
        ("mremap: predicted EFAULT, found 0x1000", Part.MAP),
        ("at 0x1000: expected 0x1, found 0x2", Part.MAP),
        ("3 mappings are counted, and there are 2", Part.COUNT),
    ],
)
def test_the_random_call_that_went_wrong_says_which_function_answers_it(
    said: str, part: Part
) -> None:
    failed = {
        "random_calls_agree_with_the_model": [f"seed 0x1f, call 77: {said}", "the last calls"]
    }
    found = diagnosis.diagnose(failed, CLAUSES)
    assert found and found.clause and found.clause.number == "8.1"
    assert found.part is part


def test_nothing_is_wrong_where_nothing_failed() -> None:
    assert diagnosis.diagnose({}, CLAUSES) is None


@pytest.mark.parametrize("lab", all_labs(), ids=[lab.name for lab in all_labs()])
def test_each_lab_has_a_function_for_each_part(lab: Lab) -> None:
    of_memory = {Part.TRANSLATE, Part.MAP, Part.COUNT} if lab.mapping == "none" else set()
    # That of lab_uio is mapped by the kernel's own UIO.
    of_memory |= set() if lab.has_mmap else {Part.MAP}
    assert {part for part in Part if not functions.find(LABS, lab, part)} == of_memory


def test_a_function_is_found_by_what_the_kernel_is_told_whatever_its_name(tmp_path: Path) -> None:
    lab = all_labs()[0]
    folder = tmp_path / lab.directory.name
    folder.mkdir()
    (folder / "mine.c").write_text(
        "/* mine */\n"
        "static int do_it(struct file *file,\n\t\t struct vm_area_struct *vma)\n{\n}\n"
        "static const struct file_operations ops = {\n\t.mmap = do_it,\n};\n"
    )
    found = functions.find(tmp_path, lab, Part.MAP)
    assert found and (found.function, found.path, found.line) == ("do_it", folder / "mine.c", 2)
    assert functions.find(tmp_path, lab, Part.TRANSLATE) is None


@pytest.mark.parametrize(
    ("check", "part"),
    [
        ("mmap_fails_cleanly", Part.MAP),
        ("open_fails_cleanly", Part.FILE),
        ("requests_survive_every_failed_copy", Part.REQUEST),
        ("signal_ends_a_write_after_one_page", Part.WRITE),
    ],
)
def test_what_fails_half_done_is_looked_for_in_the_call_that_failed(check: str, part: Part) -> None:
    found = diagnosis.diagnose(silent(check), CLAUSES)
    assert found and found.clause and found.clause.number == "7.2" and found.part is part
