"""i386: 32-bit x86, Debian's own kernel in QEMU, built for with a cross compiler."""

from harness.kernels import page_tables
from harness.kernels.architecture import (
    PC_CLOCK,
    RESERVED_MIB,
    Architecture,
    Qemu,
    Toolchain,
)

_RESERVED = 0x18000000

ARCHITECTURE = Architecture(
    name="i386",
    summary="Debian's 32-bit kernel in QEMU",
    debian="i386",
    source="x86",
    # Page tables of two levels, whose entries have 32 bits; with PAE it would be "686-pae".
    package="686",
    series=("6.1",),
    console="ttyS0",
    results="ttyS1",
    elsewhere="this project has no cross compiler for it",
    toolchain=Toolchain(
        compiler="/usr/bin/i686-linux-gnu-gcc-12",
        make=("ARCH=i386", "CROSS_COMPILE=i686-linux-gnu-"),
        packages=("busybox-static", "check", "libsubunit-dev"),
        prefix="i686-linux-gnu-",
    ),
    racing_arguments=("preempt=full",),
    qemu=Qemu(
        program="qemu-system-i386",
        # A 32-bit processor with page attributes: of Intel's old ones the kernel does not
        # use them, for an erratum.
        processor="athlon",
        results=("-serial", "chardev:results"),
        reserved=_RESERVED,
        tables=page_tables.X86_32,
        # The kernel's first page tables map all RAM up to its own end, and stay. At a random
        # place (KASLR) that may lie behind the reserved RAM.
        arguments=(f"memmap={RESERVED_MIB}M${_RESERVED:#x}", "nokaslr"),
        clock=PC_CLOCK,
    ),
)
