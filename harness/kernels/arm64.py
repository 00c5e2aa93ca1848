"""arm64: Debian's own kernel in QEMU's virt machine, built for with a cross compiler."""

from harness.kernels import page_tables
from harness.kernels.architecture import Architecture, Qemu, Toolchain

_DMA_BITS = 32

ARCHITECTURE = Architecture(
    name="arm64",
    summary="Debian's kernel in QEMU",
    debian="arm64",
    source="arm64",
    package="cloud-arm64",
    console="ttyAMA0",
    # The machine has one port of its own.
    results="ttyS0",
    hosts=("amd64", "arm64"),
    elsewhere="Debian has its compiler for machines of amd64 and of arm64",
    toolchain=Toolchain(
        compiler="/usr/bin/aarch64-linux-gnu-gcc-12",
        make=("ARCH=arm64", "CROSS_COMPILE=aarch64-linux-gnu-"),
        packages=("busybox-static", "check", "libsubunit-dev"),
        prefix="aarch64-linux-gnu-",
    ),
    qemu=Qemu(
        program="qemu-system-aarch64",
        options=("-machine", "virt"),
        processor="cortex-a57",
        results=("-device", "pci-serial,chardev=results"),
        # RAM begins at 1 GiB, which needs more bits than the device with DMA usually has.
        reserved=0x58000000,
        dma_bits=_DMA_BITS,
        tables=page_tables.ARM64,
        # While a user's program runs, the kernel's page tables are in use as well, and
        # the witness can read them; else the kernel hides all but a few of its pages.
        # Its driver has to be told what the device has.
        arguments=("kpti=0", f"lab_dma.bits={_DMA_BITS}"),
        has_device_tree=True,
        # The one register of its PL031.
        clock="xp /1wx 0x09010000",
    ),
)
