"""The device tree of an emulated machine, with RAM in it that the kernel leaves alone.

QEMU describes its machine to the kernel in a device tree of its own making. Here it is
asked for that tree, a node below /reserved-memory is added with Debian's fdtput, and
QEMU is given the result (Documentation/devicetree/bindings/reserved-memory/).

    build/device-tree/<digest>.dtb      a machine's tree with the node in it
"""

import os
import shutil
import threading
from pathlib import Path

from harness.base import digest, tools
from harness.base.paths import BUILD
from harness.kernels.architecture import RESERVED_MIB, Qemu

_PARENT = "/reserved-memory"

# The name of a guest's own.
FILE = "machine.dtb"


def option(qemu: Qemu, hardware: list[str], directory: Path) -> list[str]:
    """Return the option that gives QEMU a device tree, made in ``directory``.

    ``hardware`` is the command line that says what machine it is. For a machine without
    a device tree there is no option. Raises SetupError if a tool is missing.
    """
    if not qemu.has_device_tree:
        return []
    tree = directory / FILE
    shutil.copyfile(_with_node(qemu, hardware), tree)
    # Where the kernel lies in its address space follows from it: as with QEMU's own
    # tree, it is another place at each boot.
    seed = int.from_bytes(os.urandom(8), "little")
    _put(tree, "/chosen", "x", "kaslr-seed", _words(seed))
    return ["-dtb", str(tree)]


def _with_node(qemu: Qemu, hardware: list[str]) -> Path:
    """Return the machine's own tree with the node in it, made once."""
    program = digest.of_tool(shutil.which(qemu.program) or qemu.program)
    node = f"{qemu.reserved:x} {RESERVED_MIB}"
    name = digest.of([program, *hardware, node, Path(__file__)])[:16]
    tree = BUILD / "device-tree" / f"{name}.dtb"
    if not tree.exists():
        tree.parent.mkdir(parents=True, exist_ok=True)
        # Guests start side by side, each in a thread: none may rename another's file.
        new = tree.with_suffix(f".{threading.get_native_id()}")
        dump = [*hardware, "-machine", f"dumpdtb={new}"]
        tools.run([*dump], tree.with_suffix(".log"), "asking QEMU for its device tree")
        _add_node(qemu, new)
        new.rename(tree)
    return tree


def _add_node(qemu: Qemu, tree: Path) -> None:
    node = f"{_PARENT}/kmaplab@{qemu.reserved:x}"
    tools.run(["fdtput", "-p", "-c", tree, node], tree.with_suffix(".log"), "fdtput")
    # As the root has it: an address is two words, and so is a size.
    _put(tree, _PARENT, "x", "#address-cells", ["2"])
    _put(tree, _PARENT, "x", "#size-cells", ["2"])
    _put(tree, _PARENT, "x", "ranges", [])
    _put(tree, node, "s", "compatible", ["kmaplab,reserved"])
    _put(tree, node, "x", "reg", [*_words(qemu.reserved), *_words(RESERVED_MIB << 20)])
    _put(tree, node, "x", "no-map", [])


def _put(tree: Path, node: str, kind: str, name: str, values: list[str]) -> None:
    command: list[str | Path] = ["fdtput", "-t", kind, tree, node, name, *values]
    tools.run(command, tree.with_suffix(".log"), "fdtput")


def _words(number: int) -> list[str]:
    """Return a number as two words of 32 bits, in hexadecimal."""
    return [f"{number >> 32:x}", f"{number & 0xFFFFFFFF:x}"]
