"""arm64: Debian's own kernel in QEMU's virt machine, built for with a cross compiler."""

from harness.kernels import page_tables
from harness.kernels.architecture import Architecture, Qemu, Toolchain

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
        # Devices reach RAM through page tables of their own.
        options=("-machine", "virt,iommu=smmuv3"),
        processor="cortex-a57",
        results=("-device", "pci-serial,chardev=results"),
        # RAM begins at 1 GiB.
        reserved=0x58000000,
        tables=page_tables.ARM64,
        # While a user's program runs, the kernel's page tables are in use as well, and
        # the witness can read them; else the kernel hides all but a few of its pages.
        arguments=("kpti=0",),
        has_device_tree=True,
        # The one register of its PL031.
        clock="xp /1wx 0x09010000",
    ),
)
