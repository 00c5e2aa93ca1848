"""What lab-walk and lab-frames print, of tables in a made-up machine's RAM."""

from harness.guest.walks import PageRow, describe_frames, describe_walk
from harness.kernels.page_tables import X86, X86_32
from harness.tests.test_page_tables import USER, MadeUpRam

_REGISTERS = {"cr3": 0x100000, "cs": 0x10}


def test_a_walk_names_each_level_and_where_it_leads() -> None:
    ram = MadeUpRam(X86, _REGISTERS)
    ram.map(USER, 1 << 63 | 0x159CB000 | 0x267, 0x27)
    lines = describe_walk(ram.walker, USER + 0x10).splitlines()
    assert [line.split()[0] for line in lines[1:5]] == ["PGD", "PUD", "PMD", "PTE"]
    assert lines[0] == f"{USER + 0x10:#x}"
    assert lines[4].endswith("present writable user accessed dirty special no-execute")
    where = "  frame 0x159cb, physical 0x159cb010, 4 KiB: user, writable, write-back"
    assert lines[5] == where


def test_a_walk_that_leads_nowhere_says_where_it_ends() -> None:
    ram = MadeUpRam(X86, _REGISTERS)
    ram.map(USER, 0, 0x27)
    lines = describe_walk(ram.walker, USER).splitlines()
    assert lines[4].endswith("0x0000000000000000  not present")
    assert lines[5] == "  nothing is mapped there"
    assert len(lines) == 6


def test_a_walk_of_32_bit_x86_has_two_levels() -> None:
    ram = MadeUpRam(X86_32, _REGISTERS)
    ram.map(0xC1C00000, 0x01C00000 | 1 << 7 | 0x3, 0x27, last=2)
    lines = describe_walk(ram.walker, 0xC1EEC000).splitlines()
    assert lines[1] == "  PGD  index 775  0x01c00083  present writable large"
    assert lines[2].startswith("  frame 0x1eec, physical 0x1eec000, 4 MiB: kernel only")


def test_frames_of_both_sides_are_compared() -> None:
    rows = [
        PageRow(0, 0xFFFF000000000000, 0x10, 0x7000, 0x10),
        PageRow(1, 0xFFFF000000001000, 0x11, 0x8000, 0x99),
        PageRow(2, 0xFFFF000000002000, 0x12, 0x9000, None),
        PageRow(3, 0xFFFF000000003000, None, None, None),
    ]
    endings = [line.split()[-2:] for line in describe_frames(rows).splitlines()[1:]]
    assert endings == [["the", "same"], ["ANOTHER", "FRAME"], ["mapped", "yet"], ["VMA", "-"]]
