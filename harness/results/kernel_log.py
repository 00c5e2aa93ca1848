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


_PANIC = b"Kernel panic"

# The last thing that a kernel says before it is off.
_OFF = re.compile(rb"reboot: .*(System halted|Power down)")

# What a kernel goes on saying of itself while nothing else happens in it.
_STALL = re.compile(rb"soft lockup|detected stalls?|self-detected stall|blocked for more than")


def has_panic(console: bytes) -> bool:
    """Say whether a kernel ended by a panic, from what it said on its console."""
    return _PANIC in console


def has_crash(console: bytes) -> bool:
    """Say whether a kernel has said on its console that it is broken, or about to end."""
    return re.search(CRASH.pattern.encode(), console) is not None


def has_gone_off(console: bytes) -> bool:
    """Say whether a kernel has switched the machine off."""
    return _OFF.search(console) is not None


def has_stall(console: bytes) -> bool:
    """Say whether a kernel has noticed that it does not get on."""
    return _STALL.search(console) is not None


def reports(lines: list[str]) -> list[str]:
    """Return the lines that a report begins with."""
    return [line for line in lines if REPORT.search(line)]
