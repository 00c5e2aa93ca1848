"""Reading /sys/kernel/debug/kmemleak: memory that nothing points to any more."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Leak:
    """An object that kmemleak found, and the thread that had allocated it."""

    pid: int
    lines: tuple[str, ...]

    @property
    def kunits_own(self) -> bool:
        """Whether KUnit leaked it: the address space of each of its cases.

        kunit_attach_mm() lets a thread end without kthread_unuse_mm(), so the
        reference to the mm_struct is never dropped.
        """
        text = "\n".join(self.lines)
        return bool(re.search(r"\bmm_alloc\+.*\n.*\b(kunit_attach_mm|kunit_vm_mmap_init)\+", text))


def read(lines: list[str]) -> list[Leak]:
    """Return the objects that the file lists."""
    objects: list[list[str]] = []
    for line in lines:
        if line.startswith("unreferenced object"):
            objects.append([])
        if objects:
            objects[-1].append(line)
    return [Leak(_pid(lines), tuple(lines)) for lines in objects]


def _pid(lines: list[str]) -> int:
    match = re.search(r"\bpid (\d+)", "\n".join(lines))
    return int(match[1]) if match else 0
