"""Warnings of a build that succeeds."""

from pathlib import Path

from harness.build import compiler_warnings

COPY, LABS = Path("/tree/build/modules/labs-1/6.1/src"), Path("/home/me/mine")
LOG = f"""\
warning: the compiler differs from the one used to build the kernel
  CC [M]  {COPY}/labs/02_pages/lab_pages.o
{COPY}/labs/02_pages/lab_pages.c: In function 'lab_pages_mmap':
{COPY}/labs/02_pages/lab_pages.c:88:13: warning: unused variable 'x' [-Wunused-variable]
{COPY}/labs/02_pages/lab_pages.c:88:13: warning: unused variable 'x' [-Wunused-variable]
WARNING: modpost: {COPY}/labs/02_pages/lab_pages.o: section mismatch in reference: a -> b
"""


def test_a_warning_is_told_once_with_the_path_of_the_copy() -> None:
    assert compiler_warnings.read(LOG, COPY, LABS) == [
        "/home/me/mine/02_pages/lab_pages.c:88:13: warning: unused variable 'x' "
        "[-Wunused-variable]",
        "WARNING: modpost: /home/me/mine/02_pages/lab_pages.o: section mismatch in reference: "
        "a -> b",
    ]


def test_a_build_without_warnings_tells_nothing() -> None:
    assert not compiler_warnings.read("  CC [M] x.o\n", COPY, LABS)
