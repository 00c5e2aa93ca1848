"""The PCI devices that QEMU's machines have for the labs that drive one.

    edu         a device made for learning: registers that answer, an interrupt
                (docs/specs/edu.txt of QEMU)
    ivshmem     memory behind a BAR; here it is a file of this machine, so that what a guest
                leaves there can be read from outside (docs/specs/ivshmem-spec.txt)
    testdev     the same answers behind a memory BAR and behind an I/O BAR
                (docs/specs/pci-testdev.txt)
    scsi        the controller 53C895A, for the memory behind its BAR 2: QEMU has a function for
                each access there, so each can be seen from outside

A lab names those that it drives in its lab.toml.
"""

from pathlib import Path

# The device with memory of this machine.
SHARED = "ivshmem"

# What it has behind its BAR 2: more than any check asks a lab for.
SHARED_MIB = 16

# That file, in the directory that QEMU is started in.
SHARED_FILE = "shared-memory"

_OPTIONS = {
    # By itself it leaves all but 28 bits of an address out. Here the driver says how many it
    # has: so it can have more, as most devices do.
    "edu": ("-device", "edu,dma_mask=0xffffffff"),
    SHARED: (
        "-object",
        f"memory-backend-file,id=shared,share=on,size={SHARED_MIB}M,mem-path={{file}}",
        *("-device", "ivshmem-plain,memdev=shared"),
    ),
    "testdev": ("-device", "pci-testdev"),
    "scsi": ("-device", "lsi53c895a"),
}

DEVICES = tuple(_OPTIONS)


def options(directory: Path) -> list[str]:
    """Return QEMU's options for all of them; what they need of files is made in ``directory``.

    A machine that goes on from a snapshot may have them although there were none when that
    was taken: its kernel finds them when it looks at the bus again.
    """
    file = str(directory / SHARED_FILE).replace(",", ",,")
    return [word.format(file=file) for words in _OPTIONS.values() for word in words]
