"""docs/from-the-articles.md: each answer names checks, and each of these checks is there."""

import re

import pytest

from harness.base.paths import KUNIT, ROOT, USERSPACE
from harness.catalogue import contract

PAGE = ROOT / "docs/from-the-articles.md"

# What the articles' programs define or call: a row is found by any of these names.
_FUNCTIONS = """
    simple_remap_mmap simple_vma_open simple_vma_close alloc_pages get_order page_address
    page_to_pfn memset32 remap_pfn_range pr_err pr_debug
    mem_module_init mem_module_exit get_free_page kmalloc vmalloc free_page kfree vfree printk
    virt_to_phys phys_to_virt __pa __va ioremap iounmap readb readw readl writeb writew writel
    memset_io memcpy_fromio memcpy_toio get_rtc_time spin_lock_irq BCD_TO_BIN BRTC __REG __PREG
    io_p2v io_v2p mem_map_reserve init_module register_chrdev remap_page_range MODULE_PARM
    inb ioperm iopl
    __ioremap ioread8 ioread16 ioread32 iowrite8 iowrite16 iowrite32 ioread8_rep ioport_map
    pci_iomap
""".split()

# Where a check of each kind begins: a program's, a suite's case, a test of the project.
_BEGINS = (
    (USERSPACE, "*.c", r"^START_TEST\((\w+)\)"),
    (KUNIT, "*.[ch]", r"^\tCASE\((\w+)\)"),
    (ROOT / "harness/tests", "test_*.py", r"^def (test_\w+)\("),
)


def checks_that_there_are() -> set[str]:
    return {
        *contract.OBSERVED,
        *(
            name
            for folder, files, begin in _BEGINS
            for path in folder.rglob(files)
            for name in re.findall(begin, path.read_text(), re.MULTILINE)
        ),
    }


def answers() -> list[tuple[str, list[str]]]:
    """Return the rows of all tables: what an article says, and the checks of its answer."""
    rows = [
        re.split(r"(?<!\\)\|", line)[1:-1]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| ")
    ]
    return [
        (said.strip(), re.findall(r"`(\w+)`", checks))
        for said, _, checks in rows
        if said.strip() not in ("in the article", "---")
    ]


def test_each_answer_names_checks_and_each_of_them_is_there() -> None:
    known = checks_that_there_are()
    assert len(answers()) > 50 and len(known) > 300
    for said, checks in answers():
        assert checks, f"{said}: nothing shows the answer"
        assert not set(checks) - known, f"{said}: there is no {set(checks) - known}"


@pytest.mark.parametrize("name", _FUNCTIONS)
def test_each_function_of_the_articles_is_on_the_page(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE.read_text())


def test_no_article_says_a_thing_twice() -> None:
    said = [said for said, _ in answers()]
    assert len(said) == len(set(said))


@pytest.mark.parametrize("name", ["a_check_that_nobody_wrote", "test_that_nobody_wrote"])
def test_a_check_that_is_not_there_is_not_found(name: str) -> None:
    assert name not in checks_that_there_are()
