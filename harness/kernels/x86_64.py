"""x86_64: Debian's own kernel in QEMU."""

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
    name="x86_64",
    summary="Debian's kernel in QEMU",
    debian="amd64",
    source="x86",
    package="cloud-amd64",
    console="ttyS0",
    results="ttyS1",
    elsewhere="this project has no cross compiler for it",
    toolchain=Toolchain(compiler="/usr/bin/gcc-12"),
    racing_arguments=("preempt=full",),
    qemu=Qemu(
        program="qemu-system-x86_64",
        # QEMU 7.2 loses the flags register when an interrupt follows an emulated
        # cmpxchg16b, and the slab allocator of 6.12 then crashes in one boot of three.
        # Without the feature the kernel does without the instruction.
        processor="qemu64,-cx16",
        # An eighth of the RAM lies above 4 GiB, and the kernel takes that first: so the labs'
        # physical addresses need more than 32 bits.
        options=("-machine", "pc,max-ram-below-4g=448M"),
        results=("-serial", "chardev:results"),
        reserved=_RESERVED,
        tables=page_tables.X86,
        # No shell sees this text, so the dollar needs no care here. With KVM the processor
        # may be any: the witness reads page tables of four levels, and while a user's
        # program runs it needs the kernel's pages there, too.
        # For devices that do not reach RAM above 4 GiB the kernel would keep 64 MiB below; 512
        # slots of 2 KiB are enough for lab_dma.
        arguments=(
            f"memmap={RESERVED_MIB}M${_RESERVED:#x}",
            *("no5lvl", "nopti", "swiotlb=512"),
        ),
        has_kvm=True,
        clock=PC_CLOCK,
    ),
)
