"""What a device has seen beside what a lab was asked for: every difference must be named."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest

from harness.results import accesses
from harness.results.accesses import Access, How, Seen

BASE = 0x1C100000


def answered(wanted: list[Access]) -> tuple[list[Access], list[Seen]]:
    """Return what a right lab answers, and what its device sees."""
    memory = bytearray(256)
    answers, seen = [], []

    def touch(is_write: bool, offset: int, data: bytes) -> bytes:
        if is_write:
            memory[offset : offset + len(data)] = data
        found = bytes(memory[offset : offset + len(data)])
        for start in range(0, len(found), 4):
            seen.append(Seen(is_write, offset + start, found[start : start + 4]))
        return found

    for one in wanted:
        order: Literal["big", "little"]
        order = "big" if one.how in (How.READ_BE, How.WRITE_BE) else "little"
        answer, width, at = one, one.width, one.offset
        if one.how in (How.READ, How.READ_BE):
            found = touch(False, at, bytes(width))
            answer = replace(one, value=int.from_bytes(found, order))
        elif one.how in (How.WRITE, How.WRITE_BE):
            number = one.value % (1 << 8 * width)
            touch(True, at, number.to_bytes(width, order))
        elif one.how in (How.DRAIN, How.FEED):
            parts = [one.data[n * width : (n + 1) * width] for n in range(one.count)]
            found = b"".join(touch(one.how == How.FEED, at, part) for part in parts)
            answer = replace(one, data=found + one.data[len(found) :])
        elif one.how == How.SET:
            touch(True, at, bytes([one.value & 0xFF]) * one.count)
        elif one.how == How.COPY_TO:
            touch(True, at, one.data[: one.count])
        elif one.how == How.COPY_FROM:
            found = touch(False, at, bytes(one.count))
            answer = replace(one, data=found + one.data[one.count :])
        else:
            for number in range(one.count):
                touch(True, at + 4 * number, one.data[4 * number : 4 * number + 4])
            last = touch(False, at + 4 * (one.count - 1), bytes(4))
            answer = replace(one, value=int.from_bytes(last, "little"))
        answers.append(answer)
    return answers, seen


@pytest.mark.parametrize("seed", range(20))
def test_a_right_lab_differs_nowhere(seed: int) -> None:
    wanted = accesses.plan(random.Random(seed))
    answers, seen = answered(wanted)
    assert accesses.differences(wanted, answers, seen) == []
    assert len(wanted) <= 128
    assert {one.how for one in wanted} == set(How)
    assert all(one.offset % one.width == 0 and one.offset < 256 for one in wanted)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "spoil",
    [
        lambda seen, place: seen[:place] + seen[place + 1 :],
        lambda seen, place: seen + seen[-1:],
        lambda seen, place: seen[:place]
        + [replace(seen[place], is_write=not seen[place].is_write)]
        + seen[place + 1 :],
        lambda seen, place: seen[:place]
        + [replace(seen[place], offset=seen[place].offset + 256)]
        + seen[place + 1 :],
        lambda seen, place: seen[:place]
        + [replace(seen[place], data=bytes(byte ^ 1 for byte in seen[place].data))]
        + seen[place + 1 :],
    ],
    ids=["left out", "one more", "other way", "elsewhere", "another value"],
)
def test_what_the_device_did_not_see_so_is_named(
    seed: int, spoil: Callable[[list[Seen], int], list[Seen]]
) -> None:
    draw = random.Random(seed)
    wanted = accesses.plan(draw)
    answers, seen = answered(wanted)
    (said,) = accesses.differences(wanted, answers, spoil(seen, draw.randrange(len(seen))))
    assert "the device" in said


@pytest.mark.parametrize("how", [How.READ, How.READ_BE, How.SUBMIT])
def test_an_answer_that_the_device_did_not_give_is_named(how: How) -> None:
    wanted = [Access(how, 8, 4, 1, data=bytes(range(64)))]
    answers, seen = answered(wanted)
    for value in (answers[0].value ^ 0x100, answers[0].value + (1 << 32)):
        assert accesses.differences(wanted, [replace(answers[0], value=value)], seen)


def test_a_trace_is_read_from_the_lines_of_one_device() -> None:
    text = (
        "memory_region_ops_write cpu 0 mr 0x5581 addr 0x1c100010 value 0x11223344 size 4"
        " name 'lsi-ram'\n"
        "memory_region_ops_read cpu 0 mr 0x5582 addr 0xfee000b0 value 0x0 size 4 name 'apic-msi'\n"
        "7@1.5:memory_region_ops_read cpu 1 mr 0x5581 addr 0x1c100012 value 0x22 size 1"
        " name 'lsi-ram'\n"
    )
    assert accesses.read_trace(text, BASE) == [
        Seen(True, 0x10, b"\x44\x33\x22\x11"),
        Seen(False, 0x12, b"\x22"),
    ]


def test_an_access_is_packed_as_the_header_has_it() -> None:
    one = Access(How.FEED, 0x40, 2, 3, 0x1122334455667788, bytes(range(64)))
    assert len(one.pack()) == 88 and Access.unpack(one.pack()) == [one]
    assert one.pack()[16:24] == b"\x88\x77\x66\x55\x44\x33\x22\x11"
