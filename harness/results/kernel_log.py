"""What the kernel says when something is wrong."""

import re

# What KASAN, UBSAN, lockdep, the page allocator and others begin a report with. Not
# all of them taint the kernel.
REPORT = re.compile(
    r"BUG[: ]|WARNING: |UBSAN: |INFO: (possible|suspicious|trying|task)|"
    r"possible recursive locking|page allocation failure|Kernel panic|general protection fault"
)
