"""Page tables in words: what the commands lab-walk and lab-frames of gdb print."""

from collections.abc import Iterable
from dataclasses import dataclass

from harness.kernels.page_tables import PAGE_SIZE, PageTables, Translation

_SIZES = {PAGE_SIZE: "4 KiB", 1 << 21: "2 MiB", 1 << 22: "4 MiB", 1 << 30: "1 GiB"}


@dataclass(frozen=True)
class PageRow:
    """One page of a lab: the kernel's address and the program's, and the frame behind each.

    What is not mapped has no frame, and what is not in the VMA no address.
    """

    page: int
    kernel: int
    kernel_frame: int | None
    user: int | None
    user_frame: int | None


def describe_walk(tables: PageTables, address: int) -> str:
    """Return a line for each level, and where the address leads."""
    lines = [f"{address:#x}"]
    for step in tables.walk(address):
        names = " ".join(tables.format.bits(step)) or "not present"
        level = tables.format.level_name(step.level)
        entry = f"{step.entry:#0{2 + 2 * tables.format.entry_size}x}"
        lines.append(f"  {level}  index {step.index:3}  {entry}  {names}")
    found = tables.translate(address)
    lines.append(f"  {_where(found)}" if found else "  nothing is mapped there")
    return "\n".join(lines)


def _where(found: Translation) -> str:
    rights = "user" if found.by_user else "kernel only"
    rights += ", writable" if found.writable else ", read-only"
    size = _SIZES.get(found.size, f"{found.size} bytes")
    return (
        f"frame {found.physical // PAGE_SIZE:#x}, physical {found.physical:#x}, {size}: "
        f"{rights}, {found.memory_type}"
    )


def describe_frames(rows: Iterable[PageRow]) -> str:
    """Return a table with a line for each page, and whether both sides reach the same frame."""
    lines = [f"{'page':>4}  {'kernel address':18}  {'frame':>9}  {'user address':18}  {'frame':>9}"]
    for row in rows:
        user = "not in the VMA" if row.user is None else f"{row.user:#x}"
        lines.append(
            f"{row.page:4}  {row.kernel:<#18x}  {_number(row.kernel_frame):>9}  "
            f"{user:18}  {_number(row.user_frame):>9}  {_verdict(row)}".rstrip()
        )
    return "\n".join(lines)


def _number(frame: int | None) -> str:
    return "-" if frame is None else f"{frame:#x}"


def _verdict(row: PageRow) -> str:
    if row.user is None:
        return ""
    if row.user_frame is None:
        return "not mapped yet"
    return "the same" if row.user_frame == row.kernel_frame else "ANOTHER FRAME"
