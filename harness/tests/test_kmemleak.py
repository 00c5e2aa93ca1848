"""Reading what kmemleak lists."""

from harness.results import kmemleak
from harness.results.kmemleak import Leak

LEAK = """\
unreferenced object 0x655a2100 (size 1232):
  comm "kunit_try_catch", pid 42, jiffies 4294937297
  backtrace (crc 55989b14):
    kmem_cache_alloc_noprof+0x1cb/0x1ff
    {}+0x70/0xdd
    {}+0xc8/0x262
unreferenced object 0x655a2680 (size 16):
  comm "modprobe", pid 7, jiffies 4294937298 (age 7.1s)
""".splitlines()


def leaks(inner: str, outer: str) -> list[Leak]:
    return kmemleak.read("\n".join(LEAK).format(inner, outer).splitlines())


def test_leaked_objects_are_told_apart_by_their_thread() -> None:
    found = leaks("lab_x_get", "lab_x_init")
    assert [leak.pid for leak in found] == [42, 7]
    assert [len(leak.lines) for leak in found] == [6, 2]
    assert not any(leak.kunits_own for leak in found)


def test_an_address_space_that_kunit_leaked_is_kunits() -> None:
    assert leaks("mm_alloc", "kunit_attach_mm")[0].kunits_own
    assert leaks("mm_alloc", "kunit_vm_mmap_init")[0].kunits_own
    assert not leaks("vm_area_alloc", "kunit_vm_mmap_init")[0].kunits_own
    assert not leaks("mm_alloc", "lab_x_mmap")[0].kunits_own
