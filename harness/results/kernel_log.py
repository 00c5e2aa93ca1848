"""What the kernel says when something is wrong."""

import re

# A line that ends the kernel, or might as well.
CRASH = re.compile(
    r"BUG[: ]|Oops: |Kernel panic|general protection fault|watchdog: BUG|hard LOCKUP"
)

# What KASAN, UBSAN, lockdep, the page allocator and others begin a report with. Not
# all of them taint the kernel.
REPORT = re.compile(
    CRASH.pattern + r"|WARNING: |UBSAN: |INFO: (possible|suspicious|trying|task)|"
    r"possible recursive locking|page allocation failure"
)


def reports(lines: list[str]) -> list[str]:
    """Return the lines that a report begins with."""
    return [line for line in lines if REPORT.search(line)]
